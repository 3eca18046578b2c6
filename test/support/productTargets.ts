/** The kernels that plain functions of numerics/ may run on, one row each: `use()` makes them the ones. Each test file has its own. */
import relaxedBytes from "../../build/wasm/kernels.relaxed.wasm";
import scalarBytes from "../../build/wasm/kernels.scalar.wasm";
import simdBytes from "../../build/wasm/kernels.simd.wasm";
import { load } from "../../src/numerics/wasm/load.ts";

export interface ProductTarget {
  name: string;
  use(): Promise<void>;
}

const target = (name: string, bytes: Uint8Array<ArrayBuffer>): ProductTarget => {
  const module = new WebAssembly.Module(bytes);
  return { name, use: () => load(module) };
};

if (!WebAssembly.validate(relaxedBytes)) console.warn("no relaxed SIMD in this runtime: its row is skipped");
export const productTargets: ProductTarget[] = [
  target("simd", simdBytes),
  target("scalar", scalarBytes),
  ...(WebAssembly.validate(relaxedBytes) ? [target("relaxed", relaxedBytes)] : []),
];

/** Both kinds of numbers: the same values, and the rounding of one operation. */
export const precisions = [
  { precision: "float32", epsilon: 2 ** -24, make: (x: Float32Array) => x },
  { precision: "float64", epsilon: 2 ** -53, make: (x: Float32Array) => Float64Array.from(x) },
] as const;
