/**
 * A X = B for a symmetric positive definite matrix: Cholesky, half the work of `solve`, then iterative refinement (refine.ts).
 * Rows and columns are first scaled by powers of two to diagonal entries in [½, 2): nothing is rounded. Cost n³/3 + 4 n² columns a step.
 */
import { powerScale, symmetricPart } from "./check.ts";
import { type CholeskySolver, notPositive, wasmCholesky } from "./cholesky.ts";
import { type Refined, refine } from "./refine.ts";
import { checkSystem, type SolveOptions, scaleRows } from "./solve.ts";

/**
 * X (n × columns) with (A + Aᵀ)/2 X = B, with what refinement came to. a: (n×n), b: (n × columns), row-major, left alone.
 * Working space 32 n² + 32 n · columns bytes and the panels of a product.
 * @throws DataError where A is not positive definite (the pivot and its value are named), not symmetric or not finite.
 * @throws CallError for wrong lengths or counts.
 */
export function solvePositive(a: Float64Array, b: Float64Array, options: SolveOptions): Refined {
  return solvePositiveBy(wasmCholesky, a, b, options);
}

/** `solvePositive` by a given implementation: what the tests run over both. */
export function solvePositiveBy(
  implementation: CholeskySolver,
  a: Float64Array,
  b: Float64Array,
  options: SolveOptions,
): Refined {
  const { n, columns = 1 } = options;
  checkSystem("solvePositive", a, b, n, columns);
  const scale = new Float64Array(n);
  for (let i = 0; i < n; i++) scale[i] = powerScale(Math.sqrt(Math.max(a[i * n + i], 0)));
  const scaled = symmetricPart("solvePositive", a, n);
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) scaled[i * n + j] *= scale[i] * scale[j];
  const l = scaled.slice();
  const pivot = implementation.factor(l, n);
  if (pivot < n)
    throw notPositive("solvePositive", pivot, l[pivot * n + pivot] / scale[pivot] / scale[pivot]);
  const apply = (x: Float64Array) => implementation.solve(l, n, x, columns);
  const refined = refine(apply, scaled, scaleRows(b, scale, columns), n, columns);
  return { ...refined, x: scaleRows(refined.x, scale, columns) };
}
