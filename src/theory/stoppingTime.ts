/**
 * The stopping rule T̂ = argmin{ t : R(1/√η_t) > B/(2eση_t) } − 1 in its three forms, for any steps: η_t = Σ_{s<t} α_s.
 *
 *   definition            the first t at which the complexity passes its bound, minus 1
 *   critical radius       R(ε̂) = Bε̂²/(2eσ);  T̂ = max{ t : η_t ≤ 1/ε̂² }, ⌊1/(αε̂²)⌋ for a constant step
 *   effective dimension   the last t with η d(η) ≤ M,  M = nB²/(4e²σ²)
 *
 * η d(η) rises from 0 and is quadratic between the points 1/λ_j, so η̂ = 1/ε̂² has a closed form:
 * with k eigenvalues above 1/η̂ and τ the trace of the others, τη² + kη = M.
 * Only σ/B matters. K̂ → cK̂ with α → α/c leaves T̂ unchanged: B is measured in the norm of the kernel, B² → B²/c.
 *
 * Source: the definition: Sun & Raskutti (arXiv:2412.01120, authors' code) [paper]; B = 1: Raskutti, Wainwright & Yu, JMLR 15 (2014)
 * [recalled]; the other two forms, the closed form and what T̂ hangs on: theory.md §2 [derived].
 * With C outputs: give the eigenvalues of Θ/N, N = nC, as eigenvalues, N as n, and Cα as stepSize (theory.md §1, §2). Those of
 * Θ/n with n and α give the same T̂, as both sides of η d(η) ≤ M are C times smaller; only ε̂² is then C times larger.
 * Cost: one sort of the eigenvalues, then log n a look at any η.
 */
import { CallError, complaint } from "../errors.ts";
import { requireNumber } from "./check.ts";
import { type StepClock, type StepSchedule, stepClock } from "./schedule.ts";
import {
  complexityAt,
  dimensionAt,
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
  /** α > 0: what one step adds to the clock; or α_s of every step, as a list or a function. */
  stepSize: StepSchedule;
  /** Steps read from a schedule given as a function; default 10000. */
  maxSteps?: number;
}

export interface StoppingTime {
  step: number; // T̂; Infinity where the rule never stops: σ = 0, a kernel that is 0, or a schedule that ends before it
  eta: number; // η at T̂
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
  if (M === Number.POSITIVE_INFINITY || tail[0] === 0) return Number.POSITIVE_INFINITY;
  // the first k with η d(η) ≥ M at η = 1/λ_{k+1}; η d(η) rises with k
  let k = 0;
  let high = values.length;
  while (k < high) {
    const middle = (k + high) >> 1;
    const eta = 1 / values[middle]; // ∞ where λ = 0
    if (eta * (middle + eta * tail[middle]) >= M || values[middle] === 0) high = middle;
    else k = middle + 1;
  }
  return spent(k, tail[k], M);
}

/** The positive root of τη² + kη = M, in the form that does not cancel. */
function spent(k: number, tau: number, M: number): number {
  const square = 4 * tau * M;
  const inRange = square > 0 && square < Number.POSITIVE_INFINITY;
  const root = inRange ? Math.sqrt(k * k + square) : Math.hypot(k, 2 * Math.sqrt(tau) * Math.sqrt(M));
  return (2 * M) / (k + root);
}

function solve(where: string, input: RadiusInput) {
  const M = budget(where, input);
  const spectrum = sortedSpectrum(where, input);
  const eta = criticalClock(spectrum, M);
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
  const clock = stepClock(where, input.stepSize, input.maxSteps);
  const { M, spectrum, eta } = solve(where, input);
  return stopAt(clock, spectrum, M, eta);
}

/** T̂ on a clock, for η̂ = 1/ε̂². */
function stopAt(clock: StepClock, spectrum: SortedSpectrum, M: number, eta: number): StoppingTime {
  const never = { step: Number.POSITIVE_INFINITY, eta: Number.POSITIVE_INFINITY };
  if (eta === Number.POSITIVE_INFINITY) return { ...never, criticalRadiusSquared: 0 };
  const criticalRadiusSquared = 1 / eta;
  let step = clock.lastWithin(eta);
  if (step === Number.POSITIVE_INFINITY) return { ...never, criticalRadiusSquared };
  // 1/ε̂² can round across a value of the clock: settle it by the condition itself
  const within = (t: number) => clock.eta(t) * dimensionAt(spectrum, clock.eta(t)) <= M;
  if (step < 2 ** 50) {
    if (step > 0 && !within(step)) step--;
    else if (within(step + 1)) step++;
  }
  return { step, eta: clock.eta(step), criticalRadiusSquared };
}

