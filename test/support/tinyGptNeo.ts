/** A random GPT-Neo small enough to differentiate numerically: 2 layers (global, local with window 3), d 8, 2 heads, 13 words. */
import type { CheckpointTensor } from "../../src/checkpoint/index.ts";
import { tensorTable } from "../../src/model/gptNeo.ts";
import type { ModelRecipe } from "../../src/model/types.ts";
import { sizeOf } from "../../src/numerics/array.ts";
import { randomStream } from "../../src/random.ts";
import type { Batch } from "../../src/text/batch.ts";

export const tinyConfig = {
  model_type: "gpt_neo",
  hidden_size: 8,
  num_layers: 2,
  num_heads: 2,
  intermediate_size: 12,
  attention_types: [[["global", "local"], 1]],
  window_size: 3,
  vocab_size: 13,
  max_position_embeddings: 10,
  activation_function: "gelu_new",
  layer_norm_epsilon: 1e-5,
  tie_word_embeddings: true,
};

/** With its weights in memory. */
export interface TinyRecipe extends ModelRecipe {
  tensors: Record<string, CheckpointTensor>;
}

/** float64 weights, names with the prefix. */
export function tinyRecipe(changes: Record<string, unknown> = {}, seed = 7): TinyRecipe {
  const config = { ...tinyConfig, ...changes };
  const { gaussian } = randomStream(seed);
  const tensors: TinyRecipe["tensors"] = {};
  for (const { name, shape } of tensorTable(config).entries) {
    const centre = /ln_.*weight/.test(name) ? 1 : 0;
    const data = Float64Array.from({ length: sizeOf(shape) }, () => centre + 0.4 * gaussian());
    const full = name.startsWith("lm_head") ? name : `transformer.${name}`;
    tensors[full] = { dtype: "F64", shape, bytes: new Uint8Array(data.buffer) };
  }
  return { config, tensors };
}

/** A copy whose parameter `name` is moved by `step` times `direction`. */
export function moved(recipe: TinyRecipe, name: string, direction: Float64Array, step: number): TinyRecipe {
  const tensor = recipe.tensors[name];
  const data = new Float64Array(tensor.bytes.slice().buffer).map((value, i) => value + step * direction[i]);
  return {
    config: recipe.config,
    tensors: { ...recipe.tensors, [name]: { ...tensor, bytes: new Uint8Array(data.buffer) } },
  };
}

/** Texts of these lengths with random ids, padded to T. */
export function randomBatch(lengths: number[], T = Math.max(...lengths), seed = 3, vocabulary = 13): Batch {
  const { integer } = randomStream(seed);
  const n = lengths.length;
  const batch: Batch = {
    inputIds: new Int32Array(n * T),
    attentionMask: new Uint8Array(n * T),
    shape: [n, T],
  };
  lengths.forEach((length, i) => {
    for (let t = 0; t < length; t++) {
      batch.inputIds[i * T + t] = integer(vocabulary);
      batch.attentionMask[i * T + t] = 1;
    }
  });
  return batch;
}
