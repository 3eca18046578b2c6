/**
 * The empirical neural tangent kernel on texts: Θ(x, x′) = J(x) J(x′)ᵀ at θ₀, C × C for each pair, row = example·C + output.
 * Source: theory.md §1 and §6. Cost: estimate.ts.
 */
import type { TangentModel } from "../model/types.ts";
import type { Tensor } from "../numerics/array.ts";
import type { Batch } from "../text/batch.ts";
import { assemble } from "./assemble.ts";
import type { NtkOptions } from "./options.ts";
import type { KernelMatrix } from "./target.ts";

/** Network outputs at θ₀: (n × C). */
export type Outputs = Tensor<Float64Array>;

export interface EmpiricalNtk extends KernelMatrix {
  f0: Outputs; // of batch1
  f0_2?: Outputs; // of batch2
  /** Sign kernels: entries of each tensor whose sign is 0, of batch1; row = example·K + output, K = C or the one output taken. */
  dead?: Record<string, Float64Array>;
}

/**
 * Θ(batch1, batch2), (n₁C × n₂C); Θ(batch1, batch1), symmetric to the last bit, where batch2 is null. float32 products summed
 * in float64 (float64 throughout on the reference backend). The same bits for every number of workers. With `outputs` other
 * than "full", (n₁ × n₂): one row an example. "asymmetric" takes the signs of batch1, the rows, so it is not symmetric.
 * Throws a CallError for an unknown option or a kernel that memory cannot hold; rejects with the signal's reason when aborted.
 */
export async function empiricalNtk(
  tangent: TangentModel,
  batch1: Batch,
  batch2: Batch | null = null,
  options: NtkOptions = {},
): Promise<EmpiricalNtk> {
  const C = tangent.outputs;
  if (!batch2) {
    const request = { columns: batch1, rows: null, square: true, signedSide: "rows" } as const;
    const { square, f0, dead } = await assemble(tangent, request, options);
    return { ...(square as KernelMatrix), f0: outputs(f0.columns, C), ...(dead && { dead }) };
  }
  const request = { columns: batch2, rows: batch1, square: false, signedSide: "rows" } as const;
  const { cross, f0, dead } = await assemble(tangent, request, options);
  return {
    ...(cross as KernelMatrix),
    f0: outputs(f0.rows as Float64Array, C),
    f0_2: outputs(f0.columns, C),
    ...(dead && { dead }),
  };
}

/**
 * Θ(train, train) and Θ(test, train), row-major, row = example·C + output; row = example where outputs are reduced (R = 1 in place
 * of C). Of the asymmetric kernel both have the signs of the training texts: train[x, x′] = ⟨sgn J(x), J(x′)⟩, and
 * cross[x, x′] = ⟨J(x), sgn J(x′)⟩: what a sign step on x′ does to x.
 */
export interface KernelBlocks {
  n: number;
  outputs: number; // C
  rows: number; // R, kernel rows of an example: C or 1
  train: Float64Array; // (nR × nR), symmetric to the last bit (unless asymmetric)
  cross: Float64Array | null; // (n_test·R × nR)
  /** `train` over each parameter group alone, where asked for; they add up to it. */
  groups: Record<string, Float64Array> | null;
  /** The same of `cross`. */
  crossGroups: Record<string, Float64Array> | null;
  /** Sign kernels: entries of each tensor whose sign is 0, (n·K), row = training text·K + output. */
  dead: Record<string, Float64Array> | null;
  f0: Float64Array; // (n × C)
  f0Test: Float64Array | null; // (n_test × C)
  /** Threads that did the work, and the operations it was estimated to take. */
  workers: number;
  flops: number;
}

/** Train × train and test × train in one descent: every text runs forward and backward once. Otherwise as `empiricalNtk`. */
export async function ntkBlocks(
  tangent: TangentModel,
  train: Batch,
  test: Batch | null = null,
  options: NtkOptions = {},
): Promise<KernelBlocks> {
  const request = { columns: train, rows: test, square: true, signedSide: "columns" } as const;
  const { square, cross, f0, dead, workers, flops } = await assemble(tangent, request, options);
  return {
    n: train.shape[0],
    outputs: tangent.outputs,
    rows: (square as KernelMatrix).shape[0] / train.shape[0],
    train: (square as KernelMatrix).data,
    cross: cross?.data ?? null,
    groups: square?.groups ?? null,
    crossGroups: cross?.groups ?? null,
    dead,
    f0: f0.columns,
    f0Test: f0.rows,
    workers,
    flops,
  };
}

const outputs = (data: Float64Array, C: number): Outputs => ({ data, shape: [data.length / C, C] });
