/**
 * Exact in-sample risk of gradient descent, and the bounds the theory puts around it.
 *
 *   E‖f_t − f*‖²_n = (1/n) Σ S_t² (u_iᵀg)²  +  (σ²/n) Σ (1 − S_t)²
 *                    bias²                      variance
 *
 *   bias² ≤ B²/(2eη_t),   variance ≤ σ² η_t R²(1/√η_t)             [derived, for αλ₁ ≤ 1]
 *   total ≤ 4B²/(eη_t) for t ≤ T̂                                    [recalled constant]
 *
 * n is the number of rows of the kernel (N = nC with C outputs): both terms are means over entries.
 * Source: theory.md §3; the exact risk [derived]. Cost: N per step.
 */
import { CallError, complaint } from "../errors.ts";
import { requireLength, requireNumber } from "./check.ts";
import { project } from "./eigenbasis.ts";
import { discreteFilters, type Filters, flowFilters } from "./filters.ts";
import { dimensionAt, sortedSpectrum } from "./spectrum.ts";

export interface RiskInput {
  /** (k) of Θ/n, in the order of `coefficients` or `vectors`; directions not given have λ = 0. */
  eigenvalues: ArrayLike<number>;
  /** (k) u_iᵀ g(X). Or give `vectors` and `target`. */
  coefficients?: ArrayLike<number>;
  /** (k × n) row i belongs to eigenvalues[i]. */
  vectors?: Float64Array;
  /** (n) g(X) = f*(X) − f₀(X): what is left to learn. */
  target?: Float64Array;
  n: number;
  sigma: number;
  stepSize: number;
  /** Steps t ≥ 0 to report, any order. */
  steps: readonly number[];
  dynamics?: "discrete" | "flow";
}

export interface RiskCurve {
  step: number[];
  bias2: number[];
  variance: number[];
  total: number[];
}

/** bias² and variance at one step. `rest`: Σ g² outside the eigenvectors given. */
export function riskAt(
  filters: Filters,
  t: number,
  {
    values,
    energy,
    rest,
    n,
    sigma,
  }: { values: ArrayLike<number>; energy: ArrayLike<number>; rest: number; n: number; sigma: number },
): { bias2: number; variance: number } {
  let bias = rest;
  let learned = 0;
  for (let i = 0; i < values.length; i++) {
    bias += filters.residual(values[i], t) ** 2 * energy[i];
    learned += filters.learned(values[i], t) ** 2;
  }
  return { bias2: bias / n, variance: (sigma * sigma * learned) / n };
}

/** @throws CallError for a wrong shape or option */
export function riskCurve(input: RiskInput): RiskCurve {
  const where = "riskCurve";
  const { eigenvalues: values, vectors, target, n, sigma, stepSize, steps, dynamics } = input;
  requireNumber(where, "n", n, 0, true);
  requireNumber(where, "sigma", sigma, 0);
  requireNumber(where, "stepSize", stepSize, 0, true);
  let coefficients = input.coefficients;
  let rest = 0;
  if (!coefficients) {
    if (!vectors || !target) {
      throw new CallError(complaint(where, "coefficients, or vectors and target", "neither"));
    }
    requireLength(where, "target", target, n);
    requireLength(where, "vectors", vectors, values.length * n);
    coefficients = project(vectors, target);
    if (values.length < n) {
      for (const value of target) rest += value * value;
      for (let i = 0; i < coefficients.length; i++) rest -= coefficients[i] ** 2;
      rest = Math.max(0, rest);
    }
  }
  requireLength(where, "coefficients", coefficients, values.length);
  const energy = Float64Array.from(coefficients, (value) => value * value);
  const filters = dynamics === "flow" ? flowFilters(stepSize) : discreteFilters(stepSize);
  const curve: RiskCurve = { step: [...steps], bias2: [], variance: [], total: [] };
  for (const t of steps) {
    requireNumber(where, "a step", t, 0);
    const { bias2, variance } = riskAt(filters, t, { values, energy, rest, n, sigma });
    curve.bias2.push(bias2);
    curve.variance.push(variance);
    curve.total.push(bias2 + variance);
  }
  return curve;
}

/** The bounds of the header at each step; Infinity for the bias at t = 0. `total` has a recalled constant and holds for t ≤ T̂. */
export function riskBounds(input: {
  eigenvalues: ArrayLike<number>;
  trace?: number;
  n: number;
  sigma: number;
  norm: number;
  stepSize: number;
  steps: readonly number[];
}): RiskCurve {
  const where = "riskBounds";
  const { n, sigma, norm, stepSize, steps } = input;
  requireNumber(where, "n", n, 0, true);
  requireNumber(where, "sigma", sigma, 0);
  requireNumber(where, "norm", norm, 0);
  requireNumber(where, "stepSize", stepSize, 0, true);
  const spectrum = sortedSpectrum(where, input);
  const etas = steps.map((t) => stepSize * t);
  const over = (constant: number, eta: number) =>
    norm === 0 ? 0 : (constant * norm * norm) / (Math.E * eta);
  return {
    step: [...steps],
    bias2: etas.map((eta) => over(0.5, eta)),
    // σ²ηR²(1/√η) = σ² d(η)/n
    variance: etas.map((eta) => (sigma * sigma * dimensionAt(spectrum, eta)) / n),
    total: etas.map((eta) => over(4, eta)),
  };
}
