/**
 * The empirical kernel Θ(x, x′) = J(x) J(x′)ᵀ, assembled stage by stage of the backward pass (theory.md §6). All blocks of
 * texts run forward, then descend together: readout, last layer, …, embedding. At each stage every tap of every pair of groups
 * (a tile) is one task; tasks are dealt to whoever is free, and their results added in the order of the list, which shapes
 * alone decide: the same bits whatever the number of workers. Held: the forward activations and one stage's taps.
 * A sign kernel's dead zone needs the largest gradient of an example over all tensors before the first sign can be taken: the
 * texts descend twice, the second time with all thresholds known; holding the gradients instead would take n × P numbers.
 */
import type { TangentModel } from "../model/types.ts";
import { resolveWorkers } from "../runtime/index.ts";
import type { Batch } from "../text/batch.ts";
import { type Block, cutBlocks, groupBlocks } from "./blocks.ts";
import { checkBudget } from "./budget.ts";
import { deal, eachOf } from "./deal.ts";
import { estimateSizes, sizesOf, widestLayer } from "./estimate.ts";
import { findThresholds } from "./largest.ts";
import { createMeter } from "./meter.ts";
import type { NtkOptions } from "./options.ts";
import { withPlaces } from "./places.ts";
import { startPool } from "./pool.ts";
import { selectParameters } from "./select.ts";
import { sameStage } from "./stages.ts";
import { createStation, type Station } from "./station.ts";
import type { StageData } from "./taps.ts";
import { createTarget, type KernelMatrix, kernelRows, type Target } from "./target.ts";
import { cutTiles, type StageTask, stageTasks, type Tile } from "./tiles.ts";
import { resolveVariant, type Variant } from "./variant.ts";

export interface Assembly {
  columns: Batch; // n₁ texts
  rows: Batch | null; // n₂ texts
  /** Columns × columns wanted. */
  square: boolean;
  /** Which side of the kernel between rows and columns takes the sign of the asymmetric kernel. */
  signedSide: "rows" | "columns";
}

export interface Assembled {
  square: KernelMatrix | null; // (n₁C × n₁C)
  cross: KernelMatrix | null; // (n₂C × n₁C)
  f0: { columns: Float64Array; rows: Float64Array | null }; // (n × C) each
  /** Of sign kernels: entries of each wanted tensor whose sign is 0, (n·K) over columns, or over rows where columns are not wanted with themselves. */
  dead: Record<string, Float64Array> | null;
  /** Threads that did the work. */
  workers: number;
  flops: number;
  /** Wall clock of running texts forward and back (with the search for the largest gradients), and of contracting. */
  seconds: { passes: number; contraction: number };
}

/** `hired`: threads that are there already and stay; of their own number the work takes no notice of `options.workers`. */
export async function assemble(
  tangent: TangentModel,
  assembly: Assembly,
  options: NtkOptions,
  hired?: Crew,
): Promise<Assembled> {
  const { square, signedSide } = assembly;
  const { columns, rows } = withPlaces(tangent, assembly);
  const variant = resolveVariant(options, tangent.outputs, tangent.backend.precision);
  options.signal?.throwIfAborted();
  const wanted = selectParameters(tangent.parameters, options.parameters);
  // Packing the whole batch also finds texts that are empty or too long, under their own numbers.
  const offsets = { columns: tangent.offsets(columns), rows: rows && tangent.offsets(rows) };
  const [train, test] = [sizesOf(offsets.columns), offsets.rows && sizesOf(offsets.rows)];
  const { kernel, outputs, deadZone } = variant;
  const plan = {
    ...{ kernel, outputs, deadZone, square },
    parameters: options.parameters,
    byGroup: options.byGroup,
  };
  const estimated = estimateSizes(tangent, train, test, plan);
  const workers =
    hired?.stations.length ?? resolveWorkers(options.workers, tangent.backend.name, estimated.flops);
  const { contraction, largest, flops } = checkBudget(tangent, train, test, {
    ...plan,
    workers,
    memory: options.memory,
  });

  const { copies: K, rows: R } = variant;
  const sides = [
    cutBlocks(columns, lengthsOf(offsets.columns), { outputs: K, side: 0 }),
    rows && offsets.rows ? cutBlocks(rows, lengthsOf(offsets.rows), { outputs: K, side: 1 }) : [],
  ];
  const blocks = sides.flat();
  const width = widestLayer(tangent.parameters);
  const groups = sides.map((side) => groupBlocks(side, K, width));
  const symmetric = variant.kernel !== "asymmetric";
  const tiles = cutTiles(groups[0], groups[1], { offset: sides[0].length, square, symmetric });

  const target = {
    square: square ? createTarget(train.n * R, train.n * R) : null,
    cross: test ? createTarget(test.n * R, train.n * R) : null,
  };
  const C = tangent.outputs;
  const f0 = { columns: new Float64Array(train.n * C), rows: test && new Float64Array(test.n * C) };
  const counted = square || !test ? train : test;
  const dead = variant.kernel === "sgd" ? null : deadEntries(tangent, wanted, counted.n * K);
  const crew = hired ?? (await recruit(tangent, workers, options));
  const work = { tangent, blocks, tiles, wanted, crew: crew.stations, target, f0, variant, signedSide, dead };
  const seconds = { passes: 0, contraction: 0 };
  try {
    await descend({ ...work, contraction, largest, seconds }, options);
  } finally {
    if (!hired) await crew.dismiss();
  }
  target.square?.finish(R, variant.scale);
  target.cross?.finish(R, variant.scale);
  return {
    square: target.square?.matrix ?? null,
    cross: target.cross?.matrix ?? null,
    f0,
    dead,
    workers,
    flops,
    seconds,
  };
}

