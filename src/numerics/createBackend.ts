/** A backend by its name, ready for use. */
import { CallError, complaint } from "../errors.ts";
import type { Backend } from "./backend.ts";
import { createReferenceBackend } from "./reference/backend.ts";
import { createWasmBackend } from "./wasm/backend.ts";
import { load } from "./wasm/load.ts";

export type BackendName = "wasm" | "reference";

/**
 * `wasm`: float32, SIMD where the engine has it; its memory is freed by `dispose()`. `reference`: float64, plain loops.
 * Throws a CallError for another name.
 */
export async function createBackend(name: BackendName): Promise<Backend> {
  switch (name) {
    case "wasm":
      await load();
      return createWasmBackend();
    case "reference":
      return createReferenceBackend();
    default:
      throw new CallError(complaint("backend", "wasm or reference", `${name satisfies never}`));
  }
}
