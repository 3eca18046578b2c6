/**
 * Exact in-sample risk of gradient descent, and the bounds the theory puts around it.
 *
 *   E‖f_t − f*‖²_n = (1/n) Σ S_t² (u_iᵀg)²  +  (σ²/n) Σ (1 − S_t)²
 *                    bias²                      variance
 *
 *   bias² ≤ B²/(2eη_t),   variance ≤ σ² η_t R²(1/√η_t)             [derived, for α_sλ₁ ≤ 1]
 *   total ≤ 4B²/(eη_t) for t ≤ T̂                                    [recalled constant]
 *
 * n is the number of rows of the kernel (N = nC with C outputs): both terms are means over entries.
 * Source: theory.md §3; the exact risk [derived]. Cost: N per step.
 */
import { CallError, complaint } from "../errors.ts";
import { requireInteger, requireLength, requireNumber } from "./check.ts";
import { project } from "./eigenbasis.ts";
import { type Filters, flowFilters } from "./filters.ts";
import { type StepClock, type StepSchedule, stepClock } from "./schedule.ts";
import { clockFilters } from "./scheduleFilters.ts";
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
  /** α, or α_s of every step: then `steps` are whole, and past the last nothing moves. */
  stepSize: StepSchedule;
  /** Steps read from a schedule given as a function; default 10000. */
  maxSteps?: number;
  /** Steps t ≥ 0 to report, any order. */
  steps: readonly number[];
  /** "flow": gradient flow read at η_t. */
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

/** t ≥ 0; whole where steps differ. */
function requireStep(where: string, clock: StepClock, t: number): void {
  if (clock.constant === null) requireInteger(where, "a step", t, 0);
  else requireNumber(where, "a step", t, 0);
}

/** @throws CallError for a wrong shape or option */
export function riskCurve(input: RiskInput): RiskCurve {
  const where = "riskCurve";
  const { eigenvalues: values, vectors, target, n, sigma, steps, dynamics } = input;
  requireNumber(where, "n", n, 0, true);
  requireNumber(where, "sigma", sigma, 0);
  const clock = stepClock(where, input.stepSize, input.maxSteps);
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
  const flow = dynamics === "flow";
  const filters = flow ? flowFilters(1) : clockFilters(clock);
  const curve: RiskCurve = { step: [...steps], bias2: [], variance: [], total: [] };
  for (const t of steps) {
    requireStep(where, clock, t);
    const { bias2, variance } = riskAt(filters, flow ? clock.eta(t) : t, { values, energy, rest, n, sigma });
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
  stepSize: StepSchedule;
  /** Steps read from a schedule given as a function; default 10000. */
  maxSteps?: number;
  steps: readonly number[];
}): RiskCurve {
  const where = "riskBounds";
  const { n, sigma, norm, steps } = input;
  requireNumber(where, "n", n, 0, true);
  requireNumber(where, "sigma", sigma, 0);
  requireNumber(where, "norm", norm, 0);
  const clock = stepClock(where, input.stepSize, input.maxSteps);
  const spectrum = sortedSpectrum(where, input);
  const etas = steps.map((t) => {
    requireStep(where, clock, t);
    return clock.eta(t);
  });
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
