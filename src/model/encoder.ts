/**
 * What BERT and its relatives share (Devlin et al. 2019): embeddings with a norm of their own, layers normalised after each sum,
 *   a = norm₁(x + o(attention(q, k, v)(x))),  y = norm₂(a + mlp(a)),
 * every position seeing every other of its text, scores divided by √(head size). Padding is gone before the first layer.
 */
import { complaint, DataError } from "../errors.ts";
import type { DeviceTensor } from "../numerics/backend.ts";
import { type Config, positiveInteger } from "./config.ts";
import * as attention from "./layers/attention.ts";
import * as layerNorm from "./layers/layerNorm.ts";
import * as linear from "./layers/linear.ts";
import * as mlp from "./layers/mlp.ts";
import { addTangents, type BackwardPass, type Stage, type TangentPass, type Weight } from "./network.ts";
import type { ParameterGroup } from "./types.ts";
import type { TensorEntry } from "./weights.ts";

/** Activations of encoders, by their names in config.json. */
export const ENCODER_ACTIVATIONS = ["gelu", "gelu_new", "relu", "silu"] as const;

/** Width of the hidden states, checked against the number of heads. Throws DataError. */
export function readWidth(config: Config, widthKey: string, headsKey: string) {
  const hiddenSize = positiveInteger(config, widthKey);
  const heads = positiveInteger(config, headsKey);
  if (hiddenSize % heads === 0) return { hiddenSize, heads };
  throw new DataError(
    complaint(`config.json, ${widthKey}`, `a multiple of ${headsKey} ${heads}`, `${hiddenSize}`),
  );
}

/** Weight (out × in) and bias of a linear layer. */
export function denseEntries(name: string, out: number, width: number, group: ParameterGroup): TensorEntry[] {
  return [
    { name: `${name}.weight`, shape: [out, width], group },
    { name: `${name}.bias`, shape: [out], group },
  ];
}

export function normEntries(name: string, width: number): TensorEntry[] {
  return ["weight", "bias"].map((part) => ({ name: `${name}.${part}`, shape: [width], group: "norm" }));
}

/** LayerNorm's scale and shift as old TensorFlow checkpoints call them. */
export const renameOldNorms = (name: string): string =>
  name.replace(/LayerNorm\.gamma$/, "LayerNorm.weight").replace(/LayerNorm\.beta$/, "LayerNorm.bias");

/** Layers by their names in a table. */
export function layersFrom(weights: ReadonlyMap<string, Weight>, epsilon: number) {
  return {
    dense: (name: string): linear.LinearLayer => ({
      weight: weights.get(`${name}.weight`)!,
      bias: weights.get(`${name}.bias`),
    }),
    norm: (name: string): layerNorm.LayerNormLayer => ({
      weight: weights.get(`${name}.weight`)!,
      bias: weights.get(`${name}.bias`)!,
      epsilon,
    }),
  };
}

export interface EncoderBlock {
  query: linear.LinearLayer;
  key: linear.LinearLayer;
  value: linear.LinearLayer;
  output: linear.LinearLayer;
  norm1: layerNorm.LayerNormLayer;
  mlp: mlp.MlpLayer;
  norm2: layerNorm.LayerNormLayer;
}

interface BlockSaved {
  input: DeviceTensor; // x (N × d)
  attention: attention.AttentionSaved;
  context: DeviceTensor; // (N × d)
  norm1: layerNorm.LayerNormSaved;
  mlp: mlp.MlpSaved;
  norm2: layerNorm.LayerNormSaved;
}

