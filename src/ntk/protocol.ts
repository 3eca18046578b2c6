/** What the coordinator asks of its workers (runtime/requests.ts carries it). */
import type { TangentRecipe } from "../model/types.ts";
import type { Batch } from "../text/batch.ts";
import type { ContractionTask } from "./contract/contract.ts";
import type { SketchSpec } from "./sketch/project.ts";
import type { PullTask, PushTask } from "./strands.ts";
import type { TapData } from "./taps.ts";

export type Request =
  | { kind: "build"; recipe: TangentRecipe; backend: "wasm" | "reference" }
  | {
      kind: "open";
      block: number;
      batch: Batch;
      wanted: readonly string[];
      combinations: Float64Array | null;
    }
  | { kind: "advance"; block: number }
  | { kind: "sketch"; block: number; spec: SketchSpec }
  | { kind: "contract"; task: ContractionTask }
  | { kind: "largest"; tap: TapData; copies: number }
  | { kind: "pull"; task: PullTask }
  | { kind: "push"; task: PushTask };
