/** The table of backends every operation is tested on, and what the tests measure with. A new backend is one row. */
import { expect } from "vitest";
import debugBytes from "../../build/wasm/kernels.debug.wasm";
import relaxedBytes from "../../build/wasm/kernels.relaxed.wasm";
import scalarBytes from "../../build/wasm/kernels.scalar.wasm";
import simdBytes from "../../build/wasm/kernels.simd.wasm";
import type { Backend } from "../../src/numerics/backend.ts";
import { createReferenceBackend } from "../../src/numerics/reference/backend.ts";
import { createWasmBackend } from "../../src/numerics/wasm/backend.ts";
import { instantiate } from "../../src/numerics/wasm/load.ts";
import { randomStream } from "../../src/random.ts";

export interface BackendRow {
  name: string;
  create(): Backend;
  /** Relative rounding of one operation. */
  epsilon: number;
}

function wasm(name: string, bytes: Uint8Array<ArrayBuffer>): BackendRow {
  const module = new WebAssembly.Module(bytes);
  return { name, create: () => createWasmBackend(instantiate(module)), epsilon: 2 ** -24 };
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
  { name: "reference", create: createReferenceBackend, epsilon: 2 ** -53 },
  ...wasmRows,
  ...relaxedRows,
];

/** Around every vector width, and past two of them. */
export const SIDES = [0, 1, 3, 4, 5, 7, 8, 17, 64, 65];

/** Standard normal float32 numbers: every backend gets the same. */
export function gaussian(length: number, seed: number): Float32Array {
  const random = randomStream(seed);
  return Float32Array.from({ length }, () => random.gaussian());
}

/** |actual_i − expected_i| ≤ allowed_i everywhere; NaN equals NaN, and ∞ itself. Names the first place that is off. */
export function expectWithin(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  allowed: (i: number) => number,
): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    if (Object.is(actual[i], expected[i]) || actual[i] === expected[i]) continue;
    const error = Math.abs(actual[i] - expected[i]);
    if (!(error <= allowed(i))) {
      expect.fail(
        `place ${i}: ${actual[i]} instead of ${expected[i]}, off by ${error}, allowed ${allowed(i)}`,
      );
    }
  }
}
