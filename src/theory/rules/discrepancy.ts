/**
 * Minimum discrepancy: the first step with ‖Y − f_t‖²_N ≤ σ². Its polynomial smoothing weighs the directions by λ^a:
 *
 *   (1/N) Σ λ^a S_t² (u_iᵀr)² ≤ σ² tr(K̂^a)/N,   a = 1/(β + 1) for λ_j ~ j^(−β)       [recalled]
 *
 * Both sides fall with t (α ≤ 2/λ₁), so bisection is exact. Source: Celisse & Wahl, JMLR 22 (2021); Averyanov & Celisse,
 * arXiv:2007.06827; theory.md §2. Cost: N log(maxSteps).
 */
import { firstStep } from "../search.ts";
import { inSampleChoice, type RuleChoice, type RulePath, trainingError } from "./choice.ts";

function firstBelow(path: RulePath, error: (t: number) => number, level: number, note: string): RuleChoice {
  const step = firstStep((t) => error(t) <= level, path.maxSteps);
  if (step !== null) return inSampleChoice(path, step, note);
  return {
    step: path.maxSteps,
    reliability: "unreliable",
    note: `${note} The residual is still above the noise level at the largest step considered.`,
  };
}

export function discrepancy(path: RulePath, sigma: number): RuleChoice {
  return firstBelow(
    path,
    (t) => trainingError(path, t),
    sigma * sigma,
    "Stops when the training residual is down to the noise: as good as σ is, and unsteady when few directions carry the signal.",
  );
}

/** @param decay β of λ_j ~ j^(−β); Infinity (faster than any power) gives a = 0, the plain rule */
export function smoothedDiscrepancy(path: RulePath, sigma: number, decay: number): RuleChoice {
  const { values, energy, filters } = path;
  const a = 1 / (decay + 1);
  const weight = values.map((value) => (value > 0 ? value ** a : a === 0 ? 1 : 0));
  let trace = 0;
  for (const value of weight) trace += value;
  const error = (t: number) => {
    let sum = 0;
    for (let i = 0; i < values.length; i++)
      sum += weight[i] * filters.residual(values[i], t) ** 2 * energy[i];
    return sum;
  };
  return firstBelow(
    path,
    error,
    sigma * sigma * trace,
    `Discrepancy in the directions the kernel sees best (weights λ^${a.toFixed(2)}, exponent recalled from the literature): steadier than the plain rule, needs σ.`,
  );
}
