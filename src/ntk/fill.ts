/**
 * Computes a kernel into a store, job by job (bands.ts), within a budget. What is there already is not computed again: after an
 * interruption of any kind the same call goes on, and the result has the same bits. When all tiles are there they become the
 * files of the store (finish.ts).
 */
import type { TangentModel } from "../model/types.ts";
import { exists, joinPath, listFolder, lockFolder, makeFolder, removeAll } from "../runtime/index.ts";
import type { Batch } from "../text/batch.ts";
import { pickTexts } from "../text/pick.ts";
import { type Assembled, assemble, type Crew, recruit } from "./assemble.ts";
import { type Band, type Job, tileName, tilesOf } from "./bands.ts";
import { completeStore } from "./complete.ts";
import { finishStore } from "./finish.ts";
import type { KernelManifest } from "./manifest.ts";
import type { NtkOptions } from "./options.ts";
import { withPlaces } from "./places.ts";
import { type Cut, jobFlops, type KernelPlan, planKernel } from "./plan.ts";
import { probe, startSpeed, type Work } from "./probe.ts";
import type { KernelIdentity, Matrix } from "./store.ts";
import { TILES } from "./tileManifest.ts";
import { openTiles, type TileArrays, type TileStore } from "./tileStore.ts";
import { resolveVariant } from "./variant.ts";

export interface FillRequest {
  identity: KernelIdentity;
  train: Batch;
  test: Batch | null;
  targets: Float64Array; // (n × C)
  targetsTest: Float64Array | null; // (n_test × C)
}

export interface FillOptions extends NtkOptions {
  /** Told once, before the work: the plan, tiles that are there already, and the seconds that remain (undefined: too few to measure). */
  onPlan?: (plan: KernelPlan, there: number, seconds: number | undefined) => void;
}

export interface Filled {
  manifest: KernelManifest;
  /** Kernel rows of an example. */
  rows: number;
  /** Of sign kernels: entries of each tensor whose sign is 0, mean over rows. */
  zeroSigns: Record<string, number> | null;
  /** Null where the store was whole already. */
  plan: KernelPlan | null;
}

/** Operations from which the time is measured before the work. */
const WORTH_PROBE = 1e11;

/**
 * Fills the store at `path`. Throws a CallError where the folder holds another kernel, naming what differs, or the budget holds not
 * even two texts; a DataError where the disk is full or read-only or another process is at work there. Tiles that were done stay.
 */
export async function fillKernelStore(
  path: string,
  tangent: TangentModel,
  request: FillRequest,
  options: FillOptions = {},
): Promise<Filled> {
  const { identity, targets, targetsTest } = request;
  const { byGroup = false } = options;
  const variant = resolveVariant(options, tangent.outputs, tangent.backend.precision);
  const { columns: train, rows: test } = withPlaces(tangent, { columns: request.train, rows: request.test });
  const offsets = { train: tangent.offsets(train), test: test && tangent.offsets(test) };
  const whole = (manifest: KernelManifest, plan: KernelPlan | null): Filled => ({
    manifest,
    rows: variant.rows,
    zeroSigns: manifest.zero_signs ?? null,
    plan,
  });
  const there = await completeStore(path, identity, byGroup);
  if (there) return whole(there, null);

  await makeFolder(path);
  const lock = await lockFolder(path);
  try {
    // Another process may have come to its end meanwhile.
    const ended = await completeStore(path, identity, byGroup);
    if (ended) return whole(ended, null);
    await sweep(path);
    let plan!: KernelPlan;
    const tiles = await openTiles(path, { identity, byGroup }, (begun?: Cut) => {
      plan = planKernel(tangent, offsets, options, begun);
      return plan.cut;
    });
    const sides = {
      train: bandBatches(train),
      test: test && bandBatches(test),
    };
    await fillTiles(tangent, tiles, plan, { offsets, sides, train }, options);
    options.signal?.throwIfAborted();
    const manifest = await finishStore(path, tiles, identity, {
      rows: variant.rows,
      copies: variant.copies,
      symmetric: variant.kernel !== "asymmetric",
      targets,
      targetsTest,
    });
    return whole(manifest, plan);
  } finally {
    await lock.release();
  }
}

/** What killed runs were writing aside. */
async function sweep(path: string): Promise<void> {
  for (const folder of [path, joinPath(path, TILES)]) {
    if (!(await exists(folder))) continue;
    for (const name of await listFolder(folder)) {
      if (/^\..*\.part$/.test(name)) await removeAll(joinPath(folder, name));
    }
  }
}

/** Texts of a band as a batch of their own. */
const bandBatches = (batch: Batch) => (band: Band) =>
  pickTexts(
    batch,
    Array.from({ length: band.end - band.first }, (_, k) => band.first + k),
  );

