/**
 * GPT-Neo (Black et al. 2021, Hugging Face layout): a decoder whose layers alternate between global and local causal attention,
 *   x ← x + o(attention(q, k, v)(ln₁ x)),  x ← x + mlp(ln₂ x),  hidden = ln_f x,
 * with scores that are not divided by √(head size), tanh-GELU, and output words tied to the embedding.
 */
import { complaint, DataError } from "../errors.ts";
import type { DeviceTensor } from "../numerics/backend.ts";
import { type Config, flag, oneOf, positiveInteger, positiveNumber } from "./config.ts";
import * as attention from "./layers/attention.ts";
import * as layerNorm from "./layers/layerNorm.ts";
import * as linear from "./layers/linear.ts";
import * as mlp from "./layers/mlp.ts";
import {
  addTangents,
  type BackwardPass,
  type Network,
  type Pass,
  type Stage,
  type TangentPass,
  type Weight,
} from "./network.ts";
import type { ParameterGroup } from "./types.ts";
import type { TensorEntry, TensorTable } from "./weights.ts";

interface GptNeoConfig {
  hiddenSize: number; // d
  layers: ("global" | "local")[];
  heads: number;
  innerSize: number;
  window: number;
  vocabularySize: number; // V
  contextLength: number;
  epsilon: number;
  activation: "gelu_new";
  tied: boolean;
}

function readConfig(config: Config): GptNeoConfig {
  const hiddenSize = positiveInteger(config, "hidden_size");
  const heads = positiveInteger(config, "num_heads");
  if (hiddenSize % heads !== 0) {
    throw new DataError(
      complaint("config.json, hidden_size", `a multiple of num_heads ${heads}`, `${hiddenSize}`),
    );
  }
  return {
    hiddenSize,
    layers: readLayers(config),
    heads,
    innerSize: positiveInteger(config, "intermediate_size", 4 * hiddenSize),
    window: positiveInteger(config, "window_size", 256),
    vocabularySize: positiveInteger(config, "vocab_size"),
    contextLength: positiveInteger(config, "max_position_embeddings"),
    epsilon: positiveNumber(config, "layer_norm_epsilon", 1e-5),
    activation: oneOf(config, "activation_function", ["gelu_new"], "gelu_new"),
    tied: flag(config, "tie_word_embeddings", true),
  };
}

/** attention_types [[["global", "local"], 3]] repeats its pattern; attention_layers is the same written out. */
function readLayers(config: Config): ("global" | "local")[] {
  const count = positiveInteger(config, "num_layers");
  const types = config["attention_types"];
  const layers: unknown = Array.isArray(types)
    ? types.flatMap((entry) => {
        const [pattern, times] = Array.isArray(entry) ? entry : [];
        return Array.from({ length: Number(times) || 0 }, () => pattern).flat();
      })
    : config["attention_layers"];
  const valid = Array.isArray(layers) && layers.every((kind) => kind === "global" || kind === "local");
  if (valid && layers.length === count) return layers;
  throw new DataError(
    complaint(
      "config.json, attention_types or attention_layers",
      `"global" or "local" for each of ${count} layers`,
      JSON.stringify(types ?? layers) ?? "neither",
    ),
  );
}

const layerParts = ({ hiddenSize: d, innerSize }: GptNeoConfig): [string, number[], ParameterGroup][] => [
  ["ln_1.weight", [d], "norm"],
  ["ln_1.bias", [d], "norm"],
  ["attn.attention.q_proj.weight", [d, d], "attention.q"],
  ["attn.attention.k_proj.weight", [d, d], "attention.k"],
  ["attn.attention.v_proj.weight", [d, d], "attention.v"],
  ["attn.attention.out_proj.weight", [d, d], "attention.o"],
  ["attn.attention.out_proj.bias", [d], "attention.o"],
  ["ln_2.weight", [d], "norm"],
  ["ln_2.bias", [d], "norm"],
  ["mlp.c_fc.weight", [innerSize, d], "mlp"],
  ["mlp.c_fc.bias", [innerSize], "mlp"],
  ["mlp.c_proj.weight", [d, innerSize], "mlp"],
  ["mlp.c_proj.bias", [d], "mlp"],
];

