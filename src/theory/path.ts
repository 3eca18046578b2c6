/**
 * A spectral path: what a linear method that filters the eigenbasis of K̂ = Θ/n does to the residual r = Y − f₀(X).
 *
 *   Y − f(X) = U S Uᵀ r,    f(x) = f₀(x) + Θ(x, X) c,    c = (1/n) U D Uᵀ r,    D = (1 − S)/λ
 *
 * Gradient descent at step t and kernel ridge regression at penalty 1/η are the same object with different S and D.
 *
 * What f(x) inherits from its causes, both linear in them:
 *   label noise of variance σ²          (σ²/n²) Σ_i (G_xi D_i)²,                  G = Θ(x, X) U
 *   a start f₀ ~ (mean, Θ) of its own   Θ(x, x) − (1/n) Σ_i G_xi² D_i (2 − λ_i D_i)
 *
 * Source: theory.md §1 [derived]. Cost: N² to set up, N² per residual or dual, M·N per prediction or variance after M·N² once.
 */
import { CallError, complaint } from "../errors.ts";
import { requireFinite, requireInteger, requireLength, requireNumber } from "./check.ts";
import {
  applyRows,
  decompose,
  expand,
  type KernelSpectrum,
  kernelSize,
  project,
  projectRows,
  requireSpectrum,
} from "./eigenbasis.ts";

export interface PathInput {
  /** (N × N) Θ(X, X); may be left out where `spectrum` is given. */
  kernel?: Float64Array;
  /** Eigenbasis of Θ/n. */
  spectrum?: KernelSpectrum;
  /** Number of examples; N = n·C. */
  n: number;
  /** (N) r = Y − f₀(X), row = example·C + output. */
  residual: Float64Array;
}

export interface CrossInput {
  /** (M × N) Θ(x, X). */
  cross: Float64Array;
  /** (M) f₀(x). */
  f0: Float64Array;
}

export interface SpectralPath {
  /** (N) eigenvalues of Θ/n, largest first. */
  values: Float64Array;
  /** (N) u_iᵀ r. */
  coefficients: Float64Array;
  /** (N) Y − f at filter S. */
  residual(S: (lambda: number) => number): Float64Array;
  /** (1/2n) ‖Y − f‖². */
  loss(S: (lambda: number) => number): number;
  /** (N) c at dual filter D. */
  dual(D: (lambda: number) => number): Float64Array;
  /** Projects the cross kernel once; what comes back gives (M) f(x) at any dual filter D. */
  predictor(test: CrossInput): (D: (lambda: number) => number) => Float64Array;
  /** Projects the cross kernel once; what comes back gives the variances of f(x) at any dual filter D. */
  variances(test: VarianceInput): (D: (lambda: number) => number) => PredictiveVariance;
}

export interface VarianceInput {
  /** (M × N) Θ(x, X). */
  cross: Float64Array;
  /** σ ≥ 0: standard deviation of the independent noise of one target entry. */
  sigma: number;
  /** (M) Θ(x, x): gives the spread over starts as well. */
  prior?: Float64Array;
}

export interface PredictiveVariance {
  /** (M) Var f(x) over the noise of the training labels. */
  noise: Float64Array;
  /**
   * (M) Var f(x) over starts f₀ whose outputs have covariance Θ (θ₀ moved by a standard normal vector); null without `prior`.
   * At t = ∞ the posterior variance of a Gaussian process with covariance Θ and exact labels.
   */
  start: Float64Array | null;
}

/** The weight itself; throws CallError where it is not finite: the path of a step size beyond its limit. */
export function withinRange(where: string, weight: number): number {
  if (Number.isFinite(weight)) return weight;
  throw new CallError(
    complaint(where, "a path within the range of numbers", "one that has overflowed", "a smaller step size"),
  );
}

/** The eigenbasis of Θ/n: the one given, or made of the kernel; checked against the residual's length. */
export async function pathSpectrum(where: string, input: PathInput): Promise<KernelSpectrum> {
  const { n, residual: r, kernel = new Float64Array(0) } = input;
  requireInteger(where, "n", n, 1);
  requireFinite(where, "the residual", r);
  if (!input.spectrum) requireLength(where, "the residual", r, kernelSize(where, kernel, n));
  const spectrum = input.spectrum ?? (await decompose(kernel, n));
  requireSpectrum(where, spectrum, r.length);
  return spectrum;
}

export async function spectralPath(where: string, input: PathInput): Promise<SpectralPath> {
  const { n, residual: r } = input;
  const spectrum = await pathSpectrum(where, input);
  const { values, vectors } = spectrum;
  const coefficients = project(vectors, r);
  const finite = (weight: number) => withinRange(where, weight);
  const filtered = (filter: (lambda: number) => number, scale = 1) =>
    coefficients.map((rho, i) => scale * finite(filter(values[i])) * rho);
  return {
    values,
    coefficients,
    residual: (S) => expand(vectors, filtered(S)),
    loss: (S) => filtered(S).reduce((sum, value) => sum + value * value, 0) / (2 * n),
    dual: (D) => expand(vectors, filtered(D, 1 / n)),
    predictor({ cross, f0 }) {
      requireLength(where, "the cross kernel", cross, f0.length * r.length);
      requireFinite(where, "the cross kernel", cross);
      const rows = projectRows(cross, vectors, r.length);
      return (D) => applyRows(rows, filtered(D, 1 / n), f0);
    },
    variances({ cross, sigma, prior }) {
      const N = r.length;
      const M = cross.length / N;
      requireInteger(where, "rows of the cross kernel", M, 0);
      requireFinite(where, "the cross kernel", cross);
      requireNumber(where, "sigma", sigma, 0);
      if (prior) {
        requireLength(where, "the prior variances", prior, M);
        requireFinite(where, "the prior variances", prior);
      }
      const rows = projectRows(cross, vectors, N);
      const sum = (weights: Float64Array, m: number) => {
        let total = 0;
        for (let j = 0, at = m * N; j < N; j++, at++) total += rows[at] * rows[at] * weights[j];
        return total;
      };
      return (D) => {
        const dual = values.map((lambda) => finite(D(lambda)));
        const squares = dual.map((d) => (d * sigma) ** 2 / (n * n));
        const learnt = dual.map((d, i) => (d * (2 - Math.max(0, values[i]) * d)) / n);
        return {
          noise: Float64Array.from({ length: M }, (_, m) => sum(squares, m)),
          // below 0 only by round-off
          start: prior ? prior.map((variance, m) => Math.max(0, variance - sum(learnt, m))) : null,
        };
      };
    },
  };
}
