/** How many threads a piece of work gets. */
import { CallError, complaint } from "../errors.ts";
import { cores } from "./host.ts";

/** Below this many operations workers cost more than they bring (starting one takes about 0.2 s). */
const WORTH_WORKERS = 4e9;

/** How many workers to start on a backend for that many operations; 1: none, the caller's thread does the work. */
export function resolveWorkers(choice: number | "auto" = "auto", backend: string, flops: number): number {
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
