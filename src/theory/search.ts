/**
 * Searches over integer steps 0 … last, for functions that are cheap at one step but not at every step.
 *
 * `minimise`: every step up to 64, then 8 % apart, then the gap around the best is divided until every step in it has been
 * looked at. Exact where the function has at most one dip between neighbours of that grid: sums of decaying exponentials seen
 * in log t are much smoother than that. Not finite (a path that diverges) counts as +∞; ties go to the earlier step.
 * `firstStep`: bisection, exact for conditions that stay true once true.
 * Cost: about 64 + 30·ln(last/64) evaluations, or log₂(last).
 */

const DENSE = 64;
const RATIO = 1.08;
/** Gaps up to this long are looked at step by step: with αλ > 1 odd and even steps differ. */
const SHORT = 24;
const PIECES = 8;

export interface Minimum {
  step: number;
  value: number;
  /** Every step evaluated, rising, and its value; steps where the function was not finite are left out. */
  steps: number[];
  values: number[];
  /** The function, remembering what it has seen; +∞ where it is not finite. */
  at(step: number): number;
}

/** Steps of the coarse grid: 0 … 64, then 8 % apart, and `last`. */
export function stepGrid(last: number): number[] {
  const steps: number[] = [];
  for (let t = 0; t < last; t = t < DENSE ? t + 1 : Math.ceil(t * RATIO)) steps.push(t);
  steps.push(last);
  return steps;
}

function remembering(f: (step: number) => number) {
  const seen = new Map<number, number>();
  const at = (step: number) => {
    let value = seen.get(step);
    if (value === undefined) {
      value = f(step);
      if (!Number.isFinite(value)) value = Number.POSITIVE_INFINITY;
      seen.set(step, value);
    }
    return value;
  };
  return { at, seen };
}

export function minimise(f: (step: number) => number, last: number): Minimum {
  const { at, seen } = remembering(f);
  let steps = stepGrid(last);
  for (;;) {
    let best = 0;
    for (let i = 0; i < steps.length; i++) if (at(steps[i]) < at(steps[best])) best = i;
    const low = steps[Math.max(0, best - 1)];
    const high = steps[Math.min(steps.length - 1, best + 1)];
    const unseen: number[] = [];
    const stride = high - low <= SHORT ? 1 : (high - low) / PIECES;
    for (let t = low; t <= high; t += stride) {
      const step = Math.round(t);
      if (!seen.has(step)) unseen.push(step);
    }
    if (unseen.length === 0) {
      const known = [...seen.keys()].filter((step) => Number.isFinite(at(step))).sort((a, b) => a - b);
      return { step: steps[best], value: at(steps[best]), steps: known, values: known.map(at), at };
    }
    steps = [...new Set([...steps, ...unseen])].sort((a, b) => a - b);
  }
}

/** The first step in 0 … last with `holds`, for a condition that stays true once true; null where it never is. */
export function firstStep(holds: (step: number) => boolean, last: number): number | null {
  if (holds(0)) return 0;
  if (!holds(last)) return null;
  let low = 0;
  let high = last;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/**
 * Around a minimum: the earliest step anywhere with value ≤ `bound`, and the last one of the stretch that holds the minimum.
 * Found on the steps already evaluated, then by bisection between neighbours.
 */
export function stretchWithin(minimum: Minimum, bound: number): { first: number; last: number } {
  const { steps, at } = minimum;
  const within = (step: number) => at(step) <= bound;
  const i = steps.findIndex(within);
  const before = i > 0 ? steps[i - 1] : 0;
  const first = before + (firstStep((k) => within(before + k), steps[i] - before) ?? 0);
  let j = steps.indexOf(minimum.step);
  while (j + 1 < steps.length && within(steps[j + 1])) j++;
  if (j + 1 >= steps.length) return { first, last: steps[j] };
  const from = steps[j];
  const last = from + (firstStep((k) => !within(from + k), steps[j + 1] - from) ?? 1) - 1;
  return { first, last };
}
