/**
 * The Llama family (Touvron et al. 2023; Hugging Face layout): Llama, SmolLM2 (`llama`), Mistral with its sliding window, Qwen2 with
 * biases on q, k, v. A decoder with RMSNorm, rotary embedding, grouped queries and a gated MLP,
 *   x ← x + o(attention(q, k, v)(norm₁ x)),  x ← x + down(silu(gate)∘up)(norm₂ x),  hidden = norm x,
 * scores divided by √(head size), output words tied to the embedding or of their own.
 */
import { complaint, DataError } from "../errors.ts";
import type { ActivationKind } from "../numerics/backend.ts";
import { type Config, flag, isNamed, layerCount, oneOf, positiveInteger, positiveNumber } from "./config.ts";
import { decoderBlock } from "./decoder.ts";
import * as layerNorm from "./layers/layerNorm.ts";
import type { LinearLayer } from "./layers/linear.ts";
import { rotaryLayer } from "./layers/rotary.ts";
import type { Network, Weight } from "./network.ts";
import { ropeFrequencies } from "./rope.ts";
import type { ParameterGroup } from "./types.ts";
import type { TensorEntry, TensorTable } from "./weights.ts";

interface LlamaConfig {
  hiddenSize: number; // d
  windows: number[]; // of each layer, 0: no limit
  heads: number;
  keyHeads: number;
  headSize: number; // e, not always d / heads
  innerSize: number;
  vocabularySize: number; // V
  contextLength: number;
  epsilon: number;
  activation: ActivationKind;
  frequencies: Float64Array; // (e / 2)
  tied: boolean;
  classifies: boolean;
  biases: { qkv: boolean; output: boolean; mlp: boolean };
}

/** What sets the members of the family apart. */
interface Variant {
  keyHeads?: number; // where config.json is silent; as many as heads where absent
  window(config: Config, layer: number): number;
  biases(config: Config): LlamaConfig["biases"];
}

const noBiases = { qkv: false, output: false, mlp: false };

function slidingWindow(config: Config): number {
  return config["sliding_window"] === null ? 0 : positiveInteger(config, "sliding_window", 4096);
}

const variants = {
  llama: {
    window: () => 0,
    biases(config) {
      const attention = flag(config, "attention_bias", false);
      return { qkv: attention, output: attention, mlp: flag(config, "mlp_bias", false) };
    },
  },
  mistral: { keyHeads: 8, window: slidingWindow, biases: () => noBiases },
  qwen2: {
    keyHeads: 32,
    /** Layers from max_window_layers on, unless layer_types says which. */
    window(config, layer) {
      if (!flag(config, "use_sliding_window", false)) return 0;
      const types = config["layer_types"];
      const slides = Array.isArray(types)
        ? types[layer] === "sliding_attention"
        : layer >= positiveInteger(config, "max_window_layers", 28);
      return slides ? slidingWindow(config) : 0;
    },
    biases: () => ({ ...noBiases, qkv: true }),
  },
} satisfies Record<string, Variant>;

const activations: Record<string, ActivationKind> = {
  silu: "silu",
  swish: "silu",
  gelu: "gelu",
  gelu_new: "gelu_new",
  gelu_pytorch_tanh: "gelu_new",
  relu: "relu",
};

function readConfig(config: Config, variant: Variant): LlamaConfig {
  const hiddenSize = positiveInteger(config, "hidden_size");
  const heads = positiveInteger(config, "num_attention_heads");
  const keyHeads = positiveInteger(config, "num_key_value_heads", variant.keyHeads ?? heads);
  if (heads % keyHeads !== 0) {
    throw new DataError(
      complaint(
        "config.json, num_attention_heads",
        `a multiple of num_key_value_heads ${keyHeads}`,
        `${heads}`,
      ),
    );
  }
  const headSize = positiveInteger(config, "head_dim", hiddenSize / heads);
  const layers = layerCount(config, "num_hidden_layers");
  return {
    hiddenSize,
    windows: Array.from({ length: layers }, (_, l) => variant.window(config, l)),
    heads,
    keyHeads,
    headSize,
    innerSize: positiveInteger(config, "intermediate_size"),
    vocabularySize: positiveInteger(config, "vocab_size"),
    contextLength: positiveInteger(config, "max_position_embeddings"),
    epsilon: positiveNumber(config, "rms_norm_eps", 1e-6),
    activation: activations[oneOf(config, "hidden_act", Object.keys(activations), "silu")],
    frequencies: ropeFrequencies(config, headSize),
    tied: flag(config, "tie_word_embeddings", false),
    classifies: isNamed(config, "ForSequenceClassification"),
    biases: variant.biases(config),
  };
}