/** All entries of each tensor, until they are counted. */
function deadEntries({ parameters }: TangentModel, wanted: ReadonlySet<string>, rows: number) {
  return Object.fromEntries(
    parameters
      .filter(({ name }) => wanted.has(name))
      .map(({ name, shape }) => [name, new Float64Array(rows).fill(shape.reduce((a, b) => a * b, 1))]),
  );
}

const lengthsOf = (offsets: Int32Array) => offsets.slice(1).map((end, i) => end - offsets[i]);

export interface Crew {
  stations: Station[];
  dismiss(): Promise<void>;
}

/** `workers` threads with the model, or the caller's own. */
export async function recruit(tangent: TangentModel, workers: number, options: NtkOptions): Promise<Crew> {
  if (workers === 1) {
    const station = createStation(tangent, options.signal);
    return { stations: [station], dismiss: () => station.close() };
  }
  const pool = await startPool({
    recipe: tangent.recipe,
    backend: tangent.backend.name === "reference" ? "reference" : "wasm",
    workers,
    signal: options.signal,
    url: options.workerUrl,
  });
  return { stations: pool.stations, dismiss: () => pool.end(new Error("the kernel is done")) };
}

interface Descent extends Pick<Assembled, "f0" | "dead" | "seconds">, Pick<Assembly, "signedSide"> {
  tangent: TangentModel;
  blocks: Block[];
  tiles: Tile[];
  wanted: ReadonlySet<string>;
  crew: Station[];
  variant: Variant;
  target: { square: Target | null; cross: Target | null };
  contraction: Record<string, number>;
  largest: number;
}

async function descend(work: Descent, options: NtkOptions): Promise<void> {
  const { tangent, blocks, tiles, crew, variant, target, f0, dead, signedSide, seconds } = work;
  const { signal, byGroup = false } = options;
  const C = tangent.outputs;
  const { copies: K, rows: R, combinations } = variant;
  const owners = shareOut(blocks, crew.length);
  const time = async (what: keyof typeof seconds, work: Promise<unknown>) => {
    const start = performance.now();
    await work;
    seconds[what] += (performance.now() - start) / 1000;
  };
  const begun = performance.now();
  const thresholds = dead && (await findThresholds({ ...work, owners }, options));
  const meter = createMeter("kernel", work.contraction, options.onProgress);
  const names = [...work.wanted];

  await eachOf(crew, owners, signal, async (station, index) => {
    const { side, examples, batch } = blocks[index];
    const values = await station.open(index, batch, names, combinations);
    const into = side === 0 ? f0.columns : f0.rows;
    examples.forEach((example, i) => {
      into?.set(values.subarray(i * C, (i + 1) * C), example * C);
    });
  });

  seconds.passes += (performance.now() - begun) / 1000;
  for (;;) {
    const stages: (StageData | null)[] = blocks.map(() => null);
    const advanced = eachOf(crew, owners, signal, async (station, index) => {
      stages[index] = await station.advance(index);
    });
    await time("passes", advanced);
    const stage = sameStage(stages);
    if (!stage) break;
    const tasks = stageTasks(stage, tiles, { variant, thresholds, signedSide });
    const perform = (station: Station, { task }: StageTask) => station.contract(task);
    const contracted = deal(
      crew,
      tasks,
      signal,
      perform,
      ({ tile, counted }, { parameter, place, share }) => {
        const into = place.cross ? target.cross : target.square;
        into?.add(tile, place, blocks, R, byGroup ? parameter.group : undefined);
        if (dead && counted && place.counts) countOff(dead[parameter.name], counted, place, blocks, K);
        meter.advance(parameter.name, share);
      },
    );
    await time("contraction", contracted);
  }
  meter.finish();
  signal?.throwIfAborted();
}

/** Takes the entries of a group's texts whose sign is not 0 off those of the tensor. */
function countOff(
  dead: Float64Array,
  counted: Float64Array,
  place: Tile,
  blocks: readonly Block[],
  K: number,
): void {
  kernelRows(place.rows, blocks, K).forEach((row, k) => {
    dead[row] -= counted[k];
  });
}

/** Blocks by station, the next heaviest to the least loaded: lists of indices into `blocks`. */
function shareOut(blocks: readonly Block[], stations: number): number[][] {
  const owners = Array.from({ length: stations }, () => ({ load: 0, blocks: [] as number[] }));
  const heaviest = Array.from(blocks.keys()).sort(
    (a, b) => blocks[b].positions - blocks[a].positions || a - b,
  );
  for (const index of heaviest) {
    const owner = owners.reduce((least, next) => (next.load < least.load ? next : least));
    owner.load += blocks[index].positions;
    owner.blocks.push(index);
  }
  return owners.map((owner) => owner.blocks.sort((a, b) => a - b));
}
