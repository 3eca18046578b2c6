/**
 * Hold-out in kernel space: the error on texts kept aside, f_t(x) = f₀(x) + Θ(x, X) c_t exactly at every step, at its smallest.
 * Source: theory.md §2. Cost: M·N² once (projection), then M·N per step looked at.
 */
import { applyRows, projectRows } from "../eigenbasis.ts";
import { minimise } from "../search.ts";
import type { RuleChoice, RulePath } from "./choice.ts";

export interface Holdout {
  cross: Float64Array; // (m·C × N) Θ(X_val, X)
  targets: Float64Array; // (m × C)
  f0: Float64Array; // (m × C)
}

/**
 * @param vectors (N × N) eigenvectors of Θ/n
 * @param coefficients (N) u_iᵀ r
 * @param n training examples, @param outputs C
 */
export function holdout(
  path: RulePath,
  vectors: Float64Array,
  coefficients: Float64Array,
  { cross, targets, f0 }: Holdout,
  n: number,
  outputs: number,
): RuleChoice {
  const { values, filters } = path;
  const rows = projectRows(cross, vectors, values.length);
  const m = f0.length / outputs;
  const error = (t: number) => {
    const f = applyRows(
      rows,
      coefficients.map((rho, i) => (filters.dual(values[i], t) * rho) / n),
      f0,
    );
    let sum = 0;
    for (let i = 0; i < f.length; i++) sum += (f[i] - targets[i]) ** 2;
    return sum / (2 * m);
  };
  const { step } = minimise(error, path.maxSteps);
  return {
    step,
    reliability: "reliable",
    note: `Smallest error on ${m} texts kept aside; as fine as that number of texts allows.`,
  };
}
