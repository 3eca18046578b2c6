/**
 * What t steps of changing size do to one eigendirection: S_t = Π_{s<t} (1 − α_s λ).
 *
 *   −log S_t = Σ_k P_k(t) (aλ)^k / k,   P_k(t) = Σ_{s<t} (α_s/a)^k,   a = max α_s       for aλ ≤ ½
 *
 * All terms are positive and the sum is cut where it no longer changes, so S_t and 1 − S_t keep full relative precision; directions
 * with aλ > ½ are few (at most 2a tr K̂) and multiplied out. P_k is kept at every 64th step.
 * Source: theory.md §1 [derived]. Cost: 64 terms a new step; then a few terms a direction with small aλ, t for one with large.
 */
import { discreteFilters, expRatio, type Filters } from "./filters.ts";
import type { StepClock } from "./schedule.ts";

const SLOW = 0.5;
/** ½^K/K is below the last bit. */
const TERMS = 48;
const STRIDE = 64;

/** P_1(t) … P_K(t) for a listed schedule; the last answer is remembered. */
function powerSums(clock: StepClock): (t: number) => Float64Array {
  const kept: Float64Array[] = [new Float64Array(TERMS)];
  const addStep = (sums: Float64Array, s: number) => {
    const ratio = clock.alpha(s) / clock.largest;
    for (let k = 0, power = ratio; k < TERMS; k++, power *= ratio) sums[k] += power;
  };
  let at = 0;
  let sums = kept[0];
  return (t) => {
    if (t === at) return sums;
    while (kept.length <= Math.floor(t / STRIDE)) {
      const next = kept[kept.length - 1].slice();
      for (let s = (kept.length - 1) * STRIDE; s < kept.length * STRIDE; s++) addStep(next, s);
      kept.push(next);
    }
    sums = kept[Math.floor(t / STRIDE)].slice();
    for (let s = Math.floor(t / STRIDE) * STRIDE; s < t; s++) addStep(sums, s);
    at = t;
    return sums;
  };
}

/** Filters of a schedule; of discreteFilters where all steps are equal, use those. t: an integer ≥ 0, at most the last step. */
export function scheduleFilters(clock: StepClock): Filters {
  const sumsAt = powerSums(clock);
  const ended = (t: number) => Math.min(t, clock.last);
  /** −log S_t for aλ ≤ ½. */
  const exponent = (y: number, sums: Float64Array) => {
    let sum = 0;
    for (let k = 0, power = y; k < TERMS; k++, power *= y) {
      const next = sum + (sums[k] * power) / (k + 1);
      if (next === sum) break;
      sum = next;
    }
    return sum;
  };
  const product = (lambda: number, t: number) => {
    let left = 1;
    for (let s = 0; s < t && left !== 0; s++) left *= 1 - clock.alpha(s) * lambda;
    return left;
  };
  const slow = (lambda: number) => clock.largest * lambda <= SLOW;
  const residual = (lambda: number, t: number) => {
    if (!(lambda > 0) || t === 0) return 1;
    if (!slow(lambda)) return product(lambda, ended(t));
    return Math.exp(-exponent(clock.largest * lambda, sumsAt(ended(t))));
  };
  return {
    kind: "schedule",
    stepSize: clock.largest,
    clock: (t) => clock.eta(t),
    residual,
    learned(lambda, t) {
      if (!(lambda > 0) || t === 0) return 0;
      if (!slow(lambda)) return 1 - product(lambda, ended(t));
      return -Math.expm1(-exponent(clock.largest * lambda, sumsAt(ended(t))));
    },
    dual(lambda, t) {
      if (t === 0) return 0;
      if (!(lambda > 0)) return clock.eta(t);
      if (!slow(lambda)) return (1 - product(lambda, ended(t))) / lambda;
      const x = exponent(clock.largest * lambda, sumsAt(ended(t)));
      // (1 − e^(−x))/λ = (x/λ)·(1 − e^(−x))/x, which is η_t at λ = 0
      return x === 0 ? clock.eta(t) : (x / lambda) * expRatio(x);
    },
    exponents(values) {
      const y = Float64Array.from(values, (lambda) => clock.largest * Math.max(0, lambda));
      return (t, out) => {
        const sums = sumsAt(ended(t));
        for (let i = 0; i < y.length; i++) out[i] = y[i] <= SLOW ? exponent(y[i], sums) : Number.NaN;
      };
    },
  };
}

/** The filters of any clock: those of a constant step where all are equal, which have a closed form. */
export function clockFilters(clock: StepClock): Filters {
  return clock.constant === null ? scheduleFilters(clock) : discreteFilters(clock.constant);
}
