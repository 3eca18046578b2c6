/**
 * GPT-2 (Radford et al. 2019, Hugging Face layout): a decoder with learned positions,
 *   x ← x + o(attention(q, k, v)(ln₁ x)),  x ← x + mlp(ln₂ x),  hidden = ln_f x,
 * scores divided by √(head size), tanh-GELU, output words tied to the embedding. Its linear layers are stored as (in × out), and
 * q, k, v side by side in `c_attn`, whose parts are parameters of their own: `h.0.attn.c_attn.weight[q]`.
 */
import { complaint, DataError } from "../errors.ts";
import type { ActivationKind } from "../numerics/backend.ts";
import { type Config, flag, isNamed, layerCount, oneOf, positiveInteger, positiveNumber } from "./config.ts";
import { decoderBlock } from "./decoder.ts";
import * as layerNorm from "./layers/layerNorm.ts";
import type { LinearLayer } from "./layers/linear.ts";
import type { Network, Weight } from "./network.ts";
import type { ParameterGroup } from "./types.ts";
import type { TensorEntry, TensorTable } from "./weights.ts";

interface Gpt2Config {
  hiddenSize: number; // d
  layers: number;
  heads: number;
  innerSize: number;
  vocabularySize: number; // V
  contextLength: number;
  epsilon: number;
  activation: ActivationKind;
  tied: boolean;
  scales: number[]; // of the scores of each layer
}

const activations: Record<string, ActivationKind> = {
  gelu_new: "gelu_new",
  gelu_pytorch_tanh: "gelu_new",
  gelu: "gelu",
  relu: "relu",
  silu: "silu",
  tanh: "tanh",
};

function readConfig(config: Config): Gpt2Config {
  const hiddenSize = positiveInteger(config, "n_embd");
  const heads = positiveInteger(config, "n_head");
  if (hiddenSize % heads !== 0) {
    throw new DataError(complaint("config.json, n_embd", `a multiple of n_head ${heads}`, `${hiddenSize}`));
  }
  if (flag(config, "add_cross_attention", false)) {
    throw new DataError(complaint("config.json, add_cross_attention", "false: a decoder alone", "true"));
  }
  const layers = layerCount(config, "n_layer");
  const scale = flag(config, "scale_attn_weights", true) ? 1 / Math.sqrt(hiddenSize / heads) : 1;
  const byLayer = flag(config, "scale_attn_by_inverse_layer_idx", false);
  return {
    hiddenSize,
    layers,
    heads,
    innerSize: positiveInteger(config, "n_inner", 4 * hiddenSize),
    vocabularySize: positiveInteger(config, "vocab_size"),
    contextLength: positiveInteger(config, "n_positions"),
    epsilon: positiveNumber(config, "layer_norm_epsilon", 1e-5),
    activation: activations[oneOf(config, "activation_function", Object.keys(activations), "gelu_new")],
    tied: flag(config, "tie_word_embeddings", true),
    scales: Array.from({ length: layers }, (_, l) => (byLayer ? scale / (l + 1) : scale)),
  };
}

/** Weight and bias of a layer stored as (in × total), or of those of its columns that are `part`. */
function dense(
  name: string,
  [inputs, outputs]: [number, number],
  group: ParameterGroup,
  part?: { key: "q" | "k" | "v"; first: number; total: number },
): TensorEntry[] {
  const { first, total } = part ?? { first: 0, total: outputs };
  const suffix = part ? `[${part.key}]` : "";
  const entry = (tensor: string, shape: number[], whole: number[]): TensorEntry => ({
    name: tensor + suffix,
    shape,
    group,
    stored: { tensor, shape: whole, first },
  });
  return [
    entry(`${name}.weight`, [inputs, outputs], [inputs, total]),
    entry(`${name}.bias`, [outputs], [total]),
  ];
}

function layerEntries(l: number, { hiddenSize: d, innerSize }: Gpt2Config): TensorEntry[] {
  const norm = (name: string): TensorEntry[] =>
    ["weight", "bias"].map((part) => ({ name: `h.${l}.${name}.${part}`, shape: [d], group: "norm" }));
  const parts = (["q", "k", "v"] as const).flatMap((key, j) =>
    dense(`h.${l}.attn.c_attn`, [d, d], `attention.${key}`, { key, first: j * d, total: 3 * d }),
  );
  return [
    ...norm("ln_1"),
    ...parts,
    ...dense(`h.${l}.attn.c_proj`, [d, d], "attention.o"),
    ...norm("ln_2"),
    ...dense(`h.${l}.mlp.c_fc`, [d, innerSize], "mlp"),
    ...dense(`h.${l}.mlp.c_proj`, [innerSize, d], "mlp"),
  ];
}

/** The tensors of a checkpoint. A tied `lm_head.weight` is a copy of the embedding and not read. */
export function tensorTable(config: Config): TensorTable {
  const gpt2 = readConfig(config);
  const { hiddenSize: d, vocabularySize: V } = gpt2;
  const classifies = isNamed(config, "ForSequenceClassification");
  const parts: TensorTable["parts"] = [
    { required: classifies, entries: [{ name: "score.weight", shape: [-1, d], group: "head" }] },
  ];
  if (!gpt2.tied) {
    parts.push({
      required: !classifies,
      entries: [{ name: "lm_head.weight", shape: [V, d], group: "head" }],
    });
  }
  return {
    prefix: "transformer.",
    entries: [
      { name: "wte.weight", shape: [V, d], group: "embedding" },
      { name: "wpe.weight", shape: [gpt2.contextLength, d], group: "embedding" },
      ...gpt2.scales.flatMap((_, l) => layerEntries(l, gpt2)),
      { name: "ln_f.weight", shape: [d], group: "norm" },
      { name: "ln_f.bias", shape: [d], group: "norm" },
    ],
    parts,
    isBuffer: (name) => /^h\.\d+\.attn\.(bias|masked_bias)$/.test(name),
  };
}

export function buildNetwork(config: Config, weights: ReadonlyMap<string, Weight>): Network {
  const gpt2 = readConfig(config);
  const norm = (name: string): layerNorm.LayerNormLayer => ({
    weight: weights.get(`${name}.weight`)!,
    bias: weights.get(`${name}.bias`)!,
    epsilon: gpt2.epsilon,
  });
  const linear = (name: string, part = ""): LinearLayer => ({
    weight: weights.get(`${name}.weight${part}`)!,
    bias: weights.get(`${name}.bias${part}`),
  });
  const words = weights.get("wte.weight")!;
  return {
    sizes: gpt2,
    parameters: [...weights.values()].map((weight) => weight.parameter),
    embedding: { words, places: weights.get("wpe.weight")! },
    stages: [
      ...gpt2.scales.map((scale, l) =>
        decoderBlock(`layer ${l}`, {
          norm1: norm(`h.${l}.ln_1`),
          query: linear(`h.${l}.attn.c_attn`, "[q]"),
          key: linear(`h.${l}.attn.c_attn`, "[k]"),
          value: linear(`h.${l}.attn.c_attn`, "[v]"),
          output: linear(`h.${l}.attn.c_proj`),
          attention: { scale, causal: true, window: 0 },
          norm2: norm(`h.${l}.ln_2`),
          mlp: {
            up: linear(`h.${l}.mlp.c_fc`),
            down: linear(`h.${l}.mlp.c_proj`),
            activation: gpt2.activation,
          },
        }),
      ),
      layerNorm.stage("final norm", norm("ln_f")),
    ],
    words: gpt2.tied ? words : weights.get("lm_head.weight"),
    ...(weights.has("score.weight") && { classifier: { pool: "last", output: linear("score") } }),
  };
}
