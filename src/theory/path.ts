/**
 * A spectral path: what a linear method that filters the eigenbasis of K̂ = Θ/n does to the residual r = Y − f₀(X).
 *
 *   Y − f(X) = U S Uᵀ r,    f(x) = f₀(x) + Θ(x, X) c,    c = (1/n) U D Uᵀ r,    D = (1 − S)/λ
 *
 * Gradient descent at step t and kernel ridge regression at penalty 1/η are the same object with different S and D.
 * Cost: N² to set up, N² per residual or dual, M·N per prediction after M·N² once.
 */
import { requireFinite, requireInteger, requireLength } from "./check.ts";
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
}

export async function spectralPath(where: string, input: PathInput): Promise<SpectralPath> {
  const { n, residual: r } = input;
  requireInteger(where, "n", n, 1);
  requireFinite(where, "the residual", r);
  let { spectrum } = input;
  if (!spectrum) {
    const kernel = input.kernel ?? new Float64Array(0);
    requireLength(where, "the residual", r, kernelSize(where, kernel, n));
    spectrum = await decompose(kernel, n);
  }
  requireSpectrum(where, spectrum, r.length);
  const { values, vectors } = spectrum;
  const coefficients = project(vectors, r);
  const filtered = (filter: (lambda: number) => number, scale = 1) =>
    coefficients.map((rho, i) => scale * filter(values[i]) * rho);
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
  };
}
