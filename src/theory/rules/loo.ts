/**
 * The one-line shortcut for leave-one-out: (1/N) Σ ( r_t,i / (1 − H_ii) )², H = I − U S_t Uᵀ, at its smallest.
 * Exact for kernel ridge regression; on a gradient descent path an approximation, and named so: leaving a text out changes the
 * path (`leaveOneOut` does that). It leaves out one entry (text and output) at a time.
 * With the k largest eigenvectors only, S_t of the others lies between S_t(λ_k) and 1, which bounds r_t,i and 1 − H_ii row by row [derived].
 * Source: theory.md §2 [derived for ridge; on a path an approximation]. Cost: kN per step looked at.
 */
import { type Basis, type BasisRuleInput, basisInput } from "./basis.ts";
import { inSampleChoice, minimiseBracket, type RuleChoice } from "./choice.ts";
import { type StoppingChoice, stated } from "./input.ts";
import { type Bracket, exactly, type RulePath, restLeft } from "./path.ts";

const SMALLEST = 1e-10;
const STRETCH = 1024;

/** (1/N) Σ (r_i/l_i)², summed row by row; +∞ where some l_i is below 1e-10. */
class Ratio {
  private sum = 0;
  add(residual: number, left: number): void {
    this.sum += left < SMALLEST ? Number.POSITIVE_INFINITY : (residual / left) ** 2;
  }
  over(N: number): number {
    return this.sum / N;
  }
}

/**
 * r_t,i = Σ_j S_j ρ_j U_ij and 1 − H_ii = Σ_j S_j U_ij² for the rows of one stretch, `length` from `start` on. Four eigenvectors
 * pass at once, which reads and writes the sums a quarter as often.
 */
function addDirections(
  { vectors, coefficients }: Basis,
  S: Float64Array,
  { start, length, N }: { start: number; length: number; N: number },
  residual: Float64Array,
  left: Float64Array,
): void {
  const k = coefficients.length;
  residual.fill(0, 0, length);
  left.fill(0, 0, length);
  let j = 0;
  for (; j + 4 <= k; j += 4) {
    const [a, b, c, d] = [S[j], S[j + 1], S[j + 2], S[j + 3]];
    const [ra, rb, rc, rd] = [0, 1, 2, 3].map((i) => S[j + i] * coefficients[j + i]);
    const at = j * N + start;
    for (let i = 0; i < length; i++) {
      const p = vectors[at + i];
      const q = vectors[at + N + i];
      const u = vectors[at + 2 * N + i];
      const v = vectors[at + 3 * N + i];
      residual[i] = residual[i] + ra * p + rb * q + rc * u + rd * v;
      left[i] = left[i] + a * p * p + b * q * q + c * u * u + d * v * v;
    }
  }
  for (; j < k; j++) {
    const share = S[j];
    const moved = share * coefficients[j];
    for (let i = 0, at = j * N + start; i < length; i++, at++) {
      residual[i] += moved * vectors[at];
      left[i] += share * vectors[at] * vectors[at];
    }
  }
}

/** The criterion of one path, for any step. In stretches of rows that stay in the cache while all eigenvectors pass. */
function looCriterion(path: RulePath, basis: Basis): (t: number) => Bracket {
  const { vectors, coefficients, beyond } = basis;
  const N = path.size;
  const { rest } = path;
  /** (N) share of each row outside the vectors given, and its root. */
  const outside = new Float64Array(beyond ? N : 0).fill(1);
  for (let at = 0; at < outside.length * coefficients.length; at++) {
    outside[at % N] -= vectors[at] * vectors[at];
  }
  for (let i = 0; i < outside.length; i++) outside[i] = Math.max(0, outside[i]);
  const roots = outside.map(Math.sqrt);
  const residual = new Float64Array(STRETCH);
  const left = new Float64Array(STRETCH);
  return (t) => {
    const S = path.at(t).left;
    const between = restLeft(path, t);
    const spread = rest
      ? Math.max(between.value - between.low, between.high - between.value) * Math.sqrt(rest.energy)
      : 0;
    const [low, value, high] = [new Ratio(), new Ratio(), new Ratio()];
    for (let start = 0; start < N; start += STRETCH) {
      const length = Math.min(STRETCH, N - start);
      addDirections(basis, S, { start, length, N }, residual, left);
      if (!beyond) {
        for (let i = 0; i < length; i++) value.add(residual[i], left[i]);
        continue;
      }
      for (let i = 0, row = start; i < length; i++, row++) {
        const seen = residual[i] + between.value * beyond[row];
        const off = spread * roots[row];
        low.add(Math.max(0, Math.abs(seen) - off), left[i] + between.high * outside[row]);
        value.add(seen, left[i] + between.value * outside[row]);
        high.add(Math.abs(seen) + off, left[i] + between.low * outside[row]);
      }
    }
    if (!beyond) return exactly(value.over(N));
    return { low: low.over(N), value: value.over(N), high: high.over(N) };
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
