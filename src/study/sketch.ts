/** The kernel of a study's texts from a sketch: training texts and held-out texts on the same signs. */
import { type KernelMatrix, type SketchError, type SketchOptions, sketchNtk } from "../ntk/index.ts";
import { matmul } from "../numerics/index.ts";
import type { StudyInputs } from "./inputs.ts";

export interface SketchedKernel {
  rows: number; // R, kernel rows of an example: C or 1
  kernel: KernelMatrix; // (nR × nR)
  cross: Float64Array | null; // (n_test·R × nR)
  f0: Float64Array; // (n × C)
  f0Test: Float64Array | null; // (n_test × C)
  error: SketchError | null; // of the training texts
}

export async function sketchStudy(inputs: StudyInputs, options: SketchOptions): Promise<SketchedKernel> {
  const { tangent, train, test } = inputs;
  const { features, kernel, f0, error } = await sketchNtk(tangent, train.batch, options);
  const held = test && (await sketchNtk(tangent, test.batch, { ...options, sample: 0 }));
  const [n, k] = features.shape;
  const product = (rows: Float64Array) =>
    matmul(rows, features.data, { m: rows.length / k, k, n, transposeB: true }) as Float64Array;
  return {
    rows: kernel.shape[0] / train.n,
    kernel,
    cross: held && product(held.features.data),
    f0: f0.data,
    f0Test: held?.f0.data ?? null,
    error,
  };
}
