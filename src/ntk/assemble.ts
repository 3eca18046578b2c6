/**
 * The empirical kernel Θ(x, x′) = J(x) J(x′)ᵀ, assembled stage by stage of the backward pass (theory.md §6). All blocks of
 * texts run forward, then descend together: readout, last layer, …, embedding. At each stage every tap of every pair of groups
 * (a tile) is one task; tasks are dealt to whoever is free, and their results added in the order of the list, which shapes
 * alone decide: the same bits whatever the number of workers. Held: the forward activations and one stage's taps.
 */
import type { TangentModel } from "../model/types.ts";
import type { Batch } from "../text/batch.ts";
import { type Block, cutBlocks, groupBlocks } from "./blocks.ts";
import { checkBudget } from "./budget.ts";
import { deal, eachOf } from "./deal.ts";
import { estimateSizes, sizesOf, widestLayer } from "./estimate.ts";
import { createMeter } from "./meter.ts";
import { checkKinds, type NtkOptions, resolveWorkers } from "./options.ts";
import { withPlaces } from "./places.ts";
import { startPool } from "./pool.ts";
import { selectParameters } from "./select.ts";
import { createStation, type Station } from "./station.ts";
import type { StageData } from "./taps.ts";
import { createTarget, type KernelMatrix, type Target } from "./target.ts";
import { cutTiles, stageTasks, type Tile } from "./tiles.ts";

export interface Assembly {
  columns: Batch; // n₁ texts
  rows: Batch | null; // n₂ texts
  /** Columns × columns wanted. */
  square: boolean;
}

export interface Assembled {
  square: KernelMatrix | null; // (n₁C × n₁C)
  cross: KernelMatrix | null; // (n₂C × n₁C)
  f0: { columns: Float64Array; rows: Float64Array | null }; // (n × C) each
  /** Threads that did the work. */
  workers: number;
  flops: number;
}

export async function assemble(
  tangent: TangentModel,
  assembly: Assembly,
  options: NtkOptions,
): Promise<Assembled> {
  const { square } = assembly;
  const { columns, rows } = withPlaces(tangent, assembly);
  checkKinds(options);
  options.signal?.throwIfAborted();
  const wanted = selectParameters(tangent.parameters, options.parameters);
  // Packing the whole batch also finds texts that are empty or too long, under their own numbers.
  const offsets = { columns: tangent.offsets(columns), rows: rows && tangent.offsets(rows) };
  const [train, test] = [sizesOf(offsets.columns), offsets.rows && sizesOf(offsets.rows)];
  const plan = { parameters: options.parameters, byGroup: options.byGroup, square };
  const { flops: work } = estimateSizes(tangent, train, test, plan);
  const workers = resolveWorkers(options.workers, tangent.backend.name, work);
  const { contraction, flops } = checkBudget(tangent, train, test, {
    ...plan,
    workers,
    memory: options.memory,
  });

  const C = tangent.outputs;
  const sides = [
    cutBlocks(columns, lengthsOf(offsets.columns), { outputs: C, side: 0 }),
    rows && offsets.rows ? cutBlocks(rows, lengthsOf(offsets.rows), { outputs: C, side: 1 }) : [],
  ];
  const blocks = sides.flat();
  const width = widestLayer(tangent.parameters);
  const groups = sides.map((side) => groupBlocks(side, C, width));
  const tiles = cutTiles(groups[0], groups[1], { offset: sides[0].length, square });

  const target = {
    square: square ? createTarget(train.n * C, train.n * C) : null,
    cross: test ? createTarget(test.n * C, train.n * C) : null,
  };
  const f0 = { columns: new Float64Array(train.n * C), rows: test && new Float64Array(test.n * C) };
  const crew = await recruit(tangent, workers, options);
  try {
    await descend({ tangent, blocks, tiles, wanted, crew: crew.stations, target, f0, contraction }, options);
  } finally {
    await crew.dismiss();
  }
  target.square?.check(C);
  target.cross?.check(C);
  return {
    square: target.square?.matrix ?? null,
    cross: target.cross?.matrix ?? null,
    f0,
    workers,
    flops,
  };
}

const lengthsOf = (offsets: Int32Array) => offsets.slice(1).map((end, i) => end - offsets[i]);

interface Crew {
  stations: Station[];
  dismiss(): Promise<void>;
}

async function recruit(tangent: TangentModel, workers: number, options: NtkOptions): Promise<Crew> {
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

interface Descent {
  tangent: TangentModel;
  blocks: Block[];
  tiles: Tile[];
  wanted: ReadonlySet<string>;
  crew: Station[];
  target: { square: Target | null; cross: Target | null };
  f0: Assembled["f0"];
  contraction: Record<string, number>;
}

async function descend(work: Descent, options: NtkOptions): Promise<void> {
  const { tangent, blocks, tiles, crew, target, f0 } = work;
  const { signal, byGroup = false } = options;
  const C = tangent.outputs;
  const owners = shareOut(blocks, crew.length);
  const meter = createMeter("kernel", work.contraction, options.onProgress);
  const names = [...work.wanted];

  await eachOf(crew, owners, signal, async (station, index) => {
    const { side, examples, batch } = blocks[index];
    const values = await station.open(index, batch, names);
    const into = side === 0 ? f0.columns : f0.rows;
    examples.forEach((example, i) => {
      into?.set(values.subarray(i * C, (i + 1) * C), example * C);
    });
  });

  for (;;) {
    const stages: (StageData | null)[] = blocks.map(() => null);
    await eachOf(crew, owners, signal, async (station, index) => {
      stages[index] = await station.advance(index);
    });
    const stage = sameStage(stages);
    if (!stage) break;
    const tasks = stageTasks(stage, tiles, C);
    await deal(crew, tasks, signal, (tile, { parameter, place, share }) => {
      const into = place.cross ? target.cross : target.square;
      // Groups are kept of the first kernel asked for.
      const grouped = byGroup && into === (target.square ?? target.cross);
      into?.add(tile, place, blocks, C, grouped ? parameter.group : undefined);
      meter.advance(parameter.name, share);
    });
  }
  meter.finish();
  signal?.throwIfAborted();
}

/** Every block is at the same stage, or all are done. */
function sameStage(stages: (StageData | null)[]): StageData[] | null {
  const present = stages.filter((stage) => stage !== null);
  if (present.length === 0) return null;
  const layout = (stage: StageData) => [stage.name, ...stage.taps.map((tap) => tap.parameter.name)].join(" ");
  const [first] = present;
  if (present.length < stages.length || present.some((stage) => layout(stage) !== layout(first))) {
    throw new Error(
      `kernel: blocks of one batch went through different stages (${present.map(layout).join(" / ")})`,
    );
  }
  return present;
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
