/**
 * Runs a network over a packed batch: forward, forward with tangents, and backward stage by stage. Each step asks the shelf for the
 * weights of its stage before it computes. What a run no longer needs is freed as it goes; whatever goes wrong, nothing is left behind.
 *
 * A backward run is a generator: between two stages it holds the forward activations below and one cotangent block (keep.ts says
 * where). Do not close a backend scope that was opened around only a part of it.
 */
import type { Backend, DeviceTensor } from "../numerics/backend.ts";
import { tensorsIn } from "../numerics/deviceScope.ts";
import type { LongOptions } from "../progress.ts";
import { type Kept, keep, take } from "./keep.ts";
import { planAttention } from "./layers/attention.ts";
import * as embedding from "./layers/embedding.ts";
import type { BackwardPass, Network, Pass, Stage, TangentPass } from "./network.ts";
import { exampleSegments, type PackedBatch } from "./packing.ts";
import type { Readout } from "./readouts/readout.ts";
import type { Needs, WeightShelf } from "./shelf.ts";
import type { Parameter, Tap, TapStage } from "./types.ts";

export function startPass(
  backend: Backend,
  { sizes }: Network,
  packed: PackedBatch,
  weights: WeightShelf,
  copies = 1,
): Pass {
  const { heads, keyHeads = heads, hiddenSize, headSize = hiddenSize / heads } = sizes;
  return {
    backend,
    packed,
    examples: exampleSegments(packed),
    attention: planAttention(packed, { heads, keyHeads, headSize, copies }),
    weights,
  };
}

const needsOf = (stage: Stage | undefined): Needs | undefined => stage && { whole: stage.parameters };

/** Counts the steps of a run: before each it looks at the signal, after each it tells. */
function createMeter(name: string, total: number, { signal, onProgress }: LongOptions) {
  let done = 0;
  return {
    before: () => signal?.throwIfAborted(),
    after: () => onProgress?.({ stage: name, done: ++done, total }),
  };
}

/** Final hidden states (N × d). The receiver releases them. */
export async function runForward(
  pass: Pass,
  network: Network,
  long: LongOptions = {},
): Promise<DeviceTensor> {
  const meter = createMeter("forward pass", network.stages.length + 1, long);
  return (await ascend(pass, network, network.stages.length, meter)).hidden;
}

type Meter = ReturnType<typeof createMeter>;
/** Of a stage: what its derivatives need, or its input, from which to make that again; null where no derivative is wanted. */
type StageMemory = { saved: unknown } | { input: Kept } | null;

/** Forward, keeping what the backward pass of the stages from `lowest` on needs. */
async function ascend(
  pass: Pass,
  network: Network,
  lowest: number,
  meter: Meter,
): Promise<{ hidden: DeviceTensor; memories: StageMemory[] }> {
  const { backend, weights } = pass;
  const { stages } = network;
  const spill = weights.mode !== "resident";
  const memories: StageMemory[] = [];
  meter.before();
  let x = await weights.using(
    embedding.needsOf(pass, network.embedding),
    () => backend.scope(() => embedding.forward(pass, network.embedding)),
    needsOf(stages[0]),
  );
  try {
    meter.after();
    for (const [index, stage] of stages.entries()) {
      meter.before();
      const wanted = index >= lowest;
      const input = wanted && spill ? await keep(backend, x, true) : null;
      const step = await weights.using(
        { whole: stage.parameters },
        () =>
          backend.scope(() => {
            const { output, saved } = stage.forward(pass, x);
            return { output, memory: wanted ? (input ? { input } : { saved }) : null };
          }),
        needsOf(stages[index + 1]),
      );
      memories.push(step.memory);
      releaseExcept(backend, x, step);
      x = step.output;
      meter.after();
    }
  } catch (error) {
    backend.release({ x, memories });
    throw error;
  }
  return { hidden: x, memories };
}

/** Final hidden states and their tangent, null where it is zero. The receiver releases both. */
export async function runTangent(
  pass: TangentPass,
  network: Network,
  long: LongOptions = {},
): Promise<{ hidden: DeviceTensor; hiddenDot: DeviceTensor | null }> {
  const { backend, weights } = pass;
  const { stages } = network;
  const meter = createMeter("forward pass with tangents", stages.length + 1, long);
  meter.before();
  let now = await weights.using(
    embedding.needsOf(pass, network.embedding),
    () =>
      backend.scope(() => ({
        x: embedding.forward(pass, network.embedding),
        xDot: embedding.jvp(pass, network.embedding),
      })),
    needsOf(stages[0]),
  );
  try {
    meter.after();
    for (const [index, stage] of stages.entries()) {
      meter.before();
      const next = await weights.using(
        { whole: stage.parameters },
        () =>
          backend.scope(() => {
            const { output, saved } = stage.forward(pass, now.x);
            return { x: output, xDot: stage.jvp(pass, saved, now.xDot) };
          }),
        needsOf(stages[index + 1]),
      );
      releaseExcept(backend, now, next);
      now = next;
      meter.after();
    }
  } catch (error) {
    backend.release(now);
    throw error;
  }
  return { hidden: now.x, hiddenDot: now.xDot };
}

