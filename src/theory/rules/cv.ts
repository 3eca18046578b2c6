/**
 * Cross-validation of the kernel path as a rule: the step with the smallest cross-validated error, the earliest step within one
 * standard error (over folds) of it, and the last step of the stretch around the minimum that is.
 *
 *   error(t) = (1/n) Σ_i ½‖f_t^(−fold of i)(x_i) − y_i‖²
 *
 * Source: theory.md §2; that every fold's path is exact [derived]; the one-standard-error rule: Breiman et al. 1984 [recalled].
 * Flagged where the gain over the pretrained point is within one paired standard error over examples.
 * Cost: crossValidation.ts, per step looked at.
 */
import type { LongOptions } from "../../progress.ts";
import { requireFinite, requireInteger, requireLength } from "../check.ts";
import { labelsOf } from "../classes.ts";
import { type CrossValidation, crossValidate } from "../crossValidation.ts";
import { kernelSize } from "../eigenbasis.ts";
import type { FoldProblem } from "../foldPath.ts";
import { defaultFolds } from "../folds.ts";
import { pairedDifference } from "../paired.ts";
import { minimise, stretchWithin } from "../search.ts";
import type { RuleChoice } from "./choice.ts";
import { type RunInput, runFilters, type StoppingChoice, stated } from "./input.ts";

export interface CvChoice extends RuleChoice {
  error: number; // at the step chosen
  /** Of that error, over folds. */
  standardError: number;
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
  const note = `${validation.folds} folds of the examples, paths exact at every step; the choice is as fine as the standard error over folds.`;
  const gain = pairedDifference(validation.errors(0), validation.errors(minimum.step));
  const doubtful = gain.mean <= gain.standardError;
  return {
    step: minimum.step,
    reliability: doubtful ? "unreliable" : "reliable",
    note: doubtful
      ? `${note} Here the gain over the pretrained point is within one standard error: nothing to choose by.`
      : note,
    error: minimum.value,
    standardError,
    oneStandardErrorStep: first,
    interval: [Math.min(first, minimum.step), last],
    curve,
  };
}

export interface CrossValidationRuleInput extends FoldProblem, RunInput, LongOptions {
  /** Default 10, fewer where classes are small; n leaves one example out at a time. */
  folds?: number;
  /** (n) classes, to stratify the folds; default read off the targets. */
  labels?: ArrayLike<number>;
  seed?: number; // default 0
}

/**
 * The step with the smallest cross-validated error of the kernel path, with its standard error over folds.
 * Needs the kernel itself: each fold has eigenvectors of its own.
 * @throws CallError for a wrong shape or option, DataError for NaN in the data
 */
export async function kFoldCrossValidation(
  input: CrossValidationRuleInput,
): Promise<StoppingChoice & CvChoice & { folds: number }> {
  return chooseByFolds("kFoldCrossValidation", input);
}

/**
 * Exact leave-one-out: every example (all its outputs together) scored by a path that has not seen it.
 * @throws CallError for a wrong shape or option, DataError for NaN in the data
 */
export async function leaveOneOut(
  input: Omit<CrossValidationRuleInput, "folds" | "labels">,
): Promise<StoppingChoice & CvChoice & { folds: number }> {
  return chooseByFolds("leaveOneOut", { ...input, folds: input.n });
}

async function chooseByFolds(where: string, input: CrossValidationRuleInput) {
  const { kernel, n, outputs, targets, f0, seed = 0 } = input;
  const N = kernelSize(where, kernel, n);
  requireInteger(where, "seed", seed, 0);
  requireLength(where, "the kernel", kernel, (n * outputs) ** 2);
  requireLength(where, "targets", targets, N);
  requireLength(where, "f0", f0, N);
  requireFinite(where, "targets", targets);
  requireFinite(where, "f0", f0);
  const labels = input.labels ?? labelsOf(targets, n, outputs);
  if (labels) requireLength(where, "labels", labels, n);
  const { filters, maxSteps } = runFilters(where, input);
  const folds = input.folds ?? defaultFolds(n, labels);
  const all = { ...input, filters, folds, seed, labels, permutations: 0, maxSteps };
  const choice = cv(await crossValidate(all), maxSteps);
  return { ...choice, ...stated(choice, filters, input.stepsPerEpoch), folds };
}
