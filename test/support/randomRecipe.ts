/** A checkpoint of random numbers with the tensors of an architecture's table, each tensor whole, named as checkpoints name them. */
import type { CheckpointTensor } from "../../src/checkpoint/index.ts";
import type { ModelRecipe } from "../../src/model/types.ts";
import type { TensorTable } from "../../src/model/weights.ts";
import { sizeOf } from "../../src/numerics/array.ts";
import { randomStream } from "../../src/random.ts";

/** Tensors that stand beside the network and have no prefix. */
const BESIDE = /^(lm_head|score|cls|classifier|pre_classifier|vocab_)/;

/** A recipe whose tensors are all in memory. */
export type WholeRecipe = ModelRecipe & { tensors: Record<string, CheckpointTensor> };

/** Sides that are "whatever is stored" become 3. */
export function randomRecipe(config: Record<string, unknown>, table: TensorTable, seed = 5): WholeRecipe {
  const { gaussian } = randomStream(seed);
  const tensors: WholeRecipe["tensors"] = {};
  const required = (table.parts ?? []).filter((part) => part.required).flatMap((part) => part.entries);
  for (const entry of [...table.entries, ...required]) {
    const name = entry.stored?.tensor ?? entry.name;
    const shape = (entry.stored?.shape ?? entry.shape).map((side) => (side < 0 ? 3 : side));
    const full = BESIDE.test(name) ? name : table.prefix + name;
    const data = Float64Array.from({ length: sizeOf(shape) }, () => 0.4 * gaussian());
    tensors[full] ??= { dtype: "F64", shape, bytes: new Uint8Array(data.buffer) };
  }
  return { config, tensors };
}
