/**
 * The one-line shortcut for leave-one-out: (1/N) Σ ( r_t,i / (1 − H_ii) )², H = I − U S_t Uᵀ, at its smallest.
 * Exact for kernel ridge regression; on a gradient descent path an approximation, and named so: leaving a text out changes the
 * path. It leaves out one entry (text and output) at a time. Source: theory.md §2. Cost: N² per step looked at.
 */
import { expand } from "../eigenbasis.ts";
import { minimise } from "../search.ts";
import { inSampleChoice, type RuleChoice, type RulePath } from "./choice.ts";

const SMALLEST = 1e-10;

/** The criterion at step t; +∞ where some 1 − H_ii is below 1e-10. */
export function looAt(path: RulePath, vectors: Float64Array, coefficients: Float64Array, t: number): number {
  const { values, filters } = path;
  const N = values.length;
  const S = values.map((value) => filters.residual(value, t));
  const residual = expand(
    vectors,
    coefficients.map((rho, j) => S[j] * rho),
  );
  /** 1 − H_ii = Σ_j S_j U_ij². */
  const left = new Float64Array(N);
  for (let j = 0; j < N; j++) {
    for (let i = 0, at = j * N; i < N; i++, at++) left[i] += S[j] * vectors[at] * vectors[at];
  }
  let sum = 0;
  for (let i = 0; i < N; i++) {
    if (left[i] < SMALLEST) return Number.POSITIVE_INFINITY;
    sum += (residual[i] / left[i]) ** 2;
  }
  return sum / N;
}

export function loo(path: RulePath, vectors: Float64Array, coefficients: Float64Array): RuleChoice {
  const { step } = minimise((t) => looAt(path, vectors, coefficients, t), path.maxSteps);
  return inSampleChoice(
    path,
    step,
    "A shortcut that is exact for ridge regression and an approximation on a gradient descent path; leaves out one entry at a time.",
  );
}
