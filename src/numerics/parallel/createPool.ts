/**
 * Dense products on several threads: the same bits as `matmul` and `syrk` on one, whatever the number of workers.
 *
 * Each product is cut into tiles by its shape (plan.ts); workers compute them with the caller's kernels, each in a WASM memory of
 * its own (station.ts). Where there is a SharedArrayBuffer, operands are copied onto it once, whatever the number of workers (not at
 * all where they lie on one already), workers read and write there, and the result is copied out tile by tile while others are
 * computed. Where there is none (a page that is not cross-origin isolated), tiles of the operands are copied out, moved to a worker, and
 * the tile of the result is moved back. Copies grow as n², the work as n³.
 *
 * This file is the door; what it opens (openPool.ts) is loaded at the first call.
 */
import { CallError, complaint } from "../../errors.ts";
import { builtModule, cores } from "../../runtime/index.ts";
import type { MatmulSizes } from "../matmul.ts";
import type { Numbers } from "./blocks.ts";

export interface PoolOptions {
  /** Threads beside the caller's; "auto" (the default): one a core. They start when there is work for them. */
  workers?: number | "auto";
  /** The worker's module, where a bundler has moved it away from the package: build/numericsWorker.js. */
  workerUrl?: URL;
}

/** What every call of a pool may say beside its sides. */
export interface PoolCall<A extends Numbers> {
  signal?: AbortSignal;
  /** Where the result goes, of its exact length, not overlapping an operand; on a SharedArrayBuffer, workers write there directly. */
  out?: A;
}

/**
 * Operands are not to change before the promise settles. After a rejection `out` holds anything, and nobody writes to it any more.
 * All reject with a CallError for wrong lengths, kinds, sides or options, and after `dispose`; with the signal's reason when aborted,
 * between tiles; with `worker 1 of 2 died: …` when a worker dies, after which the pool works on with another. NaN and ∞ go through.
 *
 * Two workers did a product of 1024 1.85 times as fast as one with operands and `out` on shared memory, 1.6 to 1.7 times with fresh
 * arrays (bench/RESULTS.md): for many products of the same sizes, put them there, or give `out` again.
 * Products below 67 million operations (2mkn; a square of 320) run in the caller's thread: waking a worker costs more than it saves.
 * Bytes, with s = 4 (f32) or 8 (f64): the result, s·mn; shared memory kept for the next call, s·(mk + kn + mn), less what lies on shared
 * memory already; in each worker s·(256 + 512)·k + s·256·512 + 2.2 MiB at most (tiles shrink where k is past 16 000).
 */
export interface WorkerPool {
  readonly workers: number;
  /** op(a)·op(b): m×n. As `matmul`. */
  matmul(
    a: Float32Array,
    b: Float32Array,
    options: MatmulSizes & PoolCall<Float32Array>,
  ): Promise<Float32Array>;
  matmul(
    a: Float64Array,
    b: Float64Array,
    options: MatmulSizes & PoolCall<Float64Array>,
  ): Promise<Float64Array>;
  /** op(a_i)·op(b_i) for i < batch: batch×m×n. As `batchedMatmul`; small products are sent in groups. */
  batchedMatmul(
    a: Float32Array,
    b: Float32Array,
    options: MatmulSizes & { batch: number } & PoolCall<Float32Array>,
  ): Promise<Float32Array>;
  batchedMatmul(
    a: Float64Array,
    b: Float64Array,
    options: MatmulSizes & { batch: number } & PoolCall<Float64Array>,
  ): Promise<Float64Array>;
  /** a·aᵀ of a (n×k) in float64: n×n, symmetric to the last bit. As `syrk`: n²k operations. */
  syrk(a: Numbers, options: { n: number; k: number } & PoolCall<Float64Array>): Promise<Float64Array>;
  /** a·aᵀ of a (n×k), products in float32, summed in float64 every 256 steps: twice as fast, relative error ~10⁻⁶ of |a||a|ᵀ. */
  gram(a: Float32Array, options: { n: number; k: number } & PoolCall<Float64Array>): Promise<Float64Array>;
  /** Ends the workers; what is under way rejects with a CallError. Without it they end with the process, and do not keep it alive. */
  dispose(): Promise<void>;
}

/**
 * A pool of workers for dense products, with the kernels that are loaded (see `load`) at its first call.
 * @throws CallError unless `workers` is a whole number, 1 or more, or "auto".
 */
export function createPool(options: PoolOptions = {}): WorkerPool {
  const { workers: wanted = "auto", workerUrl = builtModule("numericsWorker.js") } = options;
  if (wanted !== "auto" && !(Number.isInteger(wanted) && wanted >= 1)) {
    throw new CallError(complaint("createPool", 'workers a whole number, 1 or more, or "auto"', `${wanted}`));
  }
  const workers = wanted === "auto" ? cores() : wanted;
  let opened: Promise<Omit<WorkerPool, "workers">> | undefined;
  const open = () => {
    opened ??= import("./openPool.ts").then(({ openPool }) => openPool(workers, workerUrl));
    return opened;
  };
  return {
    workers,
    matmul: async (a: never, b: never, call: never) => (await open()).matmul(a, b, call) as never,
    batchedMatmul: async (a: never, b: never, call: never) =>
      (await open()).batchedMatmul(a, b, call) as never,
    syrk: async (a, call) => (await open()).syrk(a, call),
    gram: async (a, call) => (await open()).gram(a, call),
    dispose: async () => (await open()).dispose(),
  };
}
