/**
 * The block of decoders that normalise before each half, as a stage:
 *   x ← x + o(attention(q, k, v)(norm₁ x)),  x ← x + mlp(norm₂ x),
 * queries and keys turned by a rotary embedding where there is one.
 */
import type { DeviceTensor } from "../numerics/backend.ts";
import * as attention from "./layers/attention.ts";
import * as layerNorm from "./layers/layerNorm.ts";
import * as linear from "./layers/linear.ts";
import * as mlp from "./layers/mlp.ts";
import * as rotary from "./layers/rotary.ts";
import { addTangents, type BackwardPass, type Pass, type Stage, type TangentPass } from "./network.ts";

export interface DecoderBlock {
  norm1: layerNorm.LayerNormLayer;
  query: linear.LinearLayer;
  key: linear.LinearLayer;
  value: linear.LinearLayer;
  output: linear.LinearLayer;
  rotary?: rotary.RotaryLayer; // of queries and keys
  attention: attention.AttentionOptions;
  norm2: layerNorm.LayerNormLayer;
  mlp: mlp.MlpLayer;
}

interface BlockSaved {
  norm1: layerNorm.LayerNormSaved;
  normed: DeviceTensor; // ln₁ x (N × d)
  attention: attention.AttentionSaved;
  context: DeviceTensor; // (N × d)
  norm2: layerNorm.LayerNormSaved;
  mlp: mlp.MlpSaved;
}

export function decoderBlock(name: string, layer: DecoderBlock): Stage<BlockSaved> {
  const attentionParameters = [
    ...layerNorm.parametersOf(layer.norm1),
    ...[layer.query, layer.key, layer.value, layer.output].flatMap(linear.parametersOf),
  ];
  const mlpParameters = [...layerNorm.parametersOf(layer.norm2), ...mlp.parametersOf(layer.mlp)];
  return {
    name,
    parameters: [...attentionParameters, ...mlpParameters],
    forward: (pass, x) => forward(pass, layer, x),
    vjp(pass, saved, d, needInput) {
      // Half a block at a time: the cotangents inside one half are freed before the other begins.
      const half = (body: () => DeviceTensor | null) =>
        pass.backend.scope(() => ({ d: body(), taps: pass.taps })).d;
      const needMiddle = needInput || attentionParameters.some(pass.wants);
      const middle = half(() => mlpVjp(pass, layer, saved, d, needMiddle));
      return middle && half(() => attentionVjp(pass, layer, saved, middle, needInput));
    },
    jvp: (pass, saved, xDot) => jvp(pass, layer, saved, xDot),
  };
}

function forward(
  pass: Pass,
  layer: DecoderBlock,
  x: DeviceTensor,
): { output: DeviceTensor; saved: BlockSaved } {
  const { backend } = pass;
  const norm1 = layerNorm.forward(pass, layer.norm1, x);
  let query = linear.forward(pass, layer.query, norm1.output);
  let key = linear.forward(pass, layer.key, norm1.output);
  if (layer.rotary) [query, key] = rotary.forward(pass, layer.rotary, [query, key]);
  const value = linear.forward(pass, layer.value, norm1.output);
  const attended = attention.forward(pass, layer.attention, query, key, value);
  const middle = backend.add(x, linear.forward(pass, layer.output, attended.output));
  const norm2 = layerNorm.forward(pass, layer.norm2, middle);
  const inner = mlp.forward(pass, layer.mlp, norm2.output);
  return {
    output: backend.add(middle, inner.output),
    saved: {
      norm1: norm1.saved,
      normed: norm1.output,
      attention: attended.saved,
      context: attended.output,
      norm2: norm2.saved,
      mlp: inner.saved,
    },
  };
}

/** x ← x + mlp(ln₂ x). */
function mlpVjp(
  pass: BackwardPass,
  layer: DecoderBlock,
  saved: BlockSaved,
  d: DeviceTensor,
  needInput: boolean,
): DeviceTensor | null {
  const needNormed = needInput || layerNorm.parametersOf(layer.norm2).some(pass.wants);
  const dNormed = mlp.vjp(pass, layer.mlp, saved.mlp, d, needNormed);
  if (!dNormed) return null;
  layerNorm.taps(pass, layer.norm2, saved.norm2, dNormed);
  if (!needInput) return null;
  const dx = layerNorm.vjp(pass, layer.norm2, saved.norm2, dNormed);
  pass.backend.addInto(dx, d);
  return dx;
}

/** x ← x + o(attention(q, k, v)(ln₁ x)). */
function attentionVjp(
  pass: BackwardPass,
  layer: DecoderBlock,
  saved: BlockSaved,
  d: DeviceTensor,
  needInput: boolean,
): DeviceTensor | null {
  const { backend } = pass;
  const below = [layer.query, layer.key, layer.value].flatMap(linear.parametersOf);
  const needNormed = needInput || layerNorm.parametersOf(layer.norm1).some(pass.wants);
  linear.taps(pass, layer.output, saved.context, d);
  if (!needNormed && !below.some(pass.wants)) return null;
  const dContext = linear.vjp(pass, layer.output, d);
  const dot = attention.vjp(pass, layer.attention, saved.attention, dContext);
  if (layer.rotary) [dot.query, dot.key] = rotary.vjp(pass, layer.rotary, [dot.query, dot.key]);
  linear.taps(pass, layer.value, saved.normed, dot.value);
  linear.taps(pass, layer.key, saved.normed, dot.key);
  linear.taps(pass, layer.query, saved.normed, dot.query);
  if (!needNormed) return null;
  const dNormed = linear.vjp(pass, layer.query, dot.query);
  backend.addInto(dNormed, linear.vjp(pass, layer.key, dot.key));
  backend.addInto(dNormed, linear.vjp(pass, layer.value, dot.value));
  layerNorm.taps(pass, layer.norm1, saved.norm1, dNormed);
  if (!needInput) return null;
  const dx = layerNorm.vjp(pass, layer.norm1, saved.norm1, dNormed);
  backend.addInto(dx, d);
  return dx;
}

function jvp(
  pass: TangentPass,
  layer: DecoderBlock,
  saved: BlockSaved,
  xDot: DeviceTensor | null,
): DeviceTensor | null {
  const { backend } = pass;
  const normedDot = layerNorm.jvp(pass, layer.norm1, saved.norm1, xDot);
  let queryDot = linear.jvp(pass, layer.query, saved.normed, normedDot);
  let keyDot = linear.jvp(pass, layer.key, saved.normed, normedDot);
  if (layer.rotary) [queryDot, keyDot] = rotary.jvp(pass, layer.rotary, [queryDot, keyDot]);
  const contextDot = attention.jvp(pass, layer.attention, saved.attention, {
    query: queryDot,
    key: keyDot,
    value: linear.jvp(pass, layer.value, saved.normed, normedDot),
  });
  const attendedDot = linear.jvp(pass, layer.output, saved.context, contextDot);
  const middleDot = addTangents(backend, xDot, attendedDot);
  const innerDot = mlp.jvp(
    pass,
    layer.mlp,
    saved.mlp,
    layerNorm.jvp(pass, layer.norm2, saved.norm2, middleDot),
  );
  return addTangents(backend, middleDot, innerDot);
}
