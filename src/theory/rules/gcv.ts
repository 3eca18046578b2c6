/**
 * Generalised cross-validation: ‖Y − f_t‖²_N / (1 − tr(I − S_t)/N)², at its smallest. Needs no σ.
 * Near interpolation it is 0/0; where the denominator is below 1e-10 it counts as +∞.
 * Source: theory.md §2. Cost: N per step looked at.
 */
import { minimise } from "../search.ts";
import { degrees, inSampleChoice, type RuleChoice, type RulePath, trainingError } from "./choice.ts";

const SMALLEST = 1e-10;

/** The criterion at step t. */
export function gcvAt(path: RulePath, t: number): number {
  const left = 1 - degrees(path, t) / path.values.length;
  return left < SMALLEST ? Number.POSITIVE_INFINITY : trainingError(path, t) / (left * left);
}

export function gcv(path: RulePath): RuleChoice {
  const { step } = minimise((t) => gcvAt(path, t), path.maxSteps);
  return inSampleChoice(
    path,
    step,
    "Needs no σ. Blind when labels cannot be learnt: it then says to train to interpolation.",
  );
}
