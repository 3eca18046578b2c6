/**
 * Runs a network over a packed batch: forward, forward with tangents, and backward stage by stage. What a run no longer needs is
 * freed as it goes; whatever goes wrong, nothing is left behind.
 *
 * A backward run is a generator: between two stages it holds the forward activations below and one cotangent block. Do not close
 * a backend scope that was opened around only a part of it.
 */
import type { Backend, DeviceTensor } from "../numerics/backend.ts";
import { tensorsIn } from "../numerics/deviceScope.ts";
import { planAttention } from "./layers/attention.ts";
import * as embedding from "./layers/embedding.ts";
import type { BackwardPass, Network, Pass, TangentPass } from "./network.ts";
import { exampleSegments, type PackedBatch } from "./packing.ts";
import type { Readout } from "./readouts/readout.ts";
import type { Parameter, Tap, TapStage } from "./types.ts";

export function startPass(backend: Backend, { sizes }: Network, packed: PackedBatch, copies = 1): Pass {
  const { heads, keyHeads = heads, hiddenSize, headSize = hiddenSize / heads } = sizes;
  return {
    backend,
    packed,
    examples: exampleSegments(packed),
    attention: planAttention(packed, { heads, keyHeads, headSize, copies }),
  };
}

/** Final hidden states (N × d). The receiver releases them. */
export function runForward(pass: Pass, network: Network): DeviceTensor {
  return forwardSaving(pass, network, network.stages.length).hidden;
}

/** Forward, keeping what the backward pass of the stages from `lowest` on needs. */
function forwardSaving(
  pass: Pass,
  network: Network,
  lowest: number,
): { hidden: DeviceTensor; saved: unknown[] } {
  const { backend } = pass;
  return backend.scope(() => {
    const saved: unknown[] = [];
    let x = backend.scope(() => embedding.forward(pass, network.embedding));
    network.stages.forEach((stage, index) => {
      const step = backend.scope(() => {
        const made = stage.forward(pass, x);
        return { output: made.output, saved: index >= lowest ? made.saved : null };
      });
      saved.push(step.saved);
      releaseExcept(backend, x, step);
      x = step.output;
    });
    return { hidden: x, saved };
  });
}

/** Final hidden states and their tangent, null where it is zero; to be called inside a scope. */
export function runTangent(
  pass: TangentPass,
  network: Network,
): { hidden: DeviceTensor; hiddenDot: DeviceTensor | null } {
  const { backend } = pass;
  let now = backend.scope(() => ({
    x: embedding.forward(pass, network.embedding),
    xDot: embedding.jvp(pass, network.embedding),
  }));
  for (const stage of network.stages) {
    const next = backend.scope(() => {
      const { output, saved } = stage.forward(pass, now.x);
      return { x: output, xDot: stage.jvp(pass, saved, now.xDot) };
    });
    releaseExcept(backend, now, next);
    now = next;
  }
  return { hidden: now.x, hiddenDot: now.xDot };
}

/** What a backward run still holds. */
interface Held {
  saved: unknown[];
  d: DeviceTensor | null; // (copies·N × d)
  use: embedding.WordUse | null;
}

/**
 * Taps of the wanted parameters for cotangents `U` of the outputs, from the readout down to the embedding; stages without taps
 * are passed over. The receiver of a stage releases its taps.
 */
export function* runBackward(
  pass: Pass,
  network: Network,
  readout: Readout,
  U: { data: Float64Array; copies: number }, // (copies·n × C)
  wants: (parameter: Parameter) => boolean,
): Generator<TapStage, void, void> {
  const { backend } = pass;
  const { stages } = network;
  const lowest = readout.isConstant ? stages.length : lowestWanted(network, wants);
  let held: Held = { saved: [], d: null, use: null };

  /** One step in a scope; frees what was held and neither stays held nor goes out in a tap. */
  function step(body: (pass: BackwardPass) => Held): Tap[] {
    const before = held;
    const taps: Tap[] = [];
    const made = backend.scope(() => {
      const next = body({ ...pass, copies: U.copies, wants, taps });
      return { next, taps };
    });
    held = made.next;
    releaseExcept(backend, before, made);
    return taps;
  }

  try {
    const taps = step((backwardPass) => {
      const { hidden, saved } = forwardSaving(pass, network, Math.max(lowest, 0));
      const cotangent = backend.upload(U.data, [U.copies * pass.packed.n, readout.outputs]);
      const { d, use } = readout.vjp(backwardPass, hidden, cotangent, lowest < stages.length);
      return { saved, d, use };
    });
    if (taps.length > 0) yield { name: "readout", taps };

    for (let index = stages.length - 1; index >= Math.max(lowest, 0); index--) {
      const stageTaps = step((backwardPass) => {
        const { saved, d, use } = held;
        const below = stages[index].vjp(backwardPass, saved[index], d!, index > lowest);
        return { saved: saved.slice(0, index), d: below, use };
      });
      if (stageTaps.length > 0) yield { name: stages[index].name, taps: stageTaps };
    }

    if (lowest < 0) {
      const wordTaps = step((backwardPass) => {
        embedding.taps(backwardPass, network.embedding, held.d, held.use);
        return { saved: [], d: null, use: null };
      });
      yield { name: "embedding", taps: wordTaps };
    }
  } finally {
    backend.release(held);
  }
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
