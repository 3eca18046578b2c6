/**
 * Step sizes that change along the run, and the clock they drive: η_t = Σ_{s<t} α_s.
 *
 *   constant           α_s = α                      η_t = αt
 *   warmup of w steps  α_s = α (s + 1)/w            for s < w, then the schedule behind it
 *   cosine             α_s = φα + (1 − φ)α ½(1 + cos(π (s − w)/(T − w))),  w ≤ s < T
 *   linear             α_s = φα + (1 − φ)α (1 − (s − w)/(T − w))
 *
 * A list of step sizes is the run: past its end nothing moves. A function is read up to `maxSteps`.
 * Source: theory.md §1 [derived]; cosine: Loshchilov & Hutter 2017 [recalled]. Cost: one pass over the steps; then log T a search.
 */
import { CallError, complaint } from "../errors.ts";
import { requireInteger, requireNumber } from "./check.ts";

/** α; or α_s for s = 0, 1, …, as a list or a function. Each ≥ 0, in the units of 1/λ. */
export type StepSchedule = number | ArrayLike<number> | ((step: number) => number);

export interface StepClock {
  /** The last step there is; Infinity for a constant. */
  readonly last: number;
  /** α where every step is the same; null otherwise. */
  readonly constant: number | null;
  /** max α_s. */
  readonly largest: number;
  /** α_s. */
  alpha(step: number): number;
  /** η_t; any t ≥ 0 for a constant, an integer otherwise. Past the last step it stands still. */
  eta(step: number): number;
  /** The last t with η_t ≤ η; Infinity where none passes it. */
  lastWithin(eta: number): number;
}

/** Largest number of steps read from a schedule given as a function. */
export const DEFAULT_MAX_STEPS = 10000;

/** @throws CallError for a step size that is negative or not finite, and where all are 0 */
export function stepClock(where: string, schedule: StepSchedule, maxSteps = DEFAULT_MAX_STEPS): StepClock {
  if (typeof schedule === "number") {
    requireNumber(where, "stepSize", schedule, 0, true);
    return constantClock(schedule);
  }
  requireInteger(where, "maxSteps", maxSteps, 1);
  const length = typeof schedule === "function" ? maxSteps : (schedule?.length ?? 0);
  if (length === 0) throw new CallError(complaint(where, "stepSize: a number, a list or a function", "none"));
  const alpha = typeof schedule === "function" ? schedule : (s: number) => schedule[s];
  return listedClock(
    where,
    Float64Array.from({ length }, (_, s) => alpha(s)),
  );
}

function constantClock(stepSize: number): StepClock {
  return {
    last: Number.POSITIVE_INFINITY,
    constant: stepSize,
    largest: stepSize,
    alpha: () => stepSize,
    eta: (t) => stepSize * t,
    lastWithin(eta) {
      if (eta === Number.POSITIVE_INFINITY) return eta;
      const t = Math.floor(eta / stepSize);
      // the quotient can round across an integer
      if (t > 0 && stepSize * t > eta) return t - 1;
      return t < 2 ** 50 && stepSize * (t + 1) <= eta ? t + 1 : t;
    },
  };
}

function listedClock(where: string, alphas: Float64Array): StepClock {
  const last = alphas.length;
  const etas = new Float64Array(last + 1);
  let largest = 0;
  let lost = 0; // Kahan: what the sums so far have lost
  for (let s = 0; s < last; s++) {
    requireNumber(where, `the step size at step ${s}`, alphas[s], 0);
    largest = Math.max(largest, alphas[s]);
    const part = alphas[s] - lost;
    etas[s + 1] = etas[s] + part;
    lost = etas[s + 1] - etas[s] - part;
  }
  if (largest === 0) throw new CallError(complaint(where, "a step size above 0", "0 at every step"));
  requireNumber(where, "the sum of the step sizes", etas[last]);
  return {
    last,
    constant: null,
    largest,
    alpha: (s) => (s < last ? alphas[s] : 0),
    eta: (t) => etas[Math.min(t, last)],
    lastWithin(eta) {
      if (etas[last] <= eta) return Number.POSITIVE_INFINITY;
      let low = 0;
      let high = last;
      while (high - low > 1) {
        const middle = (low + high) >> 1;
        if (etas[middle] <= eta) low = middle;
        else high = middle;
      }
      return low;
    },
  };
}

/** Every step size times a factor. */
export function scaled(schedule: StepSchedule, factor: number): StepSchedule {
  if (typeof schedule === "number") return factor * schedule;
  if (typeof schedule === "function") return (s) => factor * schedule(s);
  return Float64Array.from(schedule, (alpha) => factor * alpha);
}

export interface DecayingSchedule {
  /** α, the largest step size. */
  peak: number;
  /** T: steps of the run. */
  steps: number;
  /** w < T: steps of linear rise; default 0. */
  warmup?: number;
  /** φ in [0, 1]: α_T as a share of the peak; default 0. */
  floor?: number;
}

function decaying(where: string, input: DecayingSchedule, shape: (share: number) => number): Float64Array {
  const { peak, steps, warmup = 0, floor = 0 } = input;
  requireNumber(where, "peak", peak, 0, true);
  requireInteger(where, "steps", steps, 1);
  requireInteger(where, "warmup", warmup, 0);
  requireNumber(where, "floor", floor, 0);
  if (warmup >= steps)
    throw new CallError(complaint(where, `a warmup of less than ${steps} steps`, `${warmup}`));
  if (floor > 1) throw new CallError(complaint(where, "a floor of at most 1", `${floor}`));
  return Float64Array.from({ length: steps }, (_, s) =>
    s < warmup
      ? (peak * (s + 1)) / warmup
      : peak * (floor + (1 - floor) * shape((s - warmup) / (steps - warmup))),
  );
}

/** (T) α_s: linear warmup, then half a cosine. @throws CallError for a wrong option */
export function cosineSchedule(input: DecayingSchedule): Float64Array {
  return decaying("cosineSchedule", input, (share) => 0.5 * (1 + Math.cos(Math.PI * share)));
}

/** (T) α_s: linear warmup, then a straight line. @throws CallError for a wrong option */
export function linearSchedule(input: DecayingSchedule): Float64Array {
  return decaying("linearSchedule", input, (share) => 1 - share);
}

/** (T) α_s: linear warmup, then the peak. @throws CallError for a wrong option */
export function warmupSchedule(input: Omit<DecayingSchedule, "floor">): Float64Array {
  return decaying("warmupSchedule", input, () => 1);
}
