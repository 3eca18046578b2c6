/**
 * Dense products on several threads: the same bits as `matmul` and `syrk` on one, whatever the number of workers.
 *
 * Each product is cut into tiles by its shape (plan.ts); workers compute them with the caller's kernels, each in a WASM memory of
 * its own (station.ts). Where there is a SharedArrayBuffer, operands are copied onto it once, whatever the number of workers (not at
 * all where they lie on one already), workers read and write there, and the result is copied out tile by tile while others are
 * computed. Where there is none (a page that is not cross-origin isolated), tiles of the operands are copied out, moved to a worker, and
 * the tile of the result is moved back. Copies grow as n², the work as n³.
 */
import { CallError, complaint } from "../../errors.ts";
import { builtModule, cores, sharesMemory } from "../../runtime/index.ts";
import type { MatmulSizes } from "../matmul.ts";
import { instantiate, kernelModule, load, type WasmContext } from "../wasm/load.ts";
import type { Numbers } from "./blocks.ts";
import { blockStep, checkKinds, checkSides, placeFor } from "./check.ts";
import { createCrew } from "./crew.ts";
import { computeHere, movedJob, sharedJob, type Work } from "./jobs.ts";
import { gramTiles, productTiles } from "./plan.ts";
import { createStaging } from "./staging.ts";

export interface PoolOptions {
  /** Threads beside the caller's; "auto" (the default): one a core. They start when there is work for them. */
  workers?: number | "auto";
  /** The worker's module, where a bundler has moved it away from the package: build/numericsWorker.js. */
  workerUrl?: URL;
}

export interface PoolCall<A extends Numbers> {
  signal?: AbortSignal;
  /** Where the result goes, of its exact length, not overlapping an operand; on a SharedArrayBuffer, workers write there directly. */
  out?: A;
}

/**
 * Operands are not to change before the promise settles. After a rejection `out` holds anything, and nobody writes to it any more.
 * All reject with a CallError for wrong lengths, kinds or sides, and after `dispose`; with the signal's reason when aborted, between
 * tiles; with `worker 1 of 2 died: …` when a worker dies, after which the pool works on with another. NaN and ∞ go through.
 *
 * Products below 67 million operations (2mkn; a square of 320) run in the caller's thread: waking a worker costs more than it saves.
 * Bytes, with s = 4 (f32) or 8 (f64): the result, s·mn; shared memory kept for the next call, s·(mk + kn + mn), less what lies on shared
 * memory already; in each worker s·(256 + 512)·k + s·256·512 + 1.2 MB at most (tiles shrink where k is past 16 000).
 */
export interface WorkerPool {
  readonly workers: number;
  /** op(a)·op(b): m×n. As `matmul`. */
  matmul(
    a: Float32Array,
    b: Float32Array,
    sizes: MatmulSizes,
    call?: PoolCall<Float32Array>,
  ): Promise<Float32Array>;
  matmul(
    a: Float64Array,
    b: Float64Array,
    sizes: MatmulSizes,
    call?: PoolCall<Float64Array>,
  ): Promise<Float64Array>;
  /** op(a_i)·op(b_i) for i < batch: batch×m×n. As `batchedMatmul`; small products are sent in groups. */
  batchedMatmul(
    a: Float32Array,
    b: Float32Array,
    sizes: MatmulSizes & { batch: number },
    call?: PoolCall<Float32Array>,
  ): Promise<Float32Array>;
  batchedMatmul(
    a: Float64Array,
    b: Float64Array,
    sizes: MatmulSizes & { batch: number },
    call?: PoolCall<Float64Array>,
  ): Promise<Float64Array>;
  /** a·aᵀ of a (n×k) in float64: n×n, symmetric to the last bit. As `syrk`: n²k operations. */
  syrk(
    a: Float32Array | Float64Array,
    sizes: { n: number; k: number },
    call?: PoolCall<Float64Array>,
  ): Promise<Float64Array>;
  /** a·aᵀ of a (n×k), products in float32, summed in float64 every 256 steps: twice as fast, relative error ~10⁻⁶ of |a||a|ᵀ. */
  gram(
    a: Float32Array,
    sizes: { n: number; k: number },
    call?: PoolCall<Float64Array>,
  ): Promise<Float64Array>;
  /** Ends the workers; what is under way rejects with a CallError. Without it they end with the process, and do not keep it alive. */
  dispose(): Promise<void>;
}

