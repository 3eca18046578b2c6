/** config.json of every architecture with values replaced, beside weights that fit the good one. */
import { architectureOf, knownArchitectures } from "../../../src/model/architectures.ts";
import { modelFromRecipe } from "../../../src/model/model.ts";
import type { ModelRecipe } from "../../../src/model/types.ts";
import type { TensorEntry } from "../../../src/model/weights.ts";
import { sizeOf } from "../../../src/numerics/array.ts";
import { createReferenceBackend } from "../../../src/numerics/reference/backend.ts";
import type { Format } from "./format.ts";
import { chance, type Json, jsonBytes, pick, spoilJson } from "./spoil.ts";

const llama = {
  hidden_size: 8,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  intermediate_size: 6,
  max_position_embeddings: 8,
  vocab_size: 5,
  hidden_act: "silu",
  rms_norm_eps: 1e-5,
  rope_parameters: {
    rope_type: "llama3",
    rope_theta: 100,
    factor: 8,
    low_freq_factor: 1,
    high_freq_factor: 4,
    original_max_position_embeddings: 8,
  },
  tie_word_embeddings: false,
};
const bert = {
  hidden_size: 8,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 6,
  max_position_embeddings: 8,
  vocab_size: 5,
  hidden_act: "gelu",
  layer_norm_eps: 1e-5,
};

/** A small one of each. */
const SMALL: Record<string, Json> = {
  gpt_neo: {
    hidden_size: 8,
    num_layers: 2,
    num_heads: 2,
    attention_types: [[["global", "local"], 1]],
    window_size: 3,
    vocab_size: 5,
    max_position_embeddings: 8,
    architectures: ["GPTNeoForSequenceClassification"],
  },
  gpt2: { n_embd: 8, n_layer: 2, n_head: 2, n_positions: 8, vocab_size: 5, n_inner: null },
  llama,
  mistral: { ...llama, sliding_window: 3 },
  qwen2: {
    ...llama,
    sliding_window: 3,
    use_sliding_window: true,
    max_window_layers: 1,
    layer_types: ["full_attention", "sliding_attention"],
  },
  bert: { ...bert, type_vocab_size: 2, architectures: ["BertForMaskedLM"] },
  roberta: {
    ...bert,
    type_vocab_size: 1,
    pad_token_id: 1,
    architectures: ["RobertaForSequenceClassification"],
  },
  distilbert: {
    dim: 8,
    n_layers: 2,
    n_heads: 2,
    hidden_dim: 6,
    vocab_size: 5,
    max_position_embeddings: 8,
    activation: "gelu",
    architectures: ["DistilBertForSequenceClassification"],
  },
};

/** Keys that good files may have and the small ones lack. */
const OTHERS = [
  "model_type",
  "architectures",
  "tie_word_embeddings",
  "attention_types",
  "attention_layers",
  "intermediate_size",
  "head_dim",
  "rope_theta",
  "rope_scaling",
  "rope_parameters",
  "partial_rotary_factor",
  "sliding_window",
  "layer_types",
  "attention_bias",
  "mlp_bias",
  "pad_token_id",
  "position_embedding_type",
  "is_decoder",
  "scale_attn_weights",
  "scale_attn_by_inverse_layer_idx",
  "add_cross_attention",
  "sinusoidal_pos_embds",
  "activation_function",
];

function recipeOf(name: string, small: Json): ModelRecipe {
  const config = { model_type: name, ...small };
  const { prefix, entries, parts = [] } = architectureOf(config).architecture.tensorTable(config);
  const tensors: ModelRecipe["tensors"] = {};
  let total = 0;
  const add = (entry: TensorEntry) => {
    const shape = (entry.stored?.shape ?? entry.shape).map((side) => (side < 0 ? 3 : side));
    const bytes = new Uint8Array(Float32Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(i)).buffer);
    total += bytes.length;
    tensors[prefix + (entry.stored?.tensor ?? entry.name)] = { dtype: "F32", shape, bytes };
  };
  for (const entry of entries) add(entry);
  for (const { required, entries: own } of parts) if (required) for (const entry of own) add(entry);
  sizes.set(config, total);
  return { config, tensors };
}

/** Bytes of the weights that go with a config. */
const sizes = new Map<Json, number>();

/** A model of each architecture, of smooth numbers in F32. */
export const smallRecipes = Object.entries(SMALL).map(([name, small]) => recipeOf(name, small));
const lacking = knownArchitectures.filter((name) => !SMALL[name]);
if (lacking.length > 0) throw new Error(`test/support/fuzz/config.ts has no config of ${lacking.join(", ")}`);

export const config: Format = {
  name: "config",
  make(random) {
    const { config: good, tensors } = pick(random, smallRecipes);
    let spoiled = good as Json;
    do spoiled = spoilJson(random, spoiled, OTHERS);
    while (chance(random, 0.4));
    // As a file would give it: without what JSON cannot say.
    spoiled = JSON.parse(JSON.stringify(spoiled));
    const bytes = sizes.get(good)! + jsonBytes(spoiled).length;
    return {
      bytes,
      async read() {
        const backend = createReferenceBackend();
        try {
          (await modelFromRecipe({ config: spoiled, tensors }, backend)).dispose();
        } finally {
          backend.dispose();
        }
      },
    };
  },
};
