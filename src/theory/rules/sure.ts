/**
 * Stein's unbiased estimate of the risk: (1/N)‖Y − f_t‖² − σ² + (2σ²/N) tr(I − S_t), at its smallest.
 * Source: theory.md §2. Cost: N per step looked at.
 */
import { minimise } from "../search.ts";
import { degrees, inSampleChoice, type RuleChoice, type RulePath, trainingError } from "./choice.ts";

/** The estimate at step t. */
export function sureAt(path: RulePath, sigma: number, t: number): number {
  const noise = sigma * sigma;
  return trainingError(path, t) - noise + (2 * noise * degrees(path, t)) / path.values.length;
}

export function sure(path: RulePath, sigma: number): RuleChoice {
  const { step } = minimise((t) => sureAt(path, sigma, t), path.maxSteps);
  return inSampleChoice(
    path,
    step,
    "Unbiased for the in-sample risk when σ is right; too small a σ stops too late.",
  );
}
