/** What every rule in this folder is given and gives. */
import { discreteFilters, type Filters } from "../filters.ts";

/** A full spectral path of N entries: eigenvalues of Θ/n and how the residual r = Y − f₀ splits over the eigenvectors. */
export interface RulePath {
  values: Float64Array; // (N) of Θ/n, largest first
  energy: Float64Array; // (N) (u_iᵀ r)²
  filters: Filters;
  /** The last step considered. */
  maxSteps: number;
}

export interface RuleChoice {
  step: number;
  reliability: "reliable" | "conservative" | "unreliable";
  /** When to trust the rule, and why it is flagged where it is. */
  note: string;
}

export function rulePath(
  values: Float64Array,
  coefficients: Float64Array,
  stepSize: number,
  maxSteps: number,
): RulePath {
  const energy = coefficients.map((value) => value * value);
  return { values, energy, filters: discreteFilters(stepSize), maxSteps };
}

/** ‖Y − f_t‖²_N = (1/N) Σ S_t² (u_iᵀr)². */
export function trainingError({ values, energy, filters }: RulePath, t: number): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += filters.residual(values[i], t) ** 2 * energy[i];
  return sum / values.length;
}

/** tr(I − S_t): degrees of freedom spent by step t. */
export function degrees({ values, filters }: RulePath, t: number): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += filters.learned(values[i], t);
  return sum;
}

/** Above this share of N the fit is close to interpolation and in-sample rules lose their footing (theory.md §2). */
const NEAR_INTERPOLATION = 0.8;

/** The choice of an in-sample rule, flagged where it lies near interpolation. */
export function inSampleChoice(path: RulePath, step: number, note: string): RuleChoice {
  const share = degrees(path, step) / path.values.length;
  if (share <= NEAR_INTERPOLATION) return { step, reliability: "reliable", note };
  return {
    step,
    reliability: "unreliable",
    note: `${note} Here tr(I − S_t) is ${Math.round(100 * share)} % of N, near interpolation: do not rely on it.`,
  };
}