/** The tensors of a checkpoint. A tied `lm_head.weight` is a copy of the embedding and not read. */
export function tensorTable(config: Config): TensorTable {
  const neo = readConfig(config);
  const { hiddenSize: d, vocabularySize: V } = neo;
  const entries: TensorEntry[] = [
    { name: "wte.weight", shape: [V, d], group: "embedding" },
    { name: "wpe.weight", shape: [neo.contextLength, d], group: "embedding" },
    ...neo.layers.flatMap((_, l) =>
      layerParts(neo).map(([name, shape, group]) => ({ name: `h.${l}.${name}`, shape, group })),
    ),
    { name: "ln_f.weight", shape: [d], group: "norm" },
    { name: "ln_f.bias", shape: [d], group: "norm" },
  ];
  if (!neo.tied) entries.push({ name: "lm_head.weight", shape: [V, d], group: "head" });
  return {
    prefix: "transformer.",
    entries,
    isBuffer: (name) => /^h\.\d+\.attn\.attention\.(bias|masked_bias)$/.test(name),
  };
}

export function buildNetwork(config: Config, weights: ReadonlyMap<string, Weight>): Network {
  const neo = readConfig(config);
  const norm = (name: string): layerNorm.LayerNormLayer => ({
    weight: weights.get(`${name}.weight`)!,
    bias: weights.get(`${name}.bias`)!,
    epsilon: neo.epsilon,
  });
  const dense = (name: string): linear.LinearLayer => ({
    weight: weights.get(`${name}.weight`)!,
    bias: weights.get(`${name}.bias`),
  });
  const words = weights.get("wte.weight")!;
  return {
    sizes: neo,
    parameters: [...weights.values()].map((weight) => weight.parameter),
    embedding: { words, places: weights.get("wpe.weight")! },
    stages: [
      ...neo.layers.map((kind, l) =>
        block(`layer ${l}`, {
          norm1: norm(`h.${l}.ln_1`),
          query: dense(`h.${l}.attn.attention.q_proj`),
          key: dense(`h.${l}.attn.attention.k_proj`),
          value: dense(`h.${l}.attn.attention.v_proj`),
          output: dense(`h.${l}.attn.attention.out_proj`),
          attention: { scale: 1, causal: true, window: kind === "local" ? neo.window : 0 },
          norm2: norm(`h.${l}.ln_2`),
          mlp: {
            up: dense(`h.${l}.mlp.c_fc`),
            down: dense(`h.${l}.mlp.c_proj`),
            activation: neo.activation,
          },
        }),
      ),
      layerNorm.stage("final norm", norm("ln_f")),
    ],
    words: neo.tied ? words : weights.get("lm_head.weight")!,
  };
}

interface Block {
  norm1: layerNorm.LayerNormLayer;
  query: linear.LinearLayer;
  key: linear.LinearLayer;
  value: linear.LinearLayer;
  output: linear.LinearLayer;
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

function block(name: string, layer: Block): Stage<BlockSaved> {
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

function forward(pass: Pass, layer: Block, x: DeviceTensor): { output: DeviceTensor; saved: BlockSaved } {
  const { backend } = pass;
  const norm1 = layerNorm.forward(pass, layer.norm1, x);
  const query = linear.forward(pass, layer.query, norm1.output);
  const key = linear.forward(pass, layer.key, norm1.output);
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
  layer: Block,
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
  layer: Block,
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
  layer: Block,
  saved: BlockSaved,
  xDot: DeviceTensor | null,
): DeviceTensor | null {
  const { backend } = pass;
  const normedDot = layerNorm.jvp(pass, layer.norm1, saved.norm1, xDot);
  const contextDot = attention.jvp(pass, layer.attention, saved.attention, {
    query: linear.jvp(pass, layer.query, saved.normed, normedDot),
    key: linear.jvp(pass, layer.key, saved.normed, normedDot),
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
