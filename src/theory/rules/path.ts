/**
 * The path a rule looks at: eigenvalues of Θ/n, how the residual r = Y − f₀ splits over the eigenvectors, and the filters of the run.
 * With the k largest only, what is known of the other N − k directions (their trace and their share of ‖r‖²) bounds every sum over them:
 *
 *   ‖Y − f_t‖²:   S_t(λ_k)² E ≤ Σ S_t² ρ² ≤ E                         as 0 ≤ λ ≤ λ_k and S_t falls with λ
 *   tr(I − S_t):  (τ/λ_k)(1 − S_t(λ_k)) ≤ Σ (1 − S_t) ≤ m(1 − S_t(τ/m))    as 1 − S_t is concave in λ; m directions of trace τ
 *
 * for αλ_k ≤ 1; with longer steps only |S_t| ≤ 1 and 1 − S_t ≤ η_tλ are used. Between the bounds, the m directions are taken as equal
 * (λ = τ/m). Where nothing is left out, low = value = high.
 * Source: [derived]. Cost: k a step.
 */
import { discreteFilters, type Filters, spectrumFilters } from "../filters.ts";

/** A number known up to what was left out. */
export interface Bracket {
  low: number;
  value: number;
  high: number;
}

/** high − low; ∞ where the numbers themselves overflow. */
export function width({ low, high }: Bracket): number {
  const between = high - low;
  return Number.isNaN(between) ? Number.POSITIVE_INFINITY : Math.max(0, between);
}

/** What is known of the directions that were not given. */
export interface Rest {
  count: number; // m = N − k
  trace: number; // τ, their share of tr Θ/n
  energy: number; // E, their share of ‖r‖²
  bound: number; // λ_k: none of their eigenvalues is above it
}

export interface RulePath {
  values: Float64Array; // (k) of Θ/n, largest first, none below 0
  energy: Float64Array; // (k) (u_iᵀ r)²
  filters: Filters;
  /** The last step considered. */
  maxSteps: number;
  size: number; // N
  rest: Rest | null;
  /** S_t and 1 − S_t of `values`; the arrays are reused. */
  at(t: number): { left: Float64Array; learned: Float64Array };
}

/** @param step α, or the filters of any run */
export function rulePath(
  values: Float64Array,
  coefficients: Float64Array,
  step: number | Filters,
  maxSteps: number,
  rest: Rest | null = null,
): RulePath {
  const energy = coefficients.map((value) => value * value);
  const filters = typeof step === "number" ? discreteFilters(step) : step;
  const size = values.length + (rest?.count ?? 0);
  return { values, energy, filters, maxSteps, size, rest, at: spectrumFilters(filters, values) };
}

/** S_t over the rest: at λ = τ/m, and between which bounds it lies for each direction. */
export function restLeft({ filters, rest }: RulePath, t: number): Bracket {
  if (!rest || rest.trace === 0) return { low: 1, value: 1, high: 1 };
  const value = filters.residual(rest.trace / rest.count, t);
  const least = filters.residual(rest.bound, t);
  return filters.stepSize * rest.bound <= 1 ? { low: least, value, high: 1 } : { low: -1, value, high: 1 };
}

/** tr(I − S_t) over the rest. */
export function restDegrees({ filters, rest }: RulePath, t: number): Bracket {
  if (!rest || rest.trace === 0) return { low: 0, value: 0, high: 0 };
  const value = rest.count * filters.learned(rest.trace / rest.count, t);
  if (filters.stepSize * rest.bound > 1) {
    return { low: 0, value, high: Math.max(value, Math.min(2 * rest.count, filters.clock(t) * rest.trace)) };
  }
  return {
    low: Math.min(value, rest.trace * filters.dual(rest.bound, t)),
    value,
    high: value,
  };
}

/** Σ over the rest of w S_t² ρ², where w lies between 0 and 1 as S_t² does between its bounds: E times the bounds of S_t². */
function restError(path: RulePath, t: number): Bracket {
  const energy = path.rest?.energy ?? 0;
  const { low, value } = restLeft(path, t);
  const square = (S: number) => energy * S * S;
  return { low: Math.min(square(Math.max(0, low)), square(value)), value: square(value), high: energy };
}

export const exactly = (value: number): Bracket => ({ low: value, value, high: value });
const plus = (a: number, { low, value, high }: Bracket, scale = 1): Bracket => {
  return { low: (a + low) * scale, value: (a + value) * scale, high: (a + high) * scale };
};

/** ‖Y − f_t‖²_N = (1/N) Σ S_t² (u_iᵀr)² and tr(I − S_t), the degrees of freedom spent by step t. */
export function fitAt(path: RulePath, t: number): { error: Bracket; degrees: Bracket } {
  const { energy, size, rest } = path;
  const { left, learned } = path.at(t);
  let sum = 0;
  let spent = 0;
  for (let i = 0; i < left.length; i++) {
    sum += left[i] ** 2 * energy[i];
    spent += learned[i];
  }
  if (!rest) return { error: exactly(sum / size), degrees: exactly(spent) };
  const error = rest.trace === 0 ? exactly(rest.energy) : restError(path, t);
  return { error: plus(sum, error, 1 / size), degrees: plus(spent, restDegrees(path, t)) };
}

/** tr(I − S_t). */
export const degrees = (path: RulePath, t: number): number => fitAt(path, t).degrees.value;
