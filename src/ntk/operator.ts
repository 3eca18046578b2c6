/**
 * The empirical kernel of n texts without its matrix: Θv = J(Jᵀv), one vjp and one jvp over the texts (theory.md §6), block by
 * block. For `eigsh`, `trace`, `spectralDensity` and `conjugateGradients` where n·C × n·C numbers do not fit.
 * Cost of b vectors together, which share the forward runs: 2 forward passes, and b backward and b tangent passes without theirs:
 * 2 + 4b products a layer, against 6b one by one. Held: 8 P b bytes of Jᵀv, as much again a thread, and a block's activations each.
 */
import { CallError, complaint } from "../errors.ts";
import type { Parameter, TangentModel } from "../model/types.ts";
import { sizeOf } from "../numerics/array.ts";
import type { Operator } from "../numerics/index.ts";
import type { LongOptions } from "../progress.ts";
import { resolveWorkers } from "../runtime/index.ts";
import type { Batch } from "../text/batch.ts";
import { type Crew, recruit } from "./assemble.ts";
import type { Block } from "./blocks.ts";
import { deal, eachOf } from "./deal.ts";
import type { NtkOptions } from "./options.ts";
import { cutPasses, roomForTexts } from "./passes.ts";
import { withPlaces } from "./places.ts";
import { type ParameterChoice, selectParameters } from "./select.ts";
import type { Station } from "./station.ts";
import { addInto, cutStrands, type Vectors } from "./strands.ts";
import type { Floats } from "./taps.ts";
import { type OutputChoice, resolveVariant, type Variant } from "./variant.ts";

export interface OperatorOptions extends LongOptions, Pick<NtkOptions, "workers" | "workerUrl"> {
  /** "mean" and "sum" are C products in one: C times the cost. */
  outputs?: OutputChoice;
  parameters?: ParameterChoice;
  /** Bytes the work may take: texts run in smaller blocks, fewer vectors together, on fewer threads. */
  memory?: number;
  /** Most vectors that go through the network together (4); the more, the nearer the cost of each comes to two thirds. */
  together?: number;
}

/** The kernel as an operator. Threads it has started wait for the next product until `free`, or until it is collected. */
export interface NtkOperator extends Operator {
  apply(x: Float64Array, out: Float64Array): Promise<void>;
  applyBlock(x: Float64Array, out: Float64Array, count: number): Promise<void>;
  /** Ends the threads; the next product would start others. */
  free(): Promise<void>;
}

/** Threads that blocks leave room for. */
const ROOM_FOR = 4;
const TOGETHER = 4;
/** Products a method takes: whether threads are worth starting is not a question of one. */
const PRODUCTS = 10;

const forgotten = new FinalizationRegistry<() => Promise<void>>((free) => void free());

/**
 * Θ(batch, batch) of gradients (no sign kernel: that is no product of J with itself), of side n·C, row = example·C + output; n
 * where outputs are reduced. float32 passes, sums over blocks in float64; so symmetric up to that rounding, not to the last bit.
 * The same bits for every number of `workers`. `signal` rejects a product that is under way; `onProgress` counts the passes of each.
 * @throws CallError for an unknown option, or memory that does not hold Jᵀv and one text
 */
