/**
 * The eigenbasis K̂ = Θ/n = U diag(λ) Uᵀ that every exact path is written in, and the few products with it.
 * Stored as rows: vectors[i·N … (i+1)·N) is u_i and belongs to values[i].
 * Source: theory.md §1 [derived]. Cost: one eigendecomposition of N; of a product N² per vector.
 */
import { CallError, complaint } from "../errors.ts";
import { eigh, matmul } from "../numerics/index.ts";
import { requireFinite, requireInteger, requireLength } from "./check.ts";

export interface KernelSpectrum {
  /** (N) eigenvalues of Θ/n, largest first; round-off below 0 is left as it came. */
  values: Float64Array;
  /** (N × N) row i is the unit eigenvector of values[i]. */
  vectors: Float64Array;
}

/**
 * Eigenbasis of Θ/n.
 * @param kernel (N × N) Θ; its symmetric part is used
 * @param n number of examples; N = n·C
 */
export async function decompose(kernel: Float64Array, n: number): Promise<KernelSpectrum> {
  const N = kernelSize("decompose", kernel, n);
  const scaled = new Float64Array(N * N);
  for (let i = 0; i < N; i++) {
    for (let j = 0; j <= i; j++) {
      const value = (kernel[i * N + j] + kernel[j * N + i]) / (2 * n);
      scaled[i * N + j] = value;
      scaled[j * N + i] = value;
    }
  }
  const { values, vectors } = await eigh(scaled, N, { vectors: true });
  if (!vectors) throw new Error("decompose: eigh gave no vectors");
  return { values, vectors };
}

/** N of an N×N kernel on n examples. Throws where it is not square, not a multiple of n, or not finite. */
export function kernelSize(where: string, kernel: Float64Array, n: number): number {
  requireInteger(where, "n", n, 1);
  const N = Math.round(Math.sqrt(kernel.length));
  if (N * N !== kernel.length || N === 0 || N % n !== 0) {
    throw new CallError(
      complaint(where, `an N×N kernel with N a multiple of n = ${n}`, `${kernel.length} numbers`),
    );
  }
  requireFinite(where, "the kernel", kernel);
  return N;
}

export function requireSpectrum(where: string, spectrum: KernelSpectrum, N: number): void {
  requireLength(where, "the eigenvalues", spectrum.values, N);
  requireLength(where, "the eigenvectors", spectrum.vectors, N * N);
}

/** Uᵀ-side coefficients ρ_i = u_iᵀ v. */
export function project(vectors: Float64Array, v: Float64Array): Float64Array {
  const N = v.length;
  const out = new Float64Array(vectors.length / N);
  for (let i = 0; i < out.length; i++) {
    let sum = 0;
    for (let j = 0, at = i * N; j < N; j++, at++) sum += vectors[at] * v[j];
    out[i] = sum;
  }
  return out;
}

/** Σ_i a_i u_i. */
export function expand(vectors: Float64Array, a: Float64Array): Float64Array {
  const N = vectors.length / a.length;
  const out = new Float64Array(N);
  for (let i = 0; i < a.length; i++) {
    const weight = a[i];
    if (weight === 0) continue;
    for (let j = 0, at = i * N; j < N; j++, at++) out[j] += weight * vectors[at];
  }
  return out;
}

/**
 * cross · U: (M × N), entry (m, i) = Θ(x_m, X) u_i. Done once, a prediction at any step costs M·N.
 * @param cross (M × N) Θ(x, X), row = example·C + output. Cost M·N².
 */
export function projectRows(cross: Float64Array, vectors: Float64Array, N: number): Float64Array {
  return matmul(cross, vectors, { m: cross.length / N, k: N, n: vectors.length / N, transposeB: true });
}

/** out = offset + rows · w, rows: (M × N). */
export function applyRows(rows: Float64Array, w: Float64Array, offset: Float64Array): Float64Array {
  const N = w.length;
  const out = new Float64Array(offset.length);
  for (let m = 0; m < out.length; m++) {
    let sum = offset[m];
    for (let j = 0, at = m * N; j < N; j++, at++) sum += rows[at] * w[j];
    out[m] = sum;
  }
  return out;
}
