/**
 * The stopping rule T̂ = argmin{ t : R(1/√η_t) > B/(2eση_t) } − 1, for constant steps η_t = αt, in its three forms.
 *
 *   definition            the first t at which the complexity passes its bound, minus 1
 *   critical radius       R(ε̂) = Bε̂²/(2eσ);  T̂ = ⌊1/(αε̂²)⌋
 *   effective dimension   the last t with η d(η) ≤ M,  M = nB²/(4e²σ²)
 *
 * η d(η) rises from 0 and is quadratic between the points 1/λ_j, so η̂ = 1/ε̂² has a closed form:
 * with k eigenvalues above 1/η̂ and τ the trace of the others, τη² + kη = M.
 * Only σ/B matters. K̂ → cK̂ with α → α/c leaves T̂ unchanged: B is measured in the norm of the kernel, B² → B²/c.
 *
 * Source: Sun & Raskutti (arXiv:2412.01120, authors' code); B = 1: Raskutti, Wainwright & Yu, JMLR 15 (2014). theory.md §2.
 * With C outputs: give the eigenvalues of Θ/N, N = nC, as eigenvalues, N as n, and Cα as stepSize (theory.md §1, §2). Those of
 * Θ/n with n and α give the same T̂, as both sides of η d(η) ≤ M are C times smaller; only ε̂² is then C times larger.
 * Cost: one sort of the eigenvalues.
 */
import { CallError, complaint } from "../errors.ts";
import { requireNumber } from "./check.ts";
import {
  dimensionAt,
  localRademacherComplexity,
  requireReach,
  type SortedSpectrum,
  type SpectrumInput,
  sortedSpectrum,
} from "./spectrum.ts";

export interface RadiusInput extends SpectrumInput {
  /** Number of rows of the kernel matrix. */
  n: number;
  /** σ ≥ 0: sub-Gaussian noise level of one target entry. */
  sigma: number;
  /** B ≥ 0: bound on the RKHS norm of what is left to learn. */
  norm: number;
}

export interface StoppingInput extends RadiusInput {
  /** α > 0: what one step adds to the clock. */
  stepSize: number;
}

export interface StoppingTime {
  step: number; // T̂; Infinity where the rule never stops (σ = 0, or a kernel that is 0)
  eta: number; // α T̂
  criticalRadiusSquared: number; // ε̂²; Infinity where B = 0
}

/** M = nB²/(4e²σ²): what η d(η) may spend. */
function budget(where: string, { n, sigma, norm }: RadiusInput): number {
  requireNumber(where, "n", n, 0, true);
  requireNumber(where, "sigma", sigma, 0);
  requireNumber(where, "norm", norm, 0);
  if (sigma === 0 && norm === 0) {
    throw new CallError(complaint(where, "sigma or norm above 0", "0 for both", "giving either"));
  }
  return sigma === 0 ? Number.POSITIVE_INFINITY : n * (norm / (2 * Math.E * sigma)) ** 2;
}

/** η̂ with η̂ d(η̂) = M. */
function criticalClock({ values, tail }: SortedSpectrum, M: number): number {
  if (M === 0) return 0;
  let k = 0;
  while (k < values.length && values[k] > 0) {
    const eta = 1 / values[k];
    if (eta * (k + eta * tail[k]) >= M) break;
    k++;
  }
  // the positive root of τη² + kη − M, in the form that does not cancel
  return (2 * M) / (k + Math.sqrt(k * k + 4 * tail[k] * M));
}

function solve(where: string, input: RadiusInput) {
  const M = budget(where, input);
  const spectrum = sortedSpectrum(where, input);
  const zero = spectrum.tail[0] === 0;
  const eta =
    M === Number.POSITIVE_INFINITY || (zero && M > 0) ? Number.POSITIVE_INFINITY : criticalClock(spectrum, M);
  if (eta > 0) requireReach(where, spectrum, 1 / eta);
  return { M, spectrum, eta };
}

/**
 * ε̂ > 0 with R(ε̂) = Bε̂²/(2eσ). 0 where σ = 0 or the kernel is 0, Infinity where B = 0.
 * @throws CallError where the eigenvalues given end above ε̂² and the trace says there are more
 */
export function criticalRadius(input: RadiusInput): number {
  return 1 / Math.sqrt(solve("criticalRadius", input).eta);
}

/**
 * T̂ by its critical radius.
 * @throws CallError for a wrong option, and where the eigenvalues given end above ε̂² and the trace says there are more:
 * otherwise the k largest and the trace decide T̂ exactly
 */
export function stoppingTime(input: StoppingInput): StoppingTime {
  const where = "stoppingTime";
  const { stepSize } = input;
  requireNumber(where, "stepSize", stepSize, 0, true);
  const { M, spectrum, eta } = solve(where, input);
  if (eta === Number.POSITIVE_INFINITY) return { step: eta, eta, criticalRadiusSquared: 0 };
  // the quotient can round across an integer: settle it by the condition itself
  const within = (t: number) => stepSize * t * dimensionAt(spectrum, stepSize * t) <= M;
  let step = Math.floor(eta / stepSize);
  if (step < 2 ** 50) {
    if (step > 0 && !within(step)) step--;
    else if (within(step + 1)) step++;
  }
  return { step, eta: stepSize * step, criticalRadiusSquared: 1 / eta };
}

/** First t in 1 … at which `passed` holds, for a condition that stays true once true; Infinity past 2⁵². Doubling, then bisection. */
function firstPassed(passed: (t: number) => boolean): number {
  let high = 1;
  while (!passed(high)) {
    high *= 2;
    if (high > 2 ** 52) return Number.POSITIVE_INFINITY;
  }
  let low = Math.floor(high / 2);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (passed(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** T̂ by its definition: the first t with R(1/√η_t) > B/(2eση_t), minus 1. Slower than `stoppingTime`; a check of it. */
export function stoppingTimeByDefinition(input: StoppingInput): number {
  const { sigma, norm, stepSize } = input;
  budget("stoppingTimeByDefinition", input);
  const passed = (t: number) => {
    const eta = stepSize * t;
    return (
      localRademacherComplexity({ ...input, radius: 1 / Math.sqrt(eta) }) > norm / (2 * Math.E * sigma * eta)
    );
  };
  return firstPassed(passed) - 1;
}

/** T̂ by the effective dimension: the last t with η_t d(η_t) ≤ nB²/(4e²σ²). Slower than `stoppingTime`; a check of it. */
export function stoppingTimeByDimension(input: StoppingInput): number {
  const where = "stoppingTimeByDimension";
  const M = budget(where, input);
  const spectrum = sortedSpectrum(where, input);
  const passed = (t: number) => {
    const eta = input.stepSize * t;
    requireReach(where, spectrum, 1 / eta);
    return eta * dimensionAt(spectrum, eta) > M;
  };
  return firstPassed(passed) - 1;
}

/**
 * T̂ where σ/B is off by each of `factors`: how much the answer hangs on two numbers that data give only roughly.
 * Larger σ/B stops earlier.
 */
export function stoppingSensitivity(
  input: StoppingInput,
  factors: readonly number[] = [0.5, 1, 2],
): { factor: number[]; step: number[] } {
  const step = factors.map((factor) => stoppingTime({ ...input, sigma: input.sigma * factor }).step);
  return { factor: [...factors], step };
}
