/** What the coordinator and its workers say to each other. Errors cross as class name and message. */
import { CallError, DataError } from "../errors.ts";
import type { TangentRecipe } from "../model/types.ts";
import type { Batch } from "../text/batch.ts";
import type { ContractionTask } from "./contract/contract.ts";

export type Request =
  | { kind: "build"; recipe: TangentRecipe; backend: "wasm" | "reference" }
  | { kind: "open"; block: number; batch: Batch; wanted: readonly string[] }
  | { kind: "advance"; block: number }
  | { kind: "contract"; task: ContractionTask };

export interface Envelope {
  id: number;
  request: Request;
}

export type Reply =
  | { id: number; result: unknown }
  | { id: number; error: { name: string; message: string } };

export function packError(error: unknown): { name: string; message: string } {
  return error instanceof Error
    ? { name: error.name, message: error.message }
    : { name: "Error", message: String(error) };
}

export function unpackError({ name, message }: { name: string; message: string }): Error {
  if (name === "CallError") return new CallError(message);
  if (name === "DataError") return new DataError(message);
  const error = new Error(message);
  error.name = name;
  return error;
}
