/**
 * Training on several threads: each holds the same θ and passes pieces of a step's texts through it (pieces.ts: cut by the texts
 * alone); their gradients are added here in the order of the pieces, so that the bits do not depend on the number of threads.
 * θ goes to the threads after each step: one copy to each memory where memory is shared, two where it is not; gradients come without
 * a copy. Held: θ once here and once a thread, and up to (threads + 1) gradients.
 */
import { CallError } from "../errors.ts";
import type { Parameter, TangentModel } from "../model/index.ts";
import { shareRecipe } from "../model/shareRecipe.ts";
import type { Tensor } from "../numerics/array.ts";
import { builtModule, resolveWorkers, startLines } from "../runtime/index.ts";
import type { Request } from "./protocol.ts";
import { type TrainableChoice, trainableOf } from "./trainable.ts";
import type { Crew, Pulled, Trainable } from "./types.ts";

export interface SpreadOptions extends TrainableChoice {
  /** Threads; "auto" (the default): one a core where a step is worth it; 0 and 1 stay in the caller's thread. */
  workers?: number | "auto";
  /** Positions of all texts that one step passes through the network: what "auto" goes by; absent: many. */
  positions?: number;
  /** Ends the threads. */
  signal?: AbortSignal;
  /** The worker module, where it does not lie beside the package's own files: build/trainWorker.js. */
  workerUrl?: URL;
}

export interface Spread {
  /** For `train`. Its own `forward` and `pullback` run in the caller's thread. */
  trainable: Trainable;
  workers: number;
  /** Ends the threads; the trainable is none any more. */
  end(): Promise<void>;
}

/** Operations of a position for each parameter: 2 forward, 4 back. */
const FLOPS = 6;
/** Steps that a run has at least: starting threads is paid once. */
const STEPS = 10;

/** @throws CallError for a number of workers that makes no sense; what a thread throws while it builds its model. */
export async function spread(tangent: TangentModel, options: SpreadOptions = {}): Promise<Spread> {
  const { linearised, offset, signal, positions = Number.POSITIVE_INFINITY } = options;
  const { name } = tangent.backend;
  const flops = FLOPS * STEPS * positions * tangent.size;
  const workers = resolveWorkers(options.workers, name, flops);
  const choice: TrainableChoice = { linearised, offset: offset && Float64Array.from(offset) };
  const trainable = await trainableOf(tangent, choice);
  if (workers === 1) return { trainable, workers, end: async () => {} };

  const backend = name === "reference" ? ("reference" as const) : ("wasm" as const);
  const first: Request = { kind: "build", recipe: shareRecipe(tangent.recipe), backend, choice };
  const url = options.workerUrl ?? builtModule("trainWorker.js");
  const { lines, end } = await startLines({ url, workers, first, signal });

  const idle = [...lines.keys()];
  const waiting: ((index: number) => void)[] = [];
  /** To the first thread that is free. */
  async function ask(request: Request): Promise<unknown> {
    const index = idle.shift() ?? (await new Promise<number>((resolve) => waiting.push(resolve)));
    try {
      return await lines[index].ask(request);
    } finally {
      const next = waiting.shift();
      if (next) next(index);
      else idle.push(index);
    }
  }

  const crew: Crew = {
    workers,
    forward: (batch) => ask({ kind: "forward", batch }) as Promise<Tensor>,
    descend: (batch, goal, wanted) =>
      ask({ kind: "descend", batch, goal, wanted: namesOf(tangent.parameters, wanted) }) as Promise<Pulled>,
  };
  return {
    trainable: {
      ...{ outputs: trainable.outputs, parameters: trainable.parameters, crew },
      forward: (batch) => trainable.forward(batch),
      pullback: (batch, cotangent, wanted) => trainable.pullback(batch, cotangent, wanted),
      values: (names) => trainable.values(names),
      async assign(values) {
        const request: Request = { kind: "assign", values };
        await Promise.all([trainable.assign(values), ...lines.map((line) => line.ask(request))]);
      },
    },
    workers,
    end: () =>
      end(new CallError("training: expected living threads, got ones that were ended; try spread()")),
  };
}

const namesOf = (parameters: readonly Parameter[], wanted: (parameter: Parameter) => boolean) =>
  parameters.filter(wanted).map(({ name }) => name);
