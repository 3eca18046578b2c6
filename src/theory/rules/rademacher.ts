/**
 * The stopping time T̂ of the theory (stoppingTime.ts) as a rule: right in rate, conservative in its constant. With C outputs it
 * is applied to the nC × nC kernel with N = nC in place of n: eigenvalues λ/C of Θ/N on the clock Cαt, so that S_t is the same.
 * Source: theory.md §2.
 */
import { type StoppingInput, stoppingSensitivity, stoppingTime } from "../stoppingTime.ts";
import type { RuleChoice } from "./choice.ts";

export interface RademacherInput {
  /** (N) of Θ/n. */
  values: Float64Array;
  n: number;
  outputs: number;
  /** What one step adds to the clock of Θ/n. */
  stepSize: number;
  sigma: number;
  norm: number;
  maxSteps: number;
}

export interface RademacherChoice extends RuleChoice {
  /** ε̂² of Θ/N, on the clock of Θ/N: with one output that of Θ/n. */
  criticalRadiusSquared: number;
  /** T̂ at σ/B doubled and halved. */
  interval: [number, number];
}

/** The same rule, seen as stoppingTime's input: eigenvalues of Θ/N and the clock of Θ/N. */
export function radiusInput({
  values,
  n,
  outputs: C,
  stepSize,
  sigma,
  norm,
}: RademacherInput): StoppingInput {
  return { eigenvalues: values.map((value) => value / C), n: n * C, sigma, norm, stepSize: C * stepSize };
}

export function rademacher(input: RademacherInput): RademacherChoice {
  const { maxSteps } = input;
  const found = stoppingTime(radiusInput(input));
  const { step: around } = stoppingSensitivity(radiusInput(input), [2, 0.5]);
  const capped = (step: number) => (Number.isFinite(step) ? step : maxSteps);
  const note =
    "Right in rate, deliberately conservative in its constant: it stops early rather than late, and is not the empirical optimum.";
  if (!Number.isFinite(found.step)) {
    return {
      step: maxSteps,
      reliability: "unreliable",
      note: `With σ = 0 the rule never stops; the largest step considered stands in. ${note}`,
      criticalRadiusSquared: found.criticalRadiusSquared,
      interval: [capped(around[0]), maxSteps],
    };
  }
  return {
    step: found.step,
    reliability: "conservative",
    note: `${note} With σ/B doubled it says ${around[0]}, halved ${around[1]}.`,
    criticalRadiusSquared: found.criticalRadiusSquared,
    interval: [around[0], around[1]],
  };
}
