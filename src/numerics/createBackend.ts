/** A backend by its name, ready for use. Each is a chunk of its own: who only wants eigenvalues does not load it. */
import { CallError, complaint } from "../errors.ts";
import type { Backend } from "./backend.ts";
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
      return (await import("./wasm/backend.ts")).createWasmBackend();
    case "reference":
      return (await import("./reference/backend.ts")).createReferenceBackend();
    default:
      throw new CallError(complaint("backend", "wasm or reference", `${name satisfies never}`));
  }
}
