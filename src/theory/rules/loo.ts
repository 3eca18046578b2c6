/**
 * The one-line shortcut for leave-one-out: (1/N) Σ ( r_t,i / (1 − H_ii) )², H = I − U S_t Uᵀ, at its smallest.
 * Exact for kernel ridge regression; on a gradient descent path an approximation, and named so: leaving a text out changes the
 * path (`leaveOneOut` does that). It leaves out one entry (text and output) at a time.
 * With the k largest eigenvectors only, S_t of the others lies between S_t(λ_k) and 1, which bounds r_t,i and 1 − H_ii row by row [derived].
 * Source: theory.md §2. Cost: kN per step looked at.
 */
import { type Basis, type BasisRuleInput, basisInput } from "./basis.ts";
import { inSampleChoice, minimiseBracket, type RuleChoice } from "./choice.ts";
import { type StoppingChoice, stated } from "./input.ts";
import { type Bracket, type RulePath, restLeft } from "./path.ts";

const SMALLEST = 1e-10;
const STRETCH = 1024;

/** (1/N) Σ (r_i/l_i)²; +∞ where some l_i is below 1e-10. */
function ratio(residual: (i: number) => number, left: (i: number) => number, N: number): number {
  let sum = 0;
  for (let i = 0; i < N; i++) {
    const l = left(i);
    if (l < SMALLEST) return Number.POSITIVE_INFINITY;
    sum += (residual(i) / l) ** 2;
  }
  return sum / N;
}

/** The criterion of one path, for any step. */
function looCriterion(path: RulePath, { vectors, coefficients, beyond }: Basis): (t: number) => Bracket {
  const N = path.size;
  const k = coefficients.length;
  const { rest } = path;
  /** (N) share of each row outside the vectors given. */
  const outside = new Float64Array(beyond ? N : 0).fill(1);
  for (let at = 0; at < outside.length * k; at++) outside[at % N] -= vectors[at] * vectors[at];
  for (let i = 0; i < outside.length; i++) outside[i] = Math.max(0, outside[i]);
  const residual = new Float64Array(N);
  const left = new Float64Array(N); // 1 − H_ii = Σ_j S_j U_ij²
  return (t) => {
    const S = path.at(t).left;
    residual.fill(0);
    left.fill(0);
    // in stretches of rows that stay in the cache while all eigenvectors pass
    for (let start = 0; start < N; start += STRETCH) {
      const end = Math.min(N, start + STRETCH);
      for (let j = 0; j < k; j++) {
        const share = S[j];
        const moved = share * coefficients[j];
        for (let i = start, at = j * N + start; i < end; i++, at++) {
          const u = vectors[at];
          residual[i] += moved * u;
          left[i] += share * u * u;
        }
      }
    }
    if (!beyond || !rest) {
      const value = ratio(
        (i) => residual[i],
        (i) => left[i],
        N,
      );
      return { low: value, value, high: value };
    }
    const { low, value, high } = restLeft(path, t);
    const spread = Math.max(value - low, high - value) * Math.sqrt(rest.energy);
    const seen = (i: number) => residual[i] + value * beyond[i];
    const off = (i: number) => spread * Math.sqrt(outside[i]);
    const side = (S: number) => (i: number) => left[i] + S * outside[i];
    return {
      low: ratio((i) => Math.max(0, Math.abs(seen(i)) - off(i)), side(high), N),
      value: ratio(seen, side(value), N),
      high: ratio((i) => Math.abs(seen(i)) + off(i), side(low), N),
    };
  };
}

/** The criterion at step t; +∞ where some 1 − H_ii is below 1e-10. */
export function looAt(path: RulePath, vectors: Float64Array, coefficients: Float64Array, t: number): number {
  return looCriterion(path, { vectors, coefficients, beyond: null })(t).value;
}

export function loo(path: RulePath, basis: Basis): RuleChoice {
  const { step, truncation } = minimiseBracket(looCriterion(path, basis), path);
  return inSampleChoice(
    path,
    step,
    "A shortcut that is exact for ridge regression and an approximation on a gradient descent path; leaves out one entry at a time.",
    truncation,
  );
}

/**
 * The step with the smallest shortcut leave-one-out error. For the exact one: `leaveOneOut`.
 * @throws as ruleInput: CallError for a wrong call, DataError for unfit numbers
 */
export function leaveOneOutShortcut(input: BasisRuleInput): StoppingChoice {
  const { path, basis } = basisInput("leaveOneOutShortcut", input);
  return stated(loo(path, basis), path.filters, input.stepsPerEpoch);
}
