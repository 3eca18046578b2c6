/**
 * The oracle: the step with the smallest exact in-sample risk, when f* is known (theory.md §3). What the other rules aim at.
 * Cost: N per step looked at.
 */
import { riskAt } from "../risk.ts";
import { minimise } from "../search.ts";
import type { RuleChoice, RulePath } from "./choice.ts";

/** @param truth (N) u_iᵀ g, g = f*(X) − f₀(X) */
export function oracle(path: RulePath, truth: Float64Array, sigma: number): RuleChoice {
  const energy = truth.map((value) => value * value);
  const n = path.values.length;
  const risk = (t: number) => {
    const { bias2, variance } = riskAt(path.filters, t, { values: path.values, energy, rest: 0, n, sigma });
    return bias2 + variance;
  };
  const { step } = minimise(risk, path.maxSteps);
  return { step, reliability: "reliable", note: "Uses the true function: a yardstick, not a rule." };
}
