/**
 * A X = B for a general square matrix: LU with partial pivoting, then one step of refinement, X ← X + A⁻¹(B − A X), which
 * makes the backward error small row by row even where the elimination grew (Skeel, Math. Comp. 35, 1980).
 *
 * Rows and columns are first scaled by powers of two to a largest entry in [½, 1): nothing is rounded, and "singular" then means
 * singular, not badly scaled. Cost (2/3) n³ + 4 n² columns.
 */
import { complaint, DataError } from "../../errors.ts";
import { kernels } from "../wasm/load.ts";
import { checkFinite, checkSize, powerScale } from "./check.ts";

export interface SolveOptions {
  n: number;
  /** Right-hand sides (1). */
  columns?: number;
}

/** Factors a (n×n), then solves for each b (n × columns) in place; or says which column of a has no pivot above `tiny`. */
export type LuSolver = (
  a: Float64Array,
  n: number,
  tiny: number,
  columns: number,
  refine: (solve: (b: Float64Array) => void) => void,
) => { column: number; pivot: number } | undefined;

/**
 * X (n × columns) with A X = B. a: (n×n), b: (n × columns), both row-major and left alone.
 * @throws DataError where A is singular to working precision (a pivot below n ε of the scaled matrix), or a number is not finite.
 */
export function solve(a: Float64Array, b: Float64Array, options: SolveOptions): Float64Array {
  return solveBy(wasmLu, a, b, options);
}

/** `solve` by a given implementation: what the tests run over both. */
export function solveBy(
  implementation: LuSolver,
  a: Float64Array,
  b: Float64Array,
  options: SolveOptions,
): Float64Array {
  const { n, columns = 1 } = options;
  checkSize("solve", "n", n);
  checkSize("solve", "columns", columns);
  checkFinite("solve", "a", a, n, n);
  checkFinite("solve", "b", b, n, columns);

  const rowScale = new Float64Array(n);
  const columnScale = new Float64Array(n);
  const scaled = a.slice();
  for (let i = 0; i < n; i++) {
    let largest = 0;
    for (let j = 0; j < n; j++) largest = Math.max(largest, Math.abs(a[i * n + j]));
    rowScale[i] = powerScale(largest);
    for (let j = 0; j < n; j++) {
      scaled[i * n + j] *= rowScale[i];
      columnScale[j] = Math.max(columnScale[j], Math.abs(scaled[i * n + j]));
    }
  }
  for (let j = 0; j < n; j++) columnScale[j] = powerScale(columnScale[j]);
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) scaled[i * n + j] *= columnScale[j];

  const target = b.slice();
  for (let i = 0; i < n; i++) for (let j = 0; j < columns; j++) target[i * columns + j] *= rowScale[i];
  const x = target.slice();
  const failed = implementation(scaled, n, n * Number.EPSILON, columns, (apply) => {
    apply(x);
    const correction = remainder(scaled, n, x, target, columns);
    apply(correction);
    for (let i = 0; i < x.length; i++) x[i] += correction[i];
  });
  if (failed) {
    const got = `pivot ${failed.pivot} in column ${failed.column} once rows and columns are scaled to 1`;
    throw new DataError(
      complaint("solve", "a matrix that is not singular", got, "eigh to see its null space"),
    );
  }
  for (let i = 0; i < n; i++) for (let j = 0; j < columns; j++) x[i * columns + j] *= columnScale[i];
  return x;
}

/** B − A X. */
function remainder(
  a: Float64Array,
  n: number,
  x: Float64Array,
  b: Float64Array,
  columns: number,
): Float64Array {
  const r = b.slice();
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < n; k++) {
      const factor = a[i * n + k];
      if (factor !== 0) for (let j = 0; j < columns; j++) r[i * columns + j] -= factor * x[k * columns + j];
    }
  }
  return r;
}

export const wasmLu: LuSolver = (a, n, tiny, columns, refine) => {
  const { exports, arena } = kernels();
  return arena.withScratch([8 * n * n, 4 * n, 8 * n * columns], (lu, order, x) => {
    arena.f64(lu, n * n).set(a);
    const column = exports.lu64(lu, n, order, tiny);
    if (column < n) return { column, pivot: arena.f64(lu, n * n)[column * n + column] };
    refine((b) => {
      const rows = arena.i32(order, n);
      const block = arena.f64(x, n * columns);
      for (let i = 0; i < n; i++)
        block.set(b.subarray(rows[i] * columns, rows[i] * columns + columns), i * columns);
      exports.luSolve64(lu, n, x, columns);
      b.set(arena.f64(x, n * columns));
    });
    return undefined;
  });
};
