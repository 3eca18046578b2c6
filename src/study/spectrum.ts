/** Spectrum of a kernel: eigenvalues of Θ/n with their quality, for the record and for `ntkit spectrum`. */
import { CallError, complaint } from "../errors.ts";
import { eigh, eigsh, negativeMass } from "../numerics/index.ts";
import type { LongOptions } from "../progress.ts";
import { type DecayFit, fitDecay } from "../theory/index.ts";

export interface Spectrum {
  /** Of Θ/n, largest first. All N of them, or the k asked for. */
  values: Float64Array;
  /** Row i belongs to values[i]. */
  vectors: Float64Array;
  /** ‖(Θ/n)v − λv‖ of each. */
  residuals: Float64Array;
  converged: boolean;
  trace: number; // of Θ/n
  n: number;
  size: number; // N
  method: string;
}

/** Scales Θ by 1/n and measures ‖Av − λv‖ for each pair. Cost N²k. */
function residualsOf(
  kernel: Float64Array,
  size: number,
  n: number,
  values: Float64Array,
  vectors: Float64Array,
) {
  const residuals = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const v = vectors.subarray(i * size, (i + 1) * size);
    let sum = 0;
    for (let row = 0; row < size; row++) {
      let product = 0;
      for (let column = 0, at = row * size; column < size; column++, at++) product += kernel[at] * v[column];
      sum += (product / n - values[i] * v[row]) ** 2;
    }
    residuals[i] = Math.sqrt(sum);
  }
  return residuals;
}

/**
 * Eigenvalues and vectors of Θ/n.
 * @param kernel (N×N), symmetric
 * @param n examples; N = n·C
 * @param top k largest by Lanczos; absent: all, dense
 */
export async function kernelSpectrum(
  kernel: Float64Array,
  n: number,
  options: { top?: number; seed?: number } & LongOptions = {},
): Promise<Spectrum> {
  const size = Math.round(Math.sqrt(kernel.length));
  if (size * size !== kernel.length || size === 0 || size % n !== 0) {
    throw new CallError(
      complaint("kernelSpectrum", `an N×N kernel with N a multiple of n = ${n}`, `${kernel.length} numbers`),
    );
  }
  options.signal?.throwIfAborted();
  const scaled = kernel.map((value) => value / n);
  let trace = 0;
  for (let i = 0; i < size; i++) trace += scaled[i * size + i];
  if (options.top !== undefined && options.top < size) {
    const found = await eigsh(scaled, {
      n: size,
      k: options.top,
      which: "largest",
      seed: options.seed,
      signal: options.signal,
      onProgress: options.onProgress,
    });
    return {
      values: found.values,
      vectors: found.vectors,
      residuals: found.residuals,
      converged: found.converged,
      trace,
      n,
      size,
      method: `Lanczos, ${options.top} largest of ${size}`,
    };
  }
  options.onProgress?.({ stage: "eigenvalues", done: 0, total: 1 });
  const { values, vectors } = eigh(scaled, size);
  if (!vectors) throw new Error("eigh gave no vectors");
  options.onProgress?.({ stage: "eigenvalues", done: 1, total: 1 });
  return {
    values,
    vectors,
    residuals: residualsOf(kernel, size, n, values, vectors),
    converged: true,
    trace,
    n,
    size,
    method: `dense eigendecomposition, all ${size}`,
  };
}

/** How the eigenvalues spread: counts by decade of λ/λ₁, down to 1e-12. */
export function decades(values: Float64Array): { log10_from: number; log10_to: number; count: number }[] {
  const bins = Array.from({ length: 12 }, (_, i) => ({ log10_from: -(i + 1), log10_to: -i, count: 0 }));
  for (const value of values) {
    const ratio = value / values[0];
    if (!(ratio > 1e-12)) continue;
    bins[Math.min(11, Math.floor(-Math.log10(Math.min(1, ratio))))].count++;
  }
  return bins;
}

/** The JSON of `ntkit spectrum`. */
export interface SpectrumReport {
  n: number;
  outputs: number;
  size: number;
  method: string;
  converged: boolean;
  eigenvalues: number[]; // of Θ/n, largest first
  residuals: number[];
  trace: number;
  explained_trace: number; // share of the trace in the eigenvalues given
  negative_mass: number | null; // null unless all eigenvalues are there
  max_learning_rate: number; // 2/λ₁
  density: ReturnType<typeof decades>;
  decay: DecayFit | null;
  decay_reason: string | null; // why decay is null
}

export function describeSpectrum(spectrum: Spectrum, seed = 0): SpectrumReport {
  const { values, size, n, trace } = spectrum;
  let explained = 0;
  for (const value of values) explained += value;
  let decay: DecayFit | null = null;
  let decay_reason: string | null = null;
  try {
    decay = fitDecay(values, { n, seed });
  } catch (error) {
    decay_reason = error instanceof Error ? error.message : String(error);
  }
  return {
    n,
    outputs: size / n,
    size,
    method: spectrum.method,
    converged: spectrum.converged,
    eigenvalues: [...values],
    residuals: [...spectrum.residuals],
    trace,
    explained_trace: trace === 0 ? 1 : explained / trace,
    negative_mass: values.length === size ? negativeMass(values) : null,
    max_learning_rate: values[0] > 0 ? 2 / values[0] : Number.POSITIVE_INFINITY,
    density: decades(values),
    decay,
    decay_reason,
  };
}