export function ntkOperator(tangent: TangentModel, batch: Batch, options: OperatorOptions = {}): NtkOperator {
  const { signal, onProgress, memory, parameters, outputs, together = TOGETHER } = options;
  if (!(Number.isInteger(together) && together > 0)) {
    throw new CallError(complaint("ntkOperator, together", "a whole number from 1", String(together)));
  }
  const C = tangent.outputs;
  const { columns } = withPlaces(tangent, { columns: batch, rows: null });
  const variant = resolveVariant({ outputs }, C, tangent.backend.precision);
  const names = selectParameters(tangent.parameters, parameters);
  const chosen = tangent.parameters.filter(({ name }: Parameter) => names.has(name));
  const P = chosen.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const functions = functionsOf(variant, C);
  const n = columns.shape[0];
  const size = n * variant.rows;
  const offsets = tangent.offsets(columns);

  // Whatever the outputs, a stack of single cotangents goes through the network.
  const one = { outputs: 0, copies: 1 };
  const passes = (stack: number, workers: number) => ({
    ...{ memory, parameters, stack, workers },
    held: 8 * P * stack * (1 + workers),
  });
  const fits = (stack: number, workers: number, texts: number) =>
    roomForTexts(tangent, offsets, one, passes(stack, workers)).texts >= texts;
  let most = together;
  while (most > 1 && !fits(most, 1, 1)) most--;
  const cut = (stack: number) =>
    cutPasses(
      tangent,
      columns,
      { ...one, copies: stack },
      { where: "ntkOperator", ...passes(stack, 1), roomFor: ROOM_FOR },
    );
  const strandsOf = new Map<number, Block[][]>();
  const strands = (stack: number) => {
    if (!strandsOf.has(stack)) strandsOf.set(stack, cutStrands(cut(stack)));
    return strandsOf.get(stack)!;
  };
  const largest = Math.max(...strands(most).flatMap((run) => run.map(({ examples }) => examples.length)));
  const flops = 12 * offsets[n] * tangent.size * PRODUCTS;
  let workers = resolveWorkers(options.workers, tangent.backend.name, flops);
  while (workers > 1 && !fits(most, workers, largest)) workers--;

  const threads = startThreads(() => recruit(tangent, workers, { signal, workerUrl: options.workerUrl }));
  let products = 0;

  /** out += the kernel's product with each entry's part of x: one stack through the network and back. */
  async function pass(entries: readonly Entry[], x: Float64Array, out: Float64Array, tick: () => void) {
    const { stations } = await threads.crew();
    const copies = entries.length;
    const runs = strands(copies);
    const batches = (run: readonly Block[]) => run.map(({ batch }) => batch);
    const total = await sumOfStrands(stations, runs, signal, (station, run) => {
      const cotangents = run.map(({ examples }) => cotangentsOf(x, examples, entries, { C, size }));
      return station.pull({ batches: batches(run), cotangents, copies, wanted: [...names] }).finally(tick);
    });
    await deal(
      stations,
      runs,
      signal,
      (station, run) => station.push({ batches: batches(run), tangents: total, copies }).finally(tick),
      (moved, run) => {
        run.forEach((block, b) => {
          place(out, moved[b], block, entries, { C, size, scale: variant.scale });
        });
      },
    );
  }

  async function applyBlock(x: Float64Array, out: Float64Array, count: number): Promise<void> {
    if (x.length !== count * size || out.length !== count * size) {
      const got = `${x.length} and ${out.length} numbers`;
      throw new CallError(complaint("ntkOperator", `${count} × ${size}`, got));
    }
    products += count;
    const entries = Array.from({ length: count }, (_, vector) =>
      functions.map((a) => ({ vector, a })),
    ).flat();
    const stacks = Array.from({ length: Math.ceil(entries.length / most) }, (_, k) =>
      entries.slice(k * most, (k + 1) * most),
    );
    const total = stacks.reduce((sum, stack) => sum + 2 * strands(stack.length).length, 0);
    let done = 0;
    const tick = () => onProgress?.({ stage: "kernel product", done: ++done, total, note: `${products}` });
    const result = new Float64Array(count * size);
    for (const stack of stacks) await pass(stack, x, result, tick);
    out.set(result);
  }

  const { free } = threads;
  const operator = {
    size,
    apply: (x: Float64Array, out: Float64Array) => applyBlock(x, out, 1),
    applyBlock,
    free,
  };
  forgotten.register(operator, free);
  return operator;
}

/** Threads from the first product on. */
function startThreads(start: () => Promise<Crew>) {
  let crew: Promise<Crew> | null = null;
  return {
    crew() {
      crew ??= start();
      return crew;
    },
    async free() {
      const hired = await crew?.catch(() => null);
      crew = null;
      await hired?.dismiss();
    },
  };
}

/** Sums of the strands, added in their order; as many strands at once as there are stations. */
async function sumOfStrands(
  stations: readonly Station[],
  runs: readonly Block[][],
  signal: AbortSignal | undefined,
  perform: (station: Station, run: readonly Block[]) => Promise<Vectors>,
): Promise<Vectors> {
  let total: Vectors | null = null;
  for (let first = 0; first < runs.length; first += stations.length) {
    const found = new Map<number, Vectors>();
    const owners = stations.slice(0, runs.length - first).map((_, k) => [first + k]);
    await eachOf(stations, owners, signal, async (station, index) => {
      found.set(index, await perform(station, runs[index]));
    });
    for (const [index] of owners) {
      const more = found.get(index)!;
      if (!total) total = more;
      else for (const [name, data] of Object.entries(more)) addInto(total[name], data);
    }
  }
  return total ?? {};
}

/** A vector, and the function of the outputs whose kernel it is multiplied by (C weights); null: the outputs themselves. */
interface Entry {
  vector: number;
  a: Float64Array | null;
}

/** Weights of the outputs (C) in each function whose kernels are summed; null: the outputs themselves. */
function functionsOf({ combinations, diagonal }: Variant, C: number): (Float64Array | null)[] {
  if (!diagonal) return [combinations];
  return Array.from({ length: C }, (_, c) => Float64Array.from({ length: C }, (_, k) => (k === c ? 1 : 0)));
}

/** Rows of the vectors at a block's examples, (entries·n_b × C); where each example has one number x_i, x_i·a. */
function cotangentsOf(
  x: Float64Array,
  examples: Int32Array,
  entries: readonly Entry[],
  { C, size }: { C: number; size: number },
): Float64Array {
  const u = new Float64Array(entries.length * examples.length * C);
  let at = 0;
  for (const { vector, a } of entries) {
    const own = x.subarray(vector * size, (vector + 1) * size);
    for (const example of examples) {
      for (let c = 0; c < C; c++) u[at++] = a ? a[c] * own[example] : own[example * C + c];
    }
  }
  return u;
}

/** A block's J v (entries·n_b × C) at its examples' places; where outputs are reduced, what a makes of it is added. */
function place(
  out: Float64Array,
  jv: Floats,
  { examples }: Block,
  entries: readonly Entry[],
  { C, size, scale }: { C: number; size: number; scale: number },
): void {
  let at = 0;
  for (const { vector, a } of entries) {
    const own = out.subarray(vector * size, (vector + 1) * size);
    for (const example of examples) {
      for (let c = 0; c < C; c++) {
        const value = jv[at++];
        if (a) own[example] += scale * a[c] * value;
        else own[example * C + c] = value;
      }
    }
  }
}
