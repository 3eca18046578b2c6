/**
 * Products with J and Jᵀ over blocks of texts on several threads, to the same bits whatever their number. The blocks are cut into
 * strands, runs of blocks that one thread takes one after the other; sums over blocks are made along a strand and then over strands,
 * in their order. The cut knows of neither threads nor time.
 */
import type { TangentModel } from "../model/types.ts";
import { share } from "../runtime/index.ts";
import type { Batch } from "../text/batch.ts";
import type { Block } from "./blocks.ts";
import type { Floats } from "./taps.ts";

/** Of 24 strands 2, 3, 4, 6, 8 and 12 threads get equally many. */
const STRANDS = 24;

/** Consecutive blocks in at most STRANDS runs of like number: what is dealt to threads. */
export function cutStrands(blocks: readonly Block[]): Block[][] {
  const count = Math.min(STRANDS, blocks.length);
  return Array.from({ length: count }, (_, s) =>
    blocks.slice(Math.floor((s * blocks.length) / count), Math.floor(((s + 1) * blocks.length) / count)),
  );
}

/** By tensor of the checkpoint: (copies × the tensor). */
export type Vectors = Record<string, Float64Array>;

export interface PullTask {
  batches: Batch[];
  /** One of each batch: (copies·n_b × C). */
  cotangents: Float64Array[];
  copies: number;
  /** Names of parameters. */
  wanted: readonly string[];
}

export interface PushTask {
  batches: Batch[];
  tangents: Vectors;
  copies: number;
}

/** Σ Jᵀu over the batches of a strand, in float64; on shared memory, where there is any. */
export async function pullStrand(
  tangent: TangentModel,
  { batches, cotangents, copies, wanted }: PullTask,
  signal?: AbortSignal,
): Promise<Vectors> {
  const names = new Set(wanted);
  const sum: Vectors = {};
  for (const [b, batch] of batches.entries()) {
    const cotangent = { data: cotangents[b], shape: [copies * batch.shape[0], tangent.outputs] };
    const options = { copies, signal, wanted: ({ name }: { name: string }) => names.has(name) };
    for await (const { name, data } of tangent.gradients(batch, cotangent, options)) {
      if (sum[name]) addInto(sum[name], data);
      else sum[name] = share(Float64Array.from(data));
    }
  }
  return sum;
}

/** J v of each batch of a strand: (copies·n_b × C). */
export async function pushStrand(
  tangent: TangentModel,
  { batches, tangents, copies }: PushTask,
  signal?: AbortSignal,
): Promise<Floats[]> {
  const moved: Floats[] = [];
  for (const batch of batches) moved.push((await tangent.jvp(batch, tangents, { copies, signal })).data);
  return moved;
}

export function addInto(sum: Float64Array, more: Floats): void {
  for (let p = 0; p < more.length; p++) sum[p] += more[p];
}