/** The last t with `!passed(t)`, for a condition that stays true once true; Infinity where it never is. Doubling, then bisection. */
function lastBefore(passed: (t: number) => boolean, last: number): number {
  const end = Math.min(last, 2 ** 52);
  let low = 0;
  let high = 1;
  while (!passed(high)) {
    if (high === end) return Number.POSITIVE_INFINITY;
    low = high;
    high = Math.min(2 * high, end);
  }
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (passed(middle)) high = middle;
    else low = middle;
  }
  return low;
}

/** T̂ by its definition: the first t with R(1/√η_t) > B/(2eση_t), minus 1. Slower than `stoppingTime`; a check of it. */
export function stoppingTimeByDefinition(input: StoppingInput): number {
  const where = "stoppingTimeByDefinition";
  const { sigma, norm, n } = input;
  budget(where, input);
  const clock = stepClock(where, input.stepSize, input.maxSteps);
  const spectrum = sortedSpectrum(where, input);
  const passed = (t: number) => {
    const eta = clock.eta(t);
    if (eta === 0) return false;
    requireReach(where, spectrum, 1 / eta);
    return complexityAt(spectrum, n, 1 / eta) > norm / (2 * Math.E * sigma * eta);
  };
  return lastBefore(passed, clock.last);
}

/** T̂ by the effective dimension: the last t with η_t d(η_t) ≤ nB²/(4e²σ²). Slower than `stoppingTime`; a check of it. */
export function stoppingTimeByDimension(input: StoppingInput): number {
  const where = "stoppingTimeByDimension";
  const M = budget(where, input);
  const clock = stepClock(where, input.stepSize, input.maxSteps);
  const spectrum = sortedSpectrum(where, input);
  const passed = (t: number) => {
    const eta = clock.eta(t);
    requireReach(where, spectrum, 1 / eta);
    return eta * dimensionAt(spectrum, eta) > M;
  };
  return lastBefore(passed, clock.last);
}

/**
 * Where T̂ lies when the k eigenvalues given end above ε̂², so that the trace no longer decides it: [earliest, latest]. The others, m = n − k
 * of trace τ, add to d(η) at least τ/λ_k (all of it in directions as large as λ_k) and at most min(m, ητ) (all alike), as min(1, ηλ)
 * is concave in λ [derived]. Equal, and T̂, where the eigenvalues reach ε̂².
 * @throws CallError for a wrong option
 */
export function stoppingTimeBounds(input: StoppingInput): [StoppingTime, StoppingTime] {
  const where = "stoppingTimeBounds";
  const M = budget(where, input);
  const clock = stepClock(where, input.stepSize, input.maxSteps);
  const spectrum = sortedSpectrum(where, input);
  const { values, rest } = spectrum;
  const eta = criticalClock(spectrum, M);
  const k = values.length;
  const bound = k > 0 ? values[k - 1] : 0;
  if (rest === 0 || bound === 0 || !(eta > 0) || bound <= 1 / eta) {
    const exact = stopAt(clock, spectrum, M, eta);
    return [exact, exact];
  }
  const m = Math.max(1, input.n - k);
  const alike = sortedSpectrum(where, { eigenvalues: [...values, ...Array(m).fill(rest / m)] });
  const latest = M / (k + rest / bound);
  const step = clock.lastWithin(latest);
  const late = { step, eta: step === Number.POSITIVE_INFINITY ? step : clock.eta(step) };
  return [stopAt(clock, alike, M, criticalClock(alike, M)), { ...late, criticalRadiusSquared: 1 / latest }];
}

/**
 * T̂ where σ/B is off by each of `factors`: how much the answer hangs on two numbers that data give only roughly.
 * Larger σ/B stops earlier.
 */
export function stoppingSensitivity(
  input: StoppingInput,
  factors: readonly number[] = [0.5, 1, 2],
): { factor: number[]; step: number[] } {
  const step = stoppingTimes("stoppingSensitivity", input, factors);
  return { factor: [...factors], step };
}

/** T̂ at σ/B times each of `factors`, with one sort of the eigenvalues. */
export function stoppingTimes(where: string, input: StoppingInput, factors: ArrayLike<number>): number[] {
  const clock = stepClock(where, input.stepSize, input.maxSteps);
  const spectrum = sortedSpectrum(where, input);
  return Array.from(factors, (factor) => {
    requireNumber(where, "a factor", factor, 0);
    const M = budget(where, { ...input, sigma: input.sigma * factor });
    const eta = criticalClock(spectrum, M);
    if (eta > 0) requireReach(where, spectrum, 1 / eta);
    return stopAt(clock, spectrum, M, eta).step;
  });
}
