/** What a caller may ask of a kernel, checked once. */
import { CallError, complaint } from "../errors.ts";
import type { TangentModel } from "../model/types.ts";
import type { LongOptions } from "../progress.ts";
import { cores } from "../runtime/index.ts";
import type { ParameterChoice } from "./select.ts";
import type { VariantChoice } from "./variant.ts";

/** `kernel`, `outputs` and `deadZone`: variant.ts. */
export interface NtkOptions extends LongOptions, VariantChoice {
  parameters?: ParameterChoice;
  /** Also the kernel of each parameter group; they add up to the whole, up to the rounding of their sums. */
  byGroup?: boolean;
  /** Threads; "auto" (the default) is one a core where the work is worth it; 0 and 1 stay in the caller's thread. */
  workers?: number | "auto";
  /** Bytes the whole work may take; 70 % of the machine's memory where absent. */
  memory?: number;
  /** The worker module, where it does not lie beside the package's own files. */
  workerUrl?: URL;
}

/** Below this many operations workers cost more than they bring (starting one takes about 0.2 s). */
const WORTH_WORKERS = 4e9;

/** How many workers to start; 1: none, the caller's thread does the work. */
export function resolveWorkers(
  choice: NtkOptions["workers"] = "auto",
  backend: TangentModel["backend"]["name"],
  flops: number,
): number {
  const portable = backend === "wasm" || backend === "reference";
  if (choice === "auto") return portable && flops > WORTH_WORKERS ? cores() : 1;
  if (!Number.isInteger(choice) || choice < 0) {
    throw new CallError(complaint("workers", 'a whole number or "auto"', String(choice)));
  }
  if (choice > 1 && !portable) {
    throw new CallError(complaint("workers", `at most 1 on the ${backend} backend`, String(choice)));
  }
  return Math.max(1, choice);
}
