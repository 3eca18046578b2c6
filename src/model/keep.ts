/**
 * What a run keeps from one step to the next. With all weights on the backend it stays there. Otherwise memory is what is short, and it
 * goes to a typed array outside the backend: of a stage only its input, from which the backward pass runs the stage's forward pass
 * again. Saving all that a stage's derivatives need would take some twenty times as much (of a decoder block 16·N·d and the scores
 * instead of N·d) to spare one of three products; and the same kernels on the same values give the same bits again.
 */
import type { Backend, DeviceTensor } from "../numerics/backend.ts";

export type Kept = { tensor: DeviceTensor } | { data: Float32Array | Float64Array; shape: readonly number[] };

/** The tensor stays the caller's to free if it is copied out (`spill`). */
export async function keep(backend: Backend, tensor: DeviceTensor, spill: boolean): Promise<Kept> {
  return spill ? { data: await backend.read(tensor), shape: tensor.shape } : { tensor };
}

/** On the backend again; inside a scope. */
export const take = (backend: Backend, kept: Kept): DeviceTensor =>
  "tensor" in kept ? kept.tensor : backend.upload(kept.data, kept.shape);
