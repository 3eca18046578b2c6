/**
 * How a kernel is computed within a budget: into how many bands the texts are cut (bands.ts), by how many threads, and what that
 * costs. The cut decides the kernel's last bits. It depends on the lengths of the texts, on the model, its outputs and the
 * options, and on the budget; not on the number of threads, nor on what a run was interrupted by.
 */
import type { TangentModel } from "../model/types.ts";
import { resolveWorkers } from "../runtime/index.ts";
import { bandsOf, cutBands, type Job, jobsOf, largestBand } from "./bands.ts";
import { checkBudget, INSTANCE_LIMIT, memoryBudget } from "./budget.ts";
import { type EstimateOptions, estimateSizes, type KernelEstimate, sizesOf } from "./estimate.ts";
import type { NtkOptions } from "./options.ts";

/** Of what one thread leaves of the budget: for texts; the rest is for more threads. */
const SHARE_OF_TEXTS = 2 / 3;
/** Operations of a job that is not cut further: what an interruption loses, a minute or so. */
const LONG_JOB = 1.2e12;
/** What cutting jobs further may add to the whole. */
const WORTH = 0.05;
const MOST_BANDS = 64;

/** Bounds of the bands, (bands + 1) each. */
export interface Cut {
  train: number[];
  test: number[] | null;
}

export interface KernelPlan {
  cut: Cut;
  jobs: Job[];
  tiles: number;
  /** Times a training text runs forward and back, on average; 1: all are held at once. */
  passes: number;
  /** Held at the fullest moment, by purpose, and the sum. */
  bytes: number;
  parts: KernelEstimate["parts"];
  workers: number;
  /** Operations of all jobs: of running the texts, and of contracting. */
  flops: { passes: number; contraction: number };
}

interface Offsets {
  train: Int32Array; // (n + 1)
  test: Int32Array | null;
}

/** Throws a CallError where not even the smallest part fits. `cut`: of a store that was begun. */
export function planKernel(
  tangent: TangentModel,
  offsets: Offsets,
  options: NtkOptions,
  cut?: Cut,
): KernelPlan {
  const total = memoryBudget(options.memory);
  const budget: Budget = { total, options: choiceOf(options) };
  const chosen = cut ?? chooseCut(tangent, offsets, budget);
  const train = bandsOf("train", chosen.train);
  const test = chosen.test ? bandsOf("test", chosen.test) : [];
  const jobs = jobsOf(train, test, options.kernel !== "asymmetric");
  const flops = flopsOf(tangent, offsets, jobs, budget.options);
  let workers = resolveWorkers(options.workers, tangent.backend.name, flops.passes + flops.contraction);
  const held = (crew: number) => estimateCut(tangent, offsets, chosen, { ...budget.options, workers: crew });
  while (workers > 1 && held(workers).bytes > total) workers--;
  const { bytes, parts } = held(workers);
  if (bytes > total)
    checkBudget(tangent, ...largestPair(offsets, chosen), { ...budget.options, memory: total });
  const positions = jobs.reduce((sum, job) => sum + positionsOf(offsets, job).train, 0);
  const tiles = jobs.reduce((sum, { rows, diagonal }) => sum + (rows ? 1 : 0) + (diagonal ? 1 : 0), 0);
  const passes = positions / offsets.train[offsets.train.length - 1];
  return { cut: chosen, jobs, tiles, passes, bytes, parts, workers, flops };
}

type Choice = Pick<EstimateOptions, "parameters" | "byGroup" | "kernel" | "outputs" | "deadZone">;
const choiceOf = ({ parameters, byGroup, kernel, outputs, deadZone }: NtkOptions): Choice => ({
  parameters,
  byGroup,
  kernel,
  outputs,
  deadZone,
});

interface Budget {
  total: number;
  options: Choice;
}

/** The two bands that a job holds at most: training texts, and the larger of training and held-out ones. */
function largestPair(offsets: Offsets, { train, test }: Cut) {
  const columns = largestBand(offsets.train, train);
  const held = test && offsets.test ? largestBand(offsets.test, test) : null;
  const second = train.length > 1 ? columns : null;
  if (!held || !second) return [columns, held ?? second] as const;
  return [columns, held.positions > second.positions ? held : second] as const;
}

const estimateCut = (tangent: TangentModel, offsets: Offsets, cut: Cut, options: EstimateOptions) =>
  estimateSizes(tangent, ...largestPair(offsets, cut), { ...options, square: true });

