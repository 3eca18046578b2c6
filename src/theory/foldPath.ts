/**
 * The kernel path of one fold: gradient descent on the examples outside the fold, read on the examples inside it.
 *
 *   K̂_sub = Θ(rest, rest)/n_sub = U diag(λ) Uᵀ,   f_t(held) = f₀(held) + G [(1 − S_t)/λ] Uᵀ r_rest,   G = Θ(held, rest) U / n_sub
 *
 * The step α is kept: leaving examples out changes the mean gradient's average, not the learning rate, so the fold's clock is α on
 * Θ_sub/n_sub. Exact at every t. Source: theory.md §2 [derived]. Cost: one eigendecomposition of N_sub and N_held·N_sub² once,
 * N_held·N_sub per step.
 */
import { applyRows, decompose, project, projectRows } from "./eigenbasis.ts";
import type { Filters } from "./filters.ts";

export interface FoldProblem {
  kernel: Float64Array; // (N × N) Θ
  n: number;
  outputs: number; // C; N = n·C
  targets: Float64Array; // (n × C)
  f0: Float64Array; // (n × C)
}

export interface FoldPath {
  held: Int32Array; // examples in the fold
  rest: Int32Array; // the others
  heldRows: Int32Array; // their rows, example·C + output
  restRows: Int32Array;
  values: Float64Array; // (N_sub) of Θ_sub/n_sub
  vectors: Float64Array; // (N_sub × N_sub)
  projected: Float64Array; // (N_held × N_sub) G
}

const rowsOf = (examples: Int32Array, C: number) =>
  Int32Array.from({ length: examples.length * C }, (_, k) => examples[Math.floor(k / C)] * C + (k % C));

/** Entries of `kernel` (N × N) at rows × columns. */
export function submatrix(
  kernel: Float64Array,
  N: number,
  rows: Int32Array,
  columns: Int32Array,
): Float64Array {
  const out = new Float64Array(rows.length * columns.length);
  let at = 0;
  for (const row of rows) for (const column of columns) out[at++] = kernel[row * N + column];
  return out;
}

export function pick(values: Float64Array, rows: Int32Array): Float64Array {
  return Float64Array.from(rows, (row) => values[row]);
}

export async function foldPath(
  { kernel, n, outputs }: FoldProblem,
  foldOf: Int32Array,
  fold: number,
): Promise<FoldPath> {
  const held: number[] = [];
  const rest: number[] = [];
  foldOf.forEach((k, i) => {
    (k === fold ? held : rest).push(i);
  });
  const [heldExamples, restExamples] = [Int32Array.from(held), Int32Array.from(rest)];
  const [heldRows, restRows] = [rowsOf(heldExamples, outputs), rowsOf(restExamples, outputs)];
  const N = n * outputs;
  const { values, vectors } = await decompose(submatrix(kernel, N, restRows, restRows), rest.length);
  const projected = projectRows(submatrix(kernel, N, heldRows, restRows), vectors, restRows.length);
  for (let i = 0; i < projected.length; i++) projected[i] /= rest.length;
  return { held: heldExamples, rest: restExamples, heldRows, restRows, values, vectors, projected };
}

/** What is kept of a fold once its eigenvectors are done with. */
export interface FoldPredictor {
  held: Int32Array;
  /** Writes f_t(x_i) of the held-out examples into their rows of f (N). */
  predict(filters: Filters, t: number, f: Float64Array): void;
}

export function foldPredictor(path: FoldPath, { targets, f0 }: FoldProblem): FoldPredictor {
  const { held, heldRows, values, projected } = path;
  const residual = pick(targets, path.restRows).map((y, i) => y - f0[path.restRows[i]]);
  const rho = project(path.vectors, residual);
  const start = pick(f0, heldRows);
  return {
    held,
    predict(filters, t, f) {
      const w = rho.map((value, j) => filters.dual(values[j], t) * value);
      const moved = applyRows(projected, w, start);
      for (let h = 0; h < heldRows.length; h++) f[heldRows[h]] = moved[h];
    },
  };
}
