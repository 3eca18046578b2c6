/**
 * The table of backends every operation is tested on, and what the tests measure with. A new backend is one row.
 * vitest.webgpu.config.ts puts webgpu/backendTable.ts in its place: the same tests on a GPU.
 */
import debugBytes from "../../build/wasm/kernels.debug.wasm";
import relaxedBytes from "../../build/wasm/kernels.relaxed.wasm";
import scalarBytes from "../../build/wasm/kernels.scalar.wasm";
import simdBytes from "../../build/wasm/kernels.simd.wasm";
import { createReferenceBackend } from "../../src/numerics/reference/backend.ts";
import { createWasmBackend } from "../../src/numerics/wasm/backend.ts";
import { instantiate } from "../../src/numerics/wasm/load.ts";
import type { BackendRow } from "./measures.ts";

export * from "./measures.ts";

function wasm(name: string, bytes: Uint8Array<ArrayBuffer>): BackendRow {
  const module = new WebAssembly.Module(bytes);
  return {
    name,
    create: () => createWasmBackend(instantiate(module)),
    epsilon: 2 ** -24,
    sumEpsilon: 2 ** -53,
  };
}

export const wasmRows = [
  wasm("wasm simd", simdBytes),
  wasm("wasm scalar", scalarBytes),
  wasm("wasm debug", debugBytes),
];
/** Other bits than the rest, so a row of its own, and only where the runtime has relaxed SIMD. */
const relaxedRows = WebAssembly.validate(relaxedBytes) ? [wasm("wasm relaxed", relaxedBytes)] : [];
if (relaxedRows.length === 0) console.warn("no relaxed SIMD in this runtime: the relaxed row is skipped");

export const backendRows: BackendRow[] = [
  { name: "reference", create: createReferenceBackend, epsilon: 2 ** -53, sumEpsilon: 2 ** -53 },
  ...wasmRows,
  ...relaxedRows,
];
