/**
 * How much the step of each rule hangs on σ and B: the step with either off by given factors, and the elasticity
 * d log(1 + t)/d log σ between the outer factors. T̂ hangs on σ/B alone; GCV, cross-validation and hold-out on neither.
 * Source: theory.md §2; that T̂ hangs on σ/B alone: stoppingTime.ts [derived]. Cost: the rule, twice for every factor.
 */
import { CallError, complaint } from "../errors.ts";
import { requireNumber } from "./check.ts";
import { discrepancyPrinciple, smoothedDiscrepancyPrinciple } from "./rules/discrepancy.ts";
import { generalizedCrossValidation } from "./rules/gcv.ts";
import type { SpectrumRuleInput } from "./rules/input.ts";
import { rademacherRule } from "./rules/rademacher.ts";
import { steinUnbiasedRisk } from "./rules/sure.ts";

export interface Sensitivity {
  factor: number[];
  /** Step with σ, or B, multiplied by each factor. */
  bySigma: number[];
  byNorm: number[];
  /** d log(1 + t)/d log σ and /d log B, between the smallest and the largest factor. */
  elasticity: { sigma: number; norm: number };
}

/**
 * @param step the step of a rule at given σ and B
 * @param factors above 0, at least two
 * @throws CallError for a wrong option; whatever `step` throws
 */
export function sensitivityOf(
  step: (sigma: number, norm: number) => number,
  { sigma, norm }: { sigma: number; norm: number },
  factors: readonly number[] = [0.5, 0.8, 1, 1.25, 2],
): Sensitivity {
  const where = "sensitivityOf";
  if (factors.length < 2) throw new CallError(complaint(where, "two factors or more", `${factors.length}`));
  for (const factor of factors) requireNumber(where, "a factor", factor, 0, true);
  const bySigma = factors.map((factor) => step(factor * sigma, norm));
  const byNorm = factors.map((factor) => step(sigma, factor * norm));
  const low = factors.indexOf(Math.min(...factors));
  const high = factors.indexOf(Math.max(...factors));
  const slope = (steps: number[]) =>
    steps[low] === steps[high]
      ? 0
      : Math.log((1 + steps[high]) / (1 + steps[low])) / Math.log(factors[high] / factors[low]);
  return {
    factor: [...factors],
    bySigma,
    byNorm,
    elasticity: { sigma: slope(bySigma), norm: slope(byNorm) },
  };
}

/**
 * Sensitivity of the rules that read a spectrum, each alone.
 * @throws as the rules: CallError for a wrong call, DataError for unfit numbers
 */
export function ruleSensitivities(
  input: SpectrumRuleInput & { sigma: number; norm: number; decay?: number },
  factors?: readonly number[],
): Record<"rademacher" | "discrepancy" | "smoothed_discrepancy" | "sure" | "gcv", Sensitivity> {
  const of = (rule: (changed: typeof input) => { step: number }) =>
    sensitivityOf((sigma, norm) => rule({ ...input, sigma, norm }).step, input, factors);
  return {
    rademacher: of(rademacherRule),
    discrepancy: of(discrepancyPrinciple),
    smoothed_discrepancy: of(smoothedDiscrepancyPrinciple),
    sure: of(steinUnbiasedRisk),
    gcv: of(generalizedCrossValidation),
  };
}
