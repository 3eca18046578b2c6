/**
 * What one thread does for a kernel: holds a model, runs its blocks forward and then backward stage by stage, and contracts
 * what it is given. The same code in a worker and in the caller's own thread.
 */
import { CallError } from "../errors.ts";
import type { TangentModel, TapStage } from "../model/types.ts";
import type { Batch } from "../text/batch.ts";
import { type Contraction, type ContractionTask, contract } from "./contract/contract.ts";
import { largestOfTap } from "./contract/largest.ts";
import { projectTap, type SketchSpec } from "./sketch/project.ts";
import { type PullTask, type PushTask, pullStrand, pushStrand, type Vectors } from "./strands.ts";
import { type Floats, readStage, type StageData, type TapData } from "./taps.ts";

export interface Station {
  /**
   * Forward pass of a block: f₀ (n × C). Its backward pass, of the outputs or of combinations (K × C) of them, is ready to start.
   */
  open(
    block: number,
    batch: Batch,
    wanted: readonly string[],
    combinations: Float64Array | null,
  ): Promise<Floats>;
  /** One stage further down; null after the last. */
  advance(block: number): Promise<StageData | null>;
  /** All stages of an opened block at once, sketched: (n_b·K × k), row = example·K + copy. */
  sketch(block: number, spec: SketchSpec): Promise<Float64Array>;
  contract(task: ContractionTask): Promise<Contraction>;
  /** max |g| by example and copy, (n·copies). */
  largest(tap: TapData, copies: number): Promise<Float64Array>;
  /** Σ Jᵀu over a strand of texts. */
  pull(task: PullTask): Promise<Vectors>;
  /** J v, batch by batch. */
  push(task: PushTask): Promise<Floats[]>;
}

/** `signal` ends a pass that is under way between two stages of the network. */
export function createStation(
  tangent: TangentModel,
  signal?: AbortSignal,
): Station & { close(): Promise<void> } {
  const running = new Map<number, { stages: AsyncIterator<TapStage>; offsets: Int32Array }>();
  function runOf(block: number) {
    const run = running.get(block);
    if (!run) throw new CallError(`kernel: block ${block} was not opened on this thread`);
    return run;
  }
  return {
    async open(block, batch, wanted, combinations) {
      const names = new Set(wanted);
      const f0 = await tangent.forward(batch, { signal });
      running.set(block, {
        stages: tangent
          .taps(batch, (parameter) => names.has(parameter.name), {
            signal,
            combinations: combinations ?? undefined,
          })
          [Symbol.asyncIterator](),
        offsets: tangent.offsets(batch),
      });
      return f0.data;
    },
    async advance(block) {
      const run = runOf(block);
      const next = await run.stages.next();
      if (!next.done) return readStage(tangent.backend, next.value, run.offsets);
      running.delete(block);
      return null;
    },
    async sketch(block, spec) {
      const { stages, offsets } = runOf(block);
      running.delete(block);
      const features = new Float64Array((offsets.length - 1) * spec.copies * spec.k);
      for await (const { taps } of { [Symbol.asyncIterator]: () => stages }) {
        try {
          for (const tap of taps) await projectTap(tangent.backend, tap, offsets, spec, features);
        } finally {
          tangent.backend.release(taps);
        }
      }
      return features;
    },
    contract: (task) => contract(tangent.backend, task),
    largest: (tap, copies) => largestOfTap(tangent.backend, tap, copies),
    pull: (task) => pullStrand(tangent, task, signal),
    push: (task) => pushStrand(tangent, task, signal),
    /** Ends the backward passes that are under way, so that they free what they hold. */
    async close() {
      const runs = [...running.values()];
      running.clear();
      await Promise.all(runs.map(({ stages }) => stages.return?.()));
    },
  };
}
