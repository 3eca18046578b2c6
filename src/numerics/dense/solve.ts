/**
 * A X = B for a general square matrix: LU with partial pivoting, then iterative refinement (refine.ts).
 *
 * Rows and columns are first scaled by powers of two to a largest entry in [½, 1): nothing is rounded, and "singular" then means
 * singular, not badly scaled. Cost (2/3) n³ + 4 n² columns a step.
 */
import { complaint, DataError } from "../../errors.ts";
import { kernels } from "../wasm/load.ts";
import { checkFinite, checkSize, powerScale } from "./check.ts";
import { type Refined, refine } from "./refine.ts";
import { copyRows, workingStride } from "./stride.ts";

export interface SolveOptions {
  n: number;
  /** Right-hand sides (1). */
  columns?: number;
}

/** Factors a (n×n), then hands `use` a function that solves for b (n × columns) in place; or says which column has no pivot above `tiny`. */
export type LuSolver = (
  a: Float64Array,
  n: number,
  tiny: number,
  columns: number,
  use: (solve: (b: Float64Array) => void) => void,
) => { column: number; pivot: number } | undefined;

/**
 * X (n × columns) with A X = B. a: (n×n), b: (n × columns), both row-major and left alone. Working space 16 n² + 32 n · columns bytes and
 * the panels of a product.
 * @throws DataError where A is singular to working precision (a pivot below n ε of the scaled matrix), or a number is not finite.
 * @throws CallError for wrong lengths or counts.
 */
export function solve(a: Float64Array, b: Float64Array, options: SolveOptions): Float64Array {
  return solveBy(wasmLu, a, b, options).x;
}

/** `solve` with what refinement came to: how many steps, and how far X still is from exact, as a backward error. */
export function solveRefined(a: Float64Array, b: Float64Array, options: SolveOptions): Refined {
  return solveBy(wasmLu, a, b, options);
}

/** `solveRefined` by a given implementation: what the tests run over both. */
export function solveBy(
  implementation: LuSolver,
  a: Float64Array,
  b: Float64Array,
  options: SolveOptions,
): Refined {
  const { n, columns = 1 } = options;
  checkSystem("solve", a, b, n, columns);

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

  const target = scaleRows(b, rowScale, columns);
  let refined: Refined = { x: new Float64Array(0), steps: 0, backwardError: 0 };
  const failed = implementation(scaled, n, n * Number.EPSILON, columns, (apply) => {
    refined = refine(apply, scaled, target, n, columns);
  });
  if (failed) {
    const got = `pivot ${failed.pivot} in column ${failed.column} once rows and columns are scaled to 1`;
    throw new DataError(
      complaint("solve", "a matrix that is not singular", got, "eigh to see its null space"),
    );
  }
  return { ...refined, x: scaleRows(refined.x, columnScale, columns) };
}

/** Sizes and finite entries of A X = B. */
export function checkSystem(
  where: string,
  a: Float64Array,
  b: Float64Array,
  n: number,
  columns: number,
): void {
  checkSize(where, "n", n);
  checkSize(where, "columns", columns);
  checkFinite(where, "a", a, n, n);
  checkFinite(where, "b", b, n, columns);
}

/** Row i of x (… × columns) times scale[i]. */
export function scaleRows(x: Float64Array, scale: Float64Array, columns: number): Float64Array {
  return x.map((value, at) => value * scale[Math.floor(at / columns)]);
}

export const wasmLu: LuSolver = (a, n, tiny, columns, use) => {
  const { exports, arena } = kernels();
  const stride = workingStride(n);
  const sizes = [8 * n * stride, 4 * n, 8 * n * columns, exports.productWorkspace()] as const;
  return arena.withScratch(sizes, (lu, order, x, workspace) => {
    copyRows(a, n, arena.f64(lu, n * stride), stride, n);
    const column = exports.lu64(lu, n, stride, order, tiny, workspace);
    if (column < n) return { column, pivot: arena.f64(lu, n * stride)[column * stride + column] };
    use((b) => {
      const rows = arena.i32(order, n);
      const block = arena.f64(x, n * columns);
      for (let i = 0; i < n; i++)
        block.set(b.subarray(rows[i] * columns, rows[i] * columns + columns), i * columns);
      exports.luSolve64(lu, n, stride, x, columns);
      b.set(arena.f64(x, n * columns));
    });
    return undefined;
  });
};