interface Texts {
  offsets: { train: Int32Array; test: Int32Array | null };
  sides: { train: (band: Band) => Batch; test: ((band: Band) => Batch) | null };
  train: Batch;
}

/** What of a job is not there yet; null: nothing. */
function missing(job: Job, tiles: TileStore): Job | null {
  const diagonal = job.diagonal && !tiles.has(tileName(job.columns, job.columns));
  const rows = job.rows && !tiles.has(tileName(job.rows, job.columns)) ? job.rows : null;
  return diagonal || rows ? { ...job, diagonal, rows } : null;
}

async function fillTiles(
  tangent: TangentModel,
  tiles: TileStore,
  plan: KernelPlan,
  { offsets, sides, train }: Texts,
  options: FillOptions,
): Promise<void> {
  const { onProgress, onPlan } = options;
  const left = plan.jobs.flatMap((job) => missing(job, tiles) ?? []);
  const work = left.map((job) => jobFlops(tangent, offsets, job, options));
  const there = plan.jobs.flatMap(tilesOf).filter(tiles.has).length;
  const sum = (of: readonly Work[]): Work =>
    of.reduce(
      (all, { passes, contraction }) => ({
        passes: all.passes + passes,
        contraction: all.contraction + contraction,
      }),
      {
        passes: 0,
        contraction: 0,
      },
    );
  const total = sum(work);
  const speed = startSpeed();
  if (left.length === 0) {
    onPlan?.(plan, there, 0);
    return;
  }
  const crew = await recruit(tangent, plan.workers, options);
  try {
    const inOneJob = sum(work.slice(0, 1));
    if (onPlan && total.passes + total.contraction > WORTH_PROBE) {
      const most = plan.cut.train[1];
      const allowed = total.passes + total.contraction;
      speed.see(
        ...(await probe(tangent, { batch: train, offsets: offsets.train, most, allowed }, options, crew)),
      );
    }
    onPlan?.(plan, there, speed.seconds(total) ?? speed.seconds(inOneJob));
    let done = 0;
    const all = total.passes + total.contraction;
    for (const [index, job] of left.entries()) {
      const own = work[index];
      const size = own.passes + own.contraction;
      const rest = sum(work.slice(index + 1));
      const told =
        onProgress &&
        ((part: { stage: string; done: number; total: number }) => {
          const share = part.total > 0 ? part.done / part.total : 0;
          // Its passes are behind it when its contraction is under way.
          const remaining = speed.seconds({
            passes: rest.passes,
            contraction: rest.contraction + own.contraction * (1 - share),
          });
          onProgress({
            stage: "kernel",
            done: done + size * share,
            total: all,
            ...(remaining !== undefined && { remaining }),
            note: `tile ${index + 1} of ${left.length}`,
          });
        });
      const result = await compute(tangent, job, sides, { ...options, onProgress: told }, crew);
      speed.see(own, result.seconds);
      await keep(job, result, tiles, tangent.outputs);
      done += size;
    }
  } finally {
    await crew.dismiss();
  }
}

async function compute(
  tangent: TangentModel,
  { columns, rows, diagonal }: Job,
  sides: Texts["sides"],
  options: NtkOptions,
  crew: Crew,
): Promise<Assembled> {
  const second = rows && (rows.side === "train" ? sides.train(rows) : sides.test!(rows));
  const request = {
    columns: sides.train(columns),
    rows: second,
    square: diagonal,
    // Θ[x, x′] = ⟨sgn J(x), J(x′)⟩ among training texts; between held-out and training texts the latter have the sign.
    signedSide: rows?.side === "test" ? ("columns" as const) : ("rows" as const),
  };
  return assemble(tangent, request, options, crew);
}

async function keep(
  { columns, rows, diagonal }: Job,
  { square, cross, f0, dead }: Assembled,
  tiles: TileStore,
  C: number,
): Promise<void> {
  const matrices = ({ data, shape, groups }: NonNullable<typeof square>): TileArrays => ({
    kernel: { data, shape },
    ...Object.fromEntries(
      Object.entries(groups ?? {}).map(([group, part]) => [`kernel.${group}`, { data: part, shape }]),
    ),
  });
  const outputs = (data: Float64Array): Matrix => ({ data, shape: [data.length / C, C] });
  if (diagonal && square) {
    const zeroSigns =
      dead &&
      Object.fromEntries(
        Object.entries(dead).map(([name, counts]) => [name, counts.reduce((all, count) => all + count, 0)]),
      );
    const arrays = { ...matrices(square), f0: outputs(f0.columns) };
    await tiles.write(tileName(columns, columns), arrays, zeroSigns ?? undefined);
  }
  if (rows && cross && f0.rows) {
    await tiles.write(tileName(rows, columns), { ...matrices(cross), f0: outputs(f0.rows) });
  }
}
