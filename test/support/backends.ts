/** One table of tests, every backend: `tolerance` is what its precision leaves of a float64 value, relative in the norm. */
import { createReferenceBackend } from "../../src/numerics/reference/backend.ts";
import { createWasmBackend } from "../../src/numerics/wasm/backend.ts";

export const backends = [
  { name: "reference", create: createReferenceBackend, tolerance: 1e-11 },
  { name: "wasm", create: () => createWasmBackend(), tolerance: 1e-5 },
] as const;
