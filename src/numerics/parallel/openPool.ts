/** What createPool.ts promises: calls are checked, cut into tiles, and computed here or by workers. */
import { sharesMemory } from "../../runtime/index.ts";
import type { MatmulSizes } from "../matmul.ts";
import { instantiate, kernelModule, load, type WasmContext } from "../wasm/load.ts";
import type { Numbers } from "./blocks.ts";
import { blockStep, checkKinds, checkOptions, checkSides, placeFor } from "./check.ts";
import type { PoolCall, WorkerPool } from "./createPool.ts";
import { createCrew } from "./crew.ts";
import { computeHere, movedJob, sharedJob, type Work } from "./jobs.ts";
import { gramTiles, productTiles } from "./plan.ts";
import { createStaging } from "./staging.ts";

/** Operations (2mkn) that the caller's thread does faster than it can hand them over. */
const SMALL = 2 ** 26;

const FLOATS = ["Float32Array", "Float64Array"];

export function openPool(workers: number, workerUrl: URL): Omit<WorkerPool, "workers"> {
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
      crew.checkAlive();
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
    { m, k, n, batch, transposeA = false, transposeB = false, signal, out, ...rest }: ProductCall<A>,
  ): Promise<A> {
    checkOptions(where, rest);
    checkSides(where, { m, k, n, batch });
    checkKinds(where, [a, b], FLOATS);
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
    { n, k, signal, out, ...rest }: { n: number; k: number } & PoolCall<Float64Array>,
  ): Promise<Float64Array> {
    checkOptions(where, rest);
    checkSides(where, { n, k });
    checkKinds(where, [a], kernel === "gramF32" ? ["Float32Array"] : FLOATS);
    blockStep(where, "a", a, [n, k], 1);
    const place = placeFor(where, Float64Array, n * n, out, [a]);
    return compute({ tiles: gramTiles(kernel, { n, k }), a, b: a, out: place }, signal);
  }

  return {
    matmul: <A extends Numbers>(a: A, b: A, call: MatmulSizes & PoolCall<A>) =>
      multiply("pool.matmul", a, b, { ...call, batch: 1 }),
    batchedMatmul: <A extends Numbers>(a: A, b: A, call: ProductCall<A>) =>
      multiply("pool.batchedMatmul", a, b, call),
    syrk: (a, call) => symmetric("pool.syrk", "gramF64", a, call),
    gram: (a, call) => symmetric("pool.gram", "gramF32", a, call),
    async dispose() {
      staging.clear();
      await crew.dispose();
    },
  };
}

type ProductCall<A extends Numbers> = MatmulSizes & { batch: number } & PoolCall<A>;
