/** A = L Lᵀ for a symmetric positive definite matrix. Backward stable without pivoting. Cost n³/3. */
import { complaint, DataError } from "../../errors.ts";
import { kernels } from "../wasm/load.ts";
import { checkFinite, checkSize, symmetricPart } from "./check.ts";

/** Overwrites a (n×n) by L and returns n, or returns the first pivot that is not positive and leaves its value on the diagonal. */
export type CholeskyInPlace = (a: Float64Array, n: number) => number;

/**
 * L (n×n, lower triangle, zeros above) with L Lᵀ = (A + Aᵀ)/2. `a` is left alone.
 * @throws DataError where A is not positive definite (the pivot and its value are named), not finite or not symmetric.
 */
export function cholesky(a: Float64Array, n: number): Float64Array {
  return choleskyBy(wasmCholesky, a, n);
}

/** `cholesky` by a given implementation: what the tests run over both. */
export function choleskyBy(implementation: CholeskyInPlace, a: Float64Array, n: number): Float64Array {
  checkSize("cholesky", "n", n);
  checkFinite("cholesky", "a", a, n, n);
  const l = symmetricPart("cholesky", a, n);
  const pivot = implementation(l, n);
  if (pivot < n) {
    const got = `pivot ${pivot} = ${l[pivot * n + pivot]}`;
    throw new DataError(
      complaint("cholesky", "a positive definite matrix", got, "a larger ridge on the diagonal"),
    );
  }
  return l;
}

export function wasmCholesky(a: Float64Array, n: number): number {
  const { exports, arena } = kernels();
  return arena.withScratch([8 * n * n], (pointer) => {
    arena.f64(pointer, n * n).set(a);
    const pivot = exports.cholesky64(pointer, n);
    a.set(arena.f64(pointer, n * n));
    return pivot;
  });
}
