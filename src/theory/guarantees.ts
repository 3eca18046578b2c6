/**
 * What the theory promises of ‖f_t − f*‖²_n before, at and after T̂, with M = nB²/(4e²σ²) = η̂ d(η̂) and ε̂² = 1/η̂.
 *
 *   before  E ≤ (½ + 1/(4e)) B²/(eη_t)        bias² ≤ B²/(2eη_t), variance ≤ σ² d(η_t)/n ≤ B²/(4e²η_t) as η d(η) ≤ M       [derived]
 *           4 B²/(eη_t), with high probability                                                                          [recalled]
 *   at      E ≤ (½ + 1/(4e)) (η̂/η_T̂) B² ε̂²/e   the same at T̂; η̂/η_T̂ ≤ 2 for a constant step and T̂ ≥ 1                 [derived]
 *           12 B² ε̂², with high probability                                                                              [recalled]
 *   after   E ≤ B²/(2eη_t) + σ² d(η_t)/n        both terms, at any step                                                    [derived]
 *           E ≥ (σ²/4n) Σ min(1, η_tλ)²         the variance, as 1 − S_t ≥ ½ min(1, η_tλ)                                   [derived]
 *           (σ²/4) η_t R²(1/√η_t) = (σ²/4n) d(η_t), for spectra in which η̂-sized directions carry d(η)                  [recalled]
 *
 * E is the expectation over the noise. All of it for α_sλ₁ ≤ 1 and ‖g‖_H ≤ B. Source: theory.md §3. Cost: k a step.
 */
import { CallError, complaint } from "../errors.ts";
import { requireNumber } from "./check.ts";
import { type StepSchedule, stepClock } from "./schedule.ts";
import { dimensionAt, sortedSpectrum } from "./spectrum.ts";
import { type StoppingTime, stoppingTime } from "./stoppingTime.ts";

export interface Guarantee {
  region: "before" | "at" | "after";
  side: "upper" | "lower";
  /** "derived": proved in the header of guarantees.ts and tested; "recalled": from the literature, constant not checked again. */
  constant: "derived" | "recalled";
  /** Of the expectation over the noise, or with high probability. */
  sense: "expectation" | "high-probability";
  formula: string;
  /** The steps asked for that lie in the region, and the bound at each. */
  step: number[];
  bound: number[];
}

export interface GuaranteeInput {
  /** Of K̂ = Θ/n, any order: all of them, or the largest k (as far as 1/η of the last step asked for). */
  eigenvalues: ArrayLike<number>;
  trace?: number;
  n: number; // rows of the matrix
  sigma: number; // above 0
  norm: number; // B above 0
  stepSize: StepSchedule;
  maxSteps?: number;
  /** Steps t ≥ 0 to report, any order; T̂ itself is always reported. */
  steps: readonly number[];
}

/** (½ + 1/(4e))/e. */
const BEFORE = (0.5 + 1 / (4 * Math.E)) / Math.E;

/** @throws CallError for a wrong option, for σ or B not above 0, and as `stoppingTime` */
export function guarantees(input: GuaranteeInput): { stop: StoppingTime; guarantees: Guarantee[] } {
  const where = "guarantees";
  const { n, sigma, norm, steps } = input;
  requireNumber(where, "sigma", sigma, 0, true);
  requireNumber(where, "norm", norm, 0, true);
  for (const t of steps) {
    requireNumber(where, "a step", t, 0);
  }
  const clock = stepClock(where, input.stepSize, input.maxSteps);
  const spectrum = sortedSpectrum(where, input);
  const largest = spectrum.values[0] ?? 0;
  if (clock.largest * largest > 1 + 1e-9) {
    throw new CallError(
      complaint(where, `step sizes up to 1/λ₁ = ${(1 / largest).toPrecision(4)}`, `${clock.largest}`),
    );
  }
  const stop = stoppingTime(input);
  const B2 = norm * norm;
  const noise = (sigma * sigma) / n;
  const dimension = (eta: number) => dimensionAt(spectrum, eta);
  /** Σ min(1, ηλ)² over the eigenvalues given: the others can only add. */
  const squares = (eta: number) =>
    spectrum.values.reduce((sum, value) => sum + Math.min(1, eta * value) ** 2, 0);
  const before = steps.filter((t) => t < stop.step && clock.eta(t) > 0);
  const after = steps.filter((t) => t > stop.step);
  const at = stop.step > 0 && Number.isFinite(stop.step) ? [stop.step] : [];
  const stated = (
    of: Omit<Guarantee, "step" | "bound">,
    which: readonly number[],
    bound: (eta: number) => number,
  ): Guarantee => ({ ...of, step: [...which], bound: which.map((t) => bound(clock.eta(t))) });
  const expected = { constant: "derived", sense: "expectation" } as const;
  const recalled = { constant: "recalled", sense: "high-probability" } as const;
  return {
    stop,
    guarantees: [
      stated(
        { region: "before", side: "upper", ...expected, formula: "(1/2 + 1/(4e)) B²/(eη)" },
        before,
        (eta) => (BEFORE * B2) / eta,
      ),
      stated(
        { region: "before", side: "upper", ...recalled, formula: "4 B²/(eη)" },
        before,
        (eta) => (4 * B2) / (Math.E * eta),
      ),
      stated(
        { region: "at", side: "upper", ...expected, formula: "(1/2 + 1/(4e)) (η̂/η_T̂) B² ε̂²/e" },
        at,
        (eta) => (BEFORE * B2) / eta,
      ),
      stated(
        { region: "at", side: "upper", ...recalled, formula: "12 B² ε̂²" },
        at,
        () => 12 * B2 * stop.criticalRadiusSquared,
      ),
      stated(
        { region: "after", side: "upper", ...expected, formula: "B²/(2eη) + σ² d(η)/n" },
        after,
        (eta) => B2 / (2 * Math.E * eta) + noise * dimension(eta),
      ),
      stated(
        { region: "after", side: "lower", ...expected, formula: "(σ²/4n) Σ min(1, ηλ)²" },
        after,
        (eta) => (noise / 4) * squares(eta),
      ),
      stated(
        { region: "after", side: "lower", ...recalled, formula: "(σ²/4) η R²(1/√η)" },
        after,
        (eta) => (noise / 4) * dimension(eta),
      ),
    ],
  };
}
