/**
 * What the stopping rule sees of a kernel matrix K̂ = Θ/n: its eigenvalues λ₁ ≥ λ₂ ≥ … ≥ 0.
 *
 *   R(ε) = √( (1/n) Σ min(λ_i, ε²) )                       local empirical Rademacher complexity
 *   d(η) = Σ min(1, ηλ_i)                                  effective dimension;  R(1/√η)² = d(η)/(nη)
 *   d(η) = #{λ_i > 1/η} + η (tr K̂ − Σ_{λ_i > 1/η} λ_i)     from the eigenvalues above 1/η and the trace alone
 *
 * So the k largest eigenvalues and the trace give both exactly, as long as the smallest of the k is at most ε² = 1/η.
 * Eigenvalues below 0 are round-off of a positive semi-definite matrix and count as 0.
 * 2/λ₁, above which a step diverges: |1 − αλ₁| > 1 [derived].
 * Source: R: Raskutti, Wainwright & Yu, JMLR 15 (2014) [recalled]; its forms: theory.md §2 [derived]. Cost: one pass over the eigenvalues.
 */
import { CallError, complaint } from "../errors.ts";
import { requireNumber } from "./check.ts";

export interface SpectrumInput {
  /** Of K̂ = Θ/n, any order: all of them, or the largest k. */
  eigenvalues: ArrayLike<number>;
  /** tr K̂. Needed with the largest k only; without it the eigenvalues not given count as 0. */
  trace?: number;
}

export interface SortedSpectrum {
  values: Float64Array; // largest first, none below 0
  /** tail[j] = Σ_{i ≥ j} λ_i + rest, summed from the small end; one longer than values. */
  tail: Float64Array;
  /** Trace outside the eigenvalues given; 0 where it is not above round-off. */
  rest: number;
}

/** Part of the trace that a missing remainder may differ from 0 by: round-off of a sum of N terms. */
const REST_TOLERANCE = 1e-12;

/** @param input.n rows of the matrix, where known: with that many eigenvalues given there is no rest */
export function sortedSpectrum(where: string, input: SpectrumInput & { n?: number }): SortedSpectrum {
  const { eigenvalues, trace, n = Number.POSITIVE_INFINITY } = input;
  const values = Float64Array.from(eigenvalues, (value) => Math.max(0, value));
  if (values.some((value) => !Number.isFinite(value))) {
    throw new CallError(complaint(where, "finite eigenvalues", "NaN or Infinity among them"));
  }
  values.sort().reverse();
  let rest = 0;
  if (trace !== undefined) {
    requireNumber(where, "trace", trace);
    let sum = 0;
    for (let i = values.length - 1; i >= 0; i--) sum += values[i];
    rest = trace - sum;
    if (values.length >= n || rest <= REST_TOLERANCE * Math.abs(trace)) rest = 0;
  }
  const tail = new Float64Array(values.length + 1);
  tail[values.length] = rest;
  for (let i = values.length - 1; i >= 0; i--) tail[i] = tail[i + 1] + values[i];
  return { values, tail, rest };
}

/** Number of eigenvalues above `bound`, by bisection in the sorted list. */
function countAbove({ values }: SortedSpectrum, bound: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] > bound) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Throws if an eigenvalue that was not given could be above `bound`. */
export function requireReach(where: string, spectrum: SortedSpectrum, bound: number): void {
  const { values, rest } = spectrum;
  if (rest === 0 || (values.length > 0 && values[values.length - 1] <= bound)) return;
  throw new CallError(
    complaint(
      where,
      `eigenvalues down to ${bound.toPrecision(4)}`,
      `${values.length} of them, the smallest ${values.length ? values[values.length - 1].toPrecision(4) : "none"}, and ${rest.toPrecision(4)} of the trace in the others`,
      "a larger k",
    ),
  );
}

/** d(η) of a sorted spectrum. */
export function dimensionAt(spectrum: SortedSpectrum, eta: number): number {
  if (eta === 0) return 0;
  const k = countAbove(spectrum, 1 / eta);
  const tail = spectrum.tail[k];
  return tail === 0 ? k : k + eta * tail;
}

/**
 * R(ε) = √( (1/n) Σ min(λ_i, ε²) ).
 * @param input.radius ε ≥ 0
 * @throws CallError where the eigenvalues given end above ε² and the trace says there are more
 */
export function localRademacherComplexity(input: SpectrumInput & { n: number; radius: number }): number {
  const where = "localRademacherComplexity";
  requireNumber(where, "n", input.n, 0, true);
  requireNumber(where, "radius", input.radius, 0);
  const spectrum = sortedSpectrum(where, input);
  const squared = input.radius ** 2;
  requireReach(where, spectrum, squared);
  return complexityAt(spectrum, input.n, squared);
}

/** R(ε) of a sorted spectrum, from ε². */
export function complexityAt(spectrum: SortedSpectrum, n: number, squared: number): number {
  const k = countAbove(spectrum, squared);
  return Math.sqrt(((k === 0 ? 0 : k * squared) + spectrum.tail[k]) / n);
}

/**
 * d(η) = Σ min(1, ηλ_i): how many directions gradient descent has learnt by the clock η.
 * @throws CallError where the eigenvalues given end above 1/η and the trace says there are more
 */
export function effectiveDimension(input: SpectrumInput & { eta: number }): number {
  const where = "effectiveDimension";
  requireNumber(where, "eta", input.eta, 0);
  const spectrum = sortedSpectrum(where, input);
  if (input.eta > 0) requireReach(where, spectrum, 1 / input.eta);
  return dimensionAt(spectrum, input.eta);
}

/**
 * d log d / d log η at η: the share of d(η) held by directions not yet learnt. Tends to 1/a for λ_j ~ j^(−a); 0 once all are learnt.
 */
export function effectiveDimensionSlope(input: SpectrumInput & { eta: number }): number {
  const where = "effectiveDimensionSlope";
  requireNumber(where, "eta", input.eta, 0, true);
  const spectrum = sortedSpectrum(where, input);
  requireReach(where, spectrum, 1 / input.eta);
  const tail = input.eta * spectrum.tail[countAbove(spectrum, 1 / input.eta)];
  return tail === 0 ? 0 : tail / dimensionAt(spectrum, input.eta);
}

/** 2/λ₁: from this step size on, gradient descent on the squared loss does not converge. Infinity for a kernel that is 0. */
export function maxLearningRate(input: SpectrumInput): number {
  const { values } = sortedSpectrum("maxLearningRate", input);
  return values.length > 0 && values[0] > 0 ? 2 / values[0] : Number.POSITIVE_INFINITY;
}