/** What a backward run still holds. */
interface Held {
  memories: StageMemory[];
  hidden: DeviceTensor | null; // until the readout has seen it
  d: Kept | null; // (copies·N × d)
  use: embedding.WordUse | null;
}

/** (copies·n × C), given, or made of the final hidden states once they are there. */
export interface Cotangents {
  data: Float64Array | ((hidden: DeviceTensor) => Promise<Float64Array>);
  copies: number;
}

/**
 * Taps of the wanted parameters for cotangents `U` of the outputs, from the readout down to the embedding; stages without taps
 * are passed over. The receiver of a stage releases its taps.
 */
export async function* runBackward(
  pass: Pass,
  network: Network,
  readout: Readout,
  U: Cotangents,
  wants: (parameter: Parameter) => boolean,
  long: LongOptions = {},
): AsyncGenerator<TapStage, void, void> {
  const { backend, weights } = pass;
  const { stages } = network;
  const lowest = readout.isConstant ? stages.length : lowestWanted(network, wants);
  const bottom = Math.max(lowest, 0);
  const steps = stages.length + 1 + 1 + (stages.length - bottom) + (lowest < 0 ? 1 : 0);
  const meter = createMeter("forward and backward pass", steps, long);
  let held: Held = { memories: [], hidden: null, d: null, use: null };

  /** One step in a scope; frees what was held and neither stays held nor goes out in a tap. */
  async function step(
    needs: Needs,
    body: (pass: BackwardPass) => { memories: StageMemory[]; d: DeviceTensor | null; use: Held["use"] },
    next?: Needs,
  ): Promise<Tap[]> {
    meter.before();
    const before = held;
    const taps: Tap[] = [];
    const made = await weights.using(
      needs,
      () => backend.scope(() => ({ ...body({ ...pass, copies: U.copies, wants, taps }), taps })),
      next,
    );
    const { memories, d, use } = made;
    held = { memories, hidden: null, d: d && { tensor: d }, use };
    releaseExcept(backend, before, made);
    if (d && weights.mode !== "resident") {
      held = { ...held, d: await keep(backend, d, true) };
      releaseExcept(backend, d, taps);
    }
    meter.after();
    return taps;
  }

  try {
    const top = await ascend(pass, network, bottom, meter);
    held = { ...top, d: null, use: null };
    const cotangents = typeof U.data === "function" ? await U.data(top.hidden) : U.data;
    const taps = await step(
      readout.needs,
      (backwardPass) => {
        const cotangent = backend.upload(cotangents, [U.copies * pass.packed.n, readout.outputs]);
        return {
          memories: top.memories,
          ...readout.vjp(backwardPass, top.hidden, cotangent, lowest < stages.length),
        };
      },
      lowest < stages.length ? needsOf(stages.at(-1)) : undefined,
    );
    if (taps.length > 0) yield { name: "readout", taps };

    for (let index = stages.length - 1; index >= bottom; index--) {
      const stage = stages[index];
      const stageTaps = await step(
        { whole: stage.parameters },
        (backwardPass) => {
          const { memories, d, use } = held;
          const saved = savedOf(pass, stage, memories[index]);
          const below = stage.vjp(backwardPass, saved, take(backend, d!), index > lowest);
          return { memories: memories.slice(0, index), d: below, use };
        },
        index > bottom ? needsOf(stages[index - 1]) : undefined,
      );
      if (stageTaps.length > 0) yield { name: stage.name, taps: stageTaps };
    }

    if (lowest < 0) {
      const wordTaps = await step({}, (backwardPass) => {
        embedding.taps(backwardPass, network.embedding, held.d && take(backend, held.d), held.use);
        return { memories: [], d: null, use: null };
      });
      yield { name: "embedding", taps: wordTaps };
    }
  } finally {
    backend.release(held);
  }
}

/** What the derivatives of a stage need, from what the forward run kept of it. */
function savedOf(pass: Pass, stage: Stage, memory: StageMemory): unknown {
  if (memory && "input" in memory) return stage.forward(pass, take(pass.backend, memory.input)).saved;
  return memory?.saved;
}

/** Index of the lowest stage with a wanted parameter: −1 the embedding, the number of stages if none. */
function lowestWanted(network: Network, wants: (parameter: Parameter) => boolean): number {
  if (embedding.parametersOf(network.embedding).some(wants)) return -1;
  const index = network.stages.findIndex((stage) => stage.parameters.some(wants));
  return index < 0 ? network.stages.length : index;
}

/** Frees the tensors in `before` that are not in `after`. */
function releaseExcept(backend: Backend, before: unknown, after: unknown): void {
  const kept = tensorsIn(after);
  backend.release([...tensorsIn(before)].filter((tensor) => !kept.has(tensor)));
}
