/**
 * GPT-Neo (Black et al. 2021, Hugging Face layout): a decoder whose layers alternate between global and local causal attention,
 *   x ← x + o(attention(q, k, v)(ln₁ x)),  x ← x + mlp(ln₂ x),  hidden = ln_f x,
 * with scores that are not divided by √(head size), tanh-GELU, and output words tied to the embedding.
 */
import { complaint, DataError } from "../errors.ts";
import {
  type Config,
  flag,
  isNamed,
  layerCount,
  oneOf,
  positiveInteger,
  positiveNumber,
  shown,
} from "./config.ts";
import { decoderBlock } from "./decoder.ts";
import * as layerNorm from "./layers/layerNorm.ts";
import type * as linear from "./layers/linear.ts";
import type { Network, Weight } from "./network.ts";
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
  const count = layerCount(config, "num_layers");
  const types = config["attention_types"];
  const layers: unknown = Array.isArray(types)
    ? types.flatMap((entry) => {
        const [pattern, times] = Array.isArray(entry) ? entry : [];
        if (!Array.isArray(pattern) || !(pattern.length * times <= count)) return [null];
        return Array.from({ length: times }, () => pattern).flat();
      })
    : config["attention_layers"];
  const valid = Array.isArray(layers) && layers.every((kind) => kind === "global" || kind === "local");
  if (valid && layers.length === count) return layers;
  throw new DataError(
    complaint(
      "config.json, attention_types or attention_layers",
      `"global" or "local" for each of ${count} layers`,
      shown(types ?? layers) ?? "neither",
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
    parts: [
      {
        required: isNamed(config, "ForSequenceClassification"),
        entries: [{ name: "score.weight", shape: [-1, d], group: "head" }],
      },
    ],
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
        decoderBlock(`layer ${l}`, {
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
    ...(weights.has("score.weight") && { classifier: { pool: "last", output: dense("score") } }),
  };
}