function layerParts(llama: LlamaConfig): [string, number[], ParameterGroup][] {
  const { hiddenSize: d, innerSize, headSize: e, biases } = llama;
  const [width, keyWidth] = [llama.heads * e, llama.keyHeads * e];
  const dense = (name: string, sides: number[], group: ParameterGroup, bias: boolean) => [
    [`${name}.weight`, sides, group] as [string, number[], ParameterGroup],
    ...(bias ? [[`${name}.bias`, [sides[0]], group] as [string, number[], ParameterGroup]] : []),
  ];
  return [
    ["input_layernorm.weight", [d], "norm"],
    ...dense("self_attn.q_proj", [width, d], "attention.q", biases.qkv),
    ...dense("self_attn.k_proj", [keyWidth, d], "attention.k", biases.qkv),
    ...dense("self_attn.v_proj", [keyWidth, d], "attention.v", biases.qkv),
    ...dense("self_attn.o_proj", [d, width], "attention.o", biases.output),
    ["post_attention_layernorm.weight", [d], "norm"],
    ...dense("mlp.gate_proj", [innerSize, d], "mlp", biases.mlp),
    ...dense("mlp.up_proj", [innerSize, d], "mlp", biases.mlp),
    ...dense("mlp.down_proj", [d, innerSize], "mlp", biases.mlp),
  ];
}

function tensorTable(llama: LlamaConfig): TensorTable {
  const { hiddenSize: d, vocabularySize: V } = llama;
  const entries: TensorEntry[] = [
    { name: "embed_tokens.weight", shape: [V, d], group: "embedding" },
    ...llama.windows.flatMap((_, l) =>
      layerParts(llama).map(([name, shape, group]) => ({ name: `layers.${l}.${name}`, shape, group })),
    ),
    { name: "norm.weight", shape: [d], group: "norm" },
  ];
  const parts: TensorTable["parts"] = [
    { required: llama.classifies, entries: [{ name: "score.weight", shape: [-1, d], group: "head" }] },
  ];
  if (!llama.tied) {
    parts.push({
      required: !llama.classifies,
      entries: [{ name: "lm_head.weight", shape: [V, d], group: "head" }],
    });
  }
  return {
    prefix: "model.",
    entries,
    parts,
    isBuffer: (name) => /^layers\.\d+\.self_attn\.rotary_emb\.inv_freq$/.test(name),
  };
}

function buildNetwork(llama: LlamaConfig, weights: ReadonlyMap<string, Weight>): Network {
  const norm = (name: string): layerNorm.LayerNormLayer => ({
    weight: weights.get(`${name}.weight`)!,
    epsilon: llama.epsilon,
    centred: false,
  });
  const dense = (name: string): LinearLayer => ({
    weight: weights.get(`${name}.weight`)!,
    bias: weights.get(`${name}.bias`),
  });
  const words = weights.get("embed_tokens.weight")!;
  const rotary = rotaryLayer(llama.frequencies);
  return {
    sizes: llama,
    parameters: [...weights.values()].map((weight) => weight.parameter),
    embedding: { words },
    stages: [
      ...llama.windows.map((window, l) =>
        decoderBlock(`layer ${l}`, {
          norm1: norm(`layers.${l}.input_layernorm`),
          query: dense(`layers.${l}.self_attn.q_proj`),
          key: dense(`layers.${l}.self_attn.k_proj`),
          value: dense(`layers.${l}.self_attn.v_proj`),
          output: dense(`layers.${l}.self_attn.o_proj`),
          rotary,
          attention: { scale: 1 / Math.sqrt(llama.headSize), causal: true, window },
          norm2: norm(`layers.${l}.post_attention_layernorm`),
          mlp: {
            gate: dense(`layers.${l}.mlp.gate_proj`),
            up: dense(`layers.${l}.mlp.up_proj`),
            down: dense(`layers.${l}.mlp.down_proj`),
            activation: llama.activation,
          },
        }),
      ),
      layerNorm.stage("final norm", norm("norm")),
    ],
    words: llama.tied ? words : weights.get("lm_head.weight"),
    ...(weights.has("score.weight") && { classifier: { pool: "last", output: dense("score") } }),
  };
}

const member = (variant: Variant) => ({
  tensorTable: (config: Config) => tensorTable(readConfig(config, variant)),
  buildNetwork: (config: Config, weights: ReadonlyMap<string, Weight>) =>
    buildNetwork(readConfig(config, variant), weights),
});

export const llama = member(variants.llama);
export const mistral = member(variants.mistral);
export const qwen2 = member(variants.qwen2);