export function encoderBlock(name: string, layer: EncoderBlock, headSize: number): Stage<BlockSaved> {
  const options = { scale: 1 / Math.sqrt(headSize), causal: false, window: 0 };
  const attentionParameters = [
    ...[layer.query, layer.key, layer.value, layer.output].flatMap(linear.parametersOf),
    ...layerNorm.parametersOf(layer.norm1),
  ];
  const mlpParameters = [...mlp.parametersOf(layer.mlp), ...layerNorm.parametersOf(layer.norm2)];
  return {
    name,
    parameters: [...attentionParameters, ...mlpParameters],
    forward(pass, x) {
      const { backend } = pass;
      const query = linear.forward(pass, layer.query, x);
      const key = linear.forward(pass, layer.key, x);
      const value = linear.forward(pass, layer.value, x);
      const attended = attention.forward(pass, options, query, key, value);
      const sum = backend.add(x, linear.forward(pass, layer.output, attended.output));
      const norm1 = layerNorm.forward(pass, layer.norm1, sum);
      const inner = mlp.forward(pass, layer.mlp, norm1.output);
      const norm2 = layerNorm.forward(pass, layer.norm2, backend.add(norm1.output, inner.output));
      return {
        output: norm2.output,
        saved: {
          input: x,
          attention: attended.saved,
          context: attended.output,
          norm1: norm1.saved,
          mlp: inner.saved,
          norm2: norm2.saved,
        },
      };
    },
    vjp(pass, saved, d, needInput) {
      // Half a block at a time: the cotangents inside one half are freed before the other begins.
      const half = (body: () => DeviceTensor | null) =>
        pass.backend.scope(() => ({ d: body(), taps: pass.taps })).d;
      const needMiddle = needInput || attentionParameters.some(pass.wants);
      const middle = half(() => mlpVjp(pass, layer, saved, d, needMiddle));
      return middle && half(() => attentionVjp(pass, layer, options, saved, middle, needInput));
    },
    jvp: (pass, saved, xDot) => jvp(pass, layer, options, saved, xDot),
  };
}

/** y = norm₂(a + mlp(a)). */
function mlpVjp(
  pass: BackwardPass,
  layer: EncoderBlock,
  saved: BlockSaved,
  d: DeviceTensor,
  needInput: boolean,
): DeviceTensor | null {
  layerNorm.taps(pass, layer.norm2, saved.norm2, d);
  if (!needInput && !mlp.parametersOf(layer.mlp).some(pass.wants)) return null;
  const dSum = layerNorm.vjp(pass, layer.norm2, saved.norm2, d);
  const dMiddle = mlp.vjp(pass, layer.mlp, saved.mlp, dSum, needInput);
  if (dMiddle) pass.backend.addInto(dMiddle, dSum);
  return dMiddle;
}

/** a = norm₁(x + o(attention(q, k, v)(x))). */
function attentionVjp(
  pass: BackwardPass,
  layer: EncoderBlock,
  options: attention.AttentionOptions,
  saved: BlockSaved,
  d: DeviceTensor,
  needInput: boolean,
): DeviceTensor | null {
  const { backend } = pass;
  const { query, key, value, output } = layer;
  layerNorm.taps(pass, layer.norm1, saved.norm1, d);
  const below = [query, key, value].flatMap(linear.parametersOf).some(pass.wants);
  if (!needInput && !below && !linear.parametersOf(output).some(pass.wants)) return null;
  const dSum = layerNorm.vjp(pass, layer.norm1, saved.norm1, d);
  linear.taps(pass, output, saved.context, dSum);
  if (!needInput && !below) return null;
  const dContext = linear.vjp(pass, output, dSum);
  const dot = attention.vjp(pass, options, saved.attention, dContext);
  linear.taps(pass, value, saved.input, dot.value);
  linear.taps(pass, key, saved.input, dot.key);
  linear.taps(pass, query, saved.input, dot.query);
  if (!needInput) return null;
  const dx = linear.vjp(pass, query, dot.query);
  backend.addInto(dx, linear.vjp(pass, key, dot.key));
  backend.addInto(dx, linear.vjp(pass, value, dot.value));
  backend.addInto(dx, dSum);
  return dx;
}

function jvp(
  pass: TangentPass,
  layer: EncoderBlock,
  options: attention.AttentionOptions,
  saved: BlockSaved,
  xDot: DeviceTensor | null,
): DeviceTensor | null {
  const { backend } = pass;
  const contextDot = attention.jvp(pass, options, saved.attention, {
    query: linear.jvp(pass, layer.query, saved.input, xDot),
    key: linear.jvp(pass, layer.key, saved.input, xDot),
    value: linear.jvp(pass, layer.value, saved.input, xDot),
  });
  const attendedDot = linear.jvp(pass, layer.output, saved.context, contextDot);
  const middleDot = layerNorm.jvp(pass, layer.norm1, saved.norm1, addTangents(backend, xDot, attendedDot));
  const innerDot = mlp.jvp(pass, layer.mlp, saved.mlp, middleDot);
  return layerNorm.jvp(pass, layer.norm2, saved.norm2, addTangents(backend, middleDot, innerDot));
}
