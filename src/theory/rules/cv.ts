/**
 * Cross-validation of the kernel path as a rule: the step with the smallest cross-validated error, the earliest step within one
 * standard error (over folds) of it, and the last step of the stretch around the minimum that is. Source: theory.md §2.
 * Cost: crossValidation.ts, per step looked at.
 */
import type { CrossValidation } from "../crossValidation.ts";
import { minimise, stretchWithin } from "../search.ts";
import type { RuleChoice } from "./choice.ts";

export interface CvChoice extends RuleChoice {
  error: number; // at the step chosen
  oneStandardErrorStep: number;
  /** From the earliest step within one standard error to the last of the stretch around the minimum. */
  interval: [number, number];
  curve: { step: number[]; error: number[]; standard_error: number[] };
}

export function cv(validation: CrossValidation, maxSteps: number): CvChoice {
  const minimum = minimise((t) => validation.error(t).mean, maxSteps);
  const { standardError } = validation.error(minimum.step);
  const { first, last } = stretchWithin(minimum, minimum.value + standardError);
  const curve: CvChoice["curve"] = { step: [], error: [], standard_error: [] };
  for (const step of minimum.steps) {
    const { mean, standardError } = validation.error(step);
    // squares of errors that are still finite can overflow on a path that diverges
    if (!Number.isFinite(standardError)) continue;
    curve.step.push(step);
    curve.error.push(mean);
    curve.standard_error.push(standardError);
  }
  return {
    step: minimum.step,
    reliability: "reliable",
    note: `${validation.folds} folds of the examples, paths exact at every step; the choice is as fine as the standard error over folds.`,
    error: minimum.value,
    oneStandardErrorStep: first,
    interval: [Math.min(first, minimum.step), last],
    curve,
  };
}