/** Operations (2mkn) that the caller's thread does faster than it can hand them over. */
const SMALL = 2 ** 26;

/** A pool of workers for dense products, with the kernels that are loaded (see `load`) at its first call. Throws a CallError unless `workers` is a whole number, 1 or more, or "auto". */
export function createPool(options: PoolOptions = {}): WorkerPool {
  const { workers: wanted = "auto", workerUrl = builtModule("numericsWorker.js") } = options;
  if (wanted !== "auto" && !(Number.isInteger(wanted) && wanted >= 1)) {
    throw new CallError(complaint("createPool", 'workers a whole number, 1 or more, or "auto"', `${wanted}`));
  }
  const workers = wanted === "auto" ? cores() : wanted;
  // The kernels of the first call serve all that follow, whatever is loaded later: the bits of a pool do not change.
  let own: { module: WebAssembly.Module; here?: WasmContext } | undefined;
  const ownKernels = () => {
    own ??= { module: kernelModule() };
    return own;
  };
  const crew = createCrew(workers, workerUrl, () => ownKernels().module);
  const staging = createStaging();

  async function compute<A extends Numbers>(
    work: Work & { out: A },
    signal: AbortSignal | undefined,
  ): Promise<A> {
    signal?.throwIfAborted();
    await load();
    signal?.throwIfAborted();
    const kernels = ownKernels();
    const { tiles, out } = work;
    const operations = tiles.reduce((sum, { count, m, n, k }) => sum + 2 * count * m * n * k, 0);
    if (operations < SMALL) {
      kernels.here ??= instantiate(kernels.module);
      computeHere(work, kernels.here);
    } else if (sharesMemory) {
      const { job, end } = sharedJob(work, staging);
      await crew.run(job, signal);
      end();
    } else await crew.run(movedJob(work), signal);
    return out;
  }

  async function multiply<A extends Numbers>(
    where: string,
    a: A,
    b: A,
    sizes: MatmulSizes & { batch: number },
    { signal, out }: PoolCall<A> = {},
  ): Promise<A> {
    const { m, k, n, batch, transposeA = false, transposeB = false } = sizes;
    checkSides(where, { m, k, n, batch });
    checkKinds(where, [a, b], ["Float32Array", "Float64Array"]);
    const aStep = blockStep(where, "a", a, transposeA ? [k, m] : [m, k], batch);
    const bStep = blockStep(where, "b", b, transposeB ? [n, k] : [k, n], batch);
    const single = a instanceof Float32Array;
    const shape = { m, k, n, batch, aStep, bStep, transposeA, transposeB };
    const tiles = productTiles(single ? "gemmF32" : "gemmF64", shape);
    const Kind = (single ? Float32Array : Float64Array) as unknown as new (length: number) => A;
    return compute({ tiles, a, b, out: placeFor(where, Kind, batch * m * n, out, [a, b]) }, signal);
  }

  async function symmetric(
    where: string,
    kernel: "gramF32" | "gramF64",
    a: Numbers,
    { n, k }: { n: number; k: number },
    { signal, out }: PoolCall<Float64Array> = {},
  ): Promise<Float64Array> {
    const kinds = kernel === "gramF32" ? ["Float32Array"] : ["Float32Array", "Float64Array"];
    checkSides(where, { n, k });
    checkKinds(where, [a], kinds);
    blockStep(where, "a", a, [n, k], 1);
    const place = placeFor(where, Float64Array, n * n, out, [a]);
    return compute({ tiles: gramTiles(kernel, { n, k }), a, b: a, out: place }, signal);
  }

  return {
    workers,
    matmul: <A extends Numbers>(a: A, b: A, sizes: MatmulSizes, call?: PoolCall<A>) =>
      multiply("pool.matmul", a, b, { ...sizes, batch: 1 }, call),
    batchedMatmul: <A extends Numbers>(
      a: A,
      b: A,
      sizes: MatmulSizes & { batch: number },
      call?: PoolCall<A>,
    ) => multiply("pool.batchedMatmul", a, b, sizes, call),
    syrk: (a, sizes, call) => symmetric("pool.syrk", "gramF64", a, sizes, call),
    gram: (a, sizes, call) => symmetric("pool.gram", "gramF32", a, sizes, call),
    async dispose() {
      staging.clear();
      await crew.dispose();
    },
  };
}