function chooseCut(tangent: TangentModel, offsets: Offsets, budget: Budget): Cut {
  const n = offsets.train.length - 1;
  const m = offsets.test ? offsets.test.length - 1 : 0;
  const cutInto = (bands: number, heldOut: number): Cut => ({
    train: cutBands(offsets.train, bands),
    test: offsets.test && cutBands(offsets.test, heldOut),
  });
  const fits = (cut: Cut) => fitsIn(estimateCut(tangent, offsets, cut, budget.options), tangent, budget);
  // As many held-out bands as make each of them like a training band, at most.
  const heldOutFor = (bands: number): number | null => {
    if (m === 0) return fits(cutInto(bands, 0)) ? 0 : null;
    return smallest(1, m, (heldOut) => fits(cutInto(bands, heldOut)));
  };
  const least = smallest(1, n, (bands) => heldOutFor(bands) !== null);
  if (least === null) {
    const [train, test] = largestPair(offsets, cutInto(n, m));
    checkBudget(tangent, train, test, { ...budget.options, memory: budget.total / 2 });
    return cutInto(n, m);
  }
  const candidate = (bands: number) => {
    const cut = cutInto(bands, heldOutFor(bands) ?? m);
    const jobs = jobsOf(
      bandsOf("train", cut.train),
      cut.test ? bandsOf("test", cut.test) : [],
      budget.options.kernel !== "asymmetric",
    );
    const { passes, contraction } = flopsOf(tangent, offsets, jobs, budget.options);
    return { cut, flops: passes + contraction, job: (passes + contraction) / jobs.length };
  };
  // With more training bands there may be fewer held-out ones: the cheapest of the next few.
  let best = candidate(least);
  for (let bands = least + 1; bands <= Math.min(n, 2 * least) && m > 0; bands++) {
    const next = candidate(bands);
    if (next.flops < best.flops) best = next;
  }
  const limit = (1 + WORTH) * best.flops;
  for (let bands = best.cut.train.length; best.job > LONG_JOB && bands < Math.min(n, MOST_BANDS); ) {
    const next = candidate(++bands);
    if (next.flops <= limit) best = next;
    else if (bands > 3) break; // two bands cost more than three
  }
  return best.cut;
}

function fitsIn(
  { parts, bytes, instanceBytes }: KernelEstimate,
  tangent: TangentModel,
  { total }: Budget,
): boolean {
  if (tangent.backend.name !== "reference" && instanceBytes > INSTANCE_LIMIT) return false;
  const thread = parts.weights + parts.workspace;
  return bytes - thread <= SHARE_OF_TEXTS * (total - thread);
}

/** The smallest number from `low` to `high` that will do, of a condition that once true stays so; null where none does. */
function smallest(low: number, high: number, will: (value: number) => boolean): number | null {
  if (high < low || !will(high)) return null;
  let step = low;
  while (step < high && !will(step)) step = Math.min(2 * step, high);
  let [from, to] = [Math.max(low, Math.floor(step / 2)), step];
  while (from < to) {
    const middle = Math.floor((from + to) / 2);
    if (will(middle)) to = middle;
    else from = middle + 1;
  }
  return to;
}

function positionsOf({ train, test }: Offsets, { columns, rows }: Job) {
  const own = train[columns.end] - train[columns.first];
  if (!rows) return { train: own, test: 0 };
  if (rows.side === "train") return { train: own + train[rows.end] - train[rows.first], test: 0 };
  return { train: own, test: test![rows.end] - test![rows.first] };
}

/** The contraction is that of the whole kernel; every pass of a text costs as in the whole. */
function flopsOf(tangent: TangentModel, offsets: Offsets, jobs: readonly Job[], options: Choice) {
  const [train, test] = [sizesOf(offsets.train), offsets.test && sizesOf(offsets.test)];
  const { flops, contraction } = estimateSizes(tangent, train, test, options);
  const contracting = Object.values(contraction).reduce((sum, cost) => sum + cost, 0);
  const once = train.positions + (test?.positions ?? 0);
  const all = jobs.reduce((sum, job) => {
    const run = positionsOf(offsets, job);
    return sum + run.train + run.test;
  }, 0);
  return { passes: ((flops - contracting) * all) / once, contraction: contracting };
}

/** Of one job, for the time it takes. */
export function jobFlops(tangent: TangentModel, offsets: Offsets, job: Job, options: NtkOptions) {
  const slice = (of: Int32Array, first: number, end: number) =>
    of.slice(first, end + 1).map((at) => at - of[first]);
  const columns = sizesOf(slice(offsets.train, job.columns.first, job.columns.end));
  const from = job.rows?.side === "test" ? offsets.test! : offsets.train;
  const rows = job.rows && sizesOf(slice(from, job.rows.first, job.rows.end));
  const { flops, contraction } = estimateSizes(tangent, columns, rows, {
    ...choiceOf(options),
    square: job.diagonal,
  });
  const contracting = Object.values(contraction).reduce((sum, cost) => sum + cost, 0);
  return { passes: flops - contracting, contraction: contracting };
}
