/** A = L Lᵀ for a symmetric positive definite matrix, backward stable; or, with pivoting, for a semidefinite one. Cost n³/3. */
import { CallError, complaint, DataError } from "../../errors.ts";
import { kernels } from "../wasm/load.ts";
import { checkFinite, checkSize, symmetricPart } from "./check.ts";
import { copyRows, workingStride } from "./stride.ts";

/** What `cholesky` asks of an implementation; matrices n×n, row-major, changed in place. */
export interface CholeskySolver {
  /** a ← L, upper triangle 0; n, or the first pivot that is not positive, its value left on the diagonal. */
  factor(a: Float64Array, n: number): number;
  /** a ← L with pivoting, order (n) filled; the rank r, A − L Lᵀ left in rows and columns r … n − 1 (lower triangle). */
  factorPivoted(a: Float64Array, n: number, order: Int32Array, tiny: number): number;
  /** x (n × columns) ← L⁻ᵀ L⁻¹ x. */
  solve(l: Float64Array, n: number, x: Float64Array, columns: number): void;
}

export interface CholeskyOptions {
  /** Take the largest remaining diagonal entry next, and stop where none is left: for semidefinite matrices. */
  pivot?: boolean;
  /** With `pivot`: a diagonal entry at or below this times the largest one counts as 0 (n ε). */
  tolerance?: number;
}

export interface PivotedCholesky {
  /** (n × n), lower triangle; columns rank … n − 1 are 0. */
  l: Float64Array;
  /** (n): row i of L belongs to row permutation[i] of A: Σ_k L_ik L_jk = A[permutation[i], permutation[j]], up to `residual`. */
  permutation: Int32Array;
  rank: number;
  /** Largest |A − L Lᵀ| among what the pivots left over; 0 at full rank. Far above tolerance · max A_ii: A was not semidefinite. */
  residual: number;
}

/**
 * L (n×n, lower triangle, zeros above) with L Lᵀ = (A + Aᵀ)/2; with `pivot`, L, its rank and the order of rows. `a` is left alone.
 * Working space 16 n² bytes and the panels of a product.
 * @throws DataError where A is not finite or not symmetric; without `pivot`, where it is not positive definite (the pivot and its value
 * are named).
 * @throws CallError for a wrong length, n or tolerance.
 */
export function cholesky(
  a: Float64Array,
  n: number,
  options?: CholeskyOptions & { pivot?: false },
): Float64Array;
export function cholesky(
  a: Float64Array,
  n: number,
  options: CholeskyOptions & { pivot: true },
): PivotedCholesky;
export function cholesky(
  a: Float64Array,
  n: number,
  options: CholeskyOptions = {},
): Float64Array | PivotedCholesky {
  return options.pivot
    ? pivotedCholeskyBy(wasmCholesky, a, n, options.tolerance)
    : choleskyBy(wasmCholesky, a, n);
}

/** `cholesky` by a given implementation: what the tests run over both. */
export function choleskyBy(implementation: CholeskySolver, a: Float64Array, n: number): Float64Array {
  checkSize("cholesky", "n", n);
  checkFinite("cholesky", "a", a, n, n);
  const l = symmetricPart("cholesky", a, n);
  const pivot = implementation.factor(l, n);
  if (pivot < n) throw notPositive("cholesky", pivot, l[pivot * n + pivot]);
  return l;
}

export function notPositive(where: string, pivot: number, value: number): DataError {
  const hint = "a larger ridge on the diagonal, or cholesky with pivot: true for a semidefinite one";
  return new DataError(complaint(where, "a positive definite matrix", `pivot ${pivot} = ${value}`, hint));
}

/** `cholesky` with pivoting, by a given implementation. */
export function pivotedCholeskyBy(
  implementation: CholeskySolver,
  a: Float64Array,
  n: number,
  tolerance = n * Number.EPSILON,
): PivotedCholesky {
  checkSize("cholesky", "n", n);
  if (!(tolerance >= 0)) {
    throw new CallError(complaint("cholesky", "a tolerance of 0 or more", `${tolerance}`));
  }
  checkFinite("cholesky", "a", a, n, n);
  const l = symmetricPart("cholesky", a, n);
  let largest = 0;
  for (let i = 0; i < n; i++) largest = Math.max(largest, l[i * n + i]);
  const permutation = new Int32Array(n);
  const rank = implementation.factorPivoted(l, n, permutation, tolerance * largest);
  let residual = 0;
  for (let i = 0; i < n; i++) {
    for (let j = rank; j <= i; j++) residual = Math.max(residual, Math.abs(l[i * n + j]));
    l.fill(0, i * n + Math.min(i + 1, rank), (i + 1) * n);
  }
  return { l, permutation, rank, residual };
}

export const wasmCholesky: CholeskySolver = {
  factor(a, n) {
    const { exports, arena } = kernels();
    const stride = workingStride(n);
    return arena.withScratch([8 * n * stride, exports.productWorkspace()], (at, workspace) => {
      copyRows(a, n, arena.f64(at, n * stride), stride, n);
      const pivot = exports.cholesky64(at, n, stride, workspace);
      copyRows(arena.f64(at, n * stride), stride, a, n, n);
      return pivot;
    });
  },
  factorPivoted(a, n, order, tiny) {
    const { exports, arena } = kernels();
    const stride = workingStride(n);
    const sizes = [8 * n * stride, 4 * n, 8 * n, exports.productWorkspace()] as const;
    return arena.withScratch(sizes, (at, orderAt, diagonal, workspace) => {
      copyRows(a, n, arena.f64(at, n * stride), stride, n);
      const rank = exports.choleskyPivoted64(at, n, stride, orderAt, tiny, diagonal, workspace);
      copyRows(arena.f64(at, n * stride), stride, a, n, n);
      order.set(arena.i32(orderAt, n));
      return rank;
    });
  },
  solve(l, n, x, columns) {
    const { exports, arena } = kernels();
    arena.withScratch([8 * n * n, 8 * n * columns], (at, xAt) => {
      arena.f64(at, n * n).set(l);
      arena.f64(xAt, n * columns).set(x);
      exports.choleskySolve64(at, n, n, xAt, columns);
      x.set(arena.f64(xAt, n * columns));
    });
  },
};
