/** What the trainer asks of its threads (runtime/requests.ts carries it). */
import type { TangentRecipe } from "../model/types.ts";
import type { Batch } from "../text/batch.ts";
import type { TrainableChoice } from "./trainable.ts";
import type { Goal, Values } from "./types.ts";

export type Request =
  | { kind: "build"; recipe: TangentRecipe; backend: "wasm" | "reference"; choice: TrainableChoice }
  | { kind: "assign"; values: Values }
  | { kind: "forward"; batch: Batch }
  | { kind: "descend"; batch: Batch; goal: Goal; wanted: readonly string[] };
