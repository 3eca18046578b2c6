/** The numbers of tensors, read as they are stored, with the fingerprint of them all. */
import { type ByteSource, sha256 } from "../runtime/index.ts";
import type { WeightDType } from "./widen.ts";

export interface CheckpointTensor {
  dtype: WeightDType;
  shape: number[];
  /** Little-endian; see `widen`. On shared memory with `share`. */
  bytes: Uint8Array;
}

export interface WeightPlace {
  name: string;
  source: ByteSource;
  /** Bytes [start, end) of the source. */
  place: { dtype: WeightDType; shape: number[]; start: number; end: number };
  /** Puts the bytes in the order of the checkpoint, where the file has another. */
  arrange?(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>;
}

/** Tensor by tensor; one after the other in one block where they are shared. */
export async function readTensors(
  found: WeightPlace[],
  share: boolean,
): Promise<{ tensors: Record<string, CheckpointTensor>; fingerprint: string }> {
  const room = ({ place }: WeightPlace) => Math.ceil((place.end - place.start) / 8) * 8; // keeps every tensor aligned
  const block =
    share && typeof SharedArrayBuffer !== "undefined"
      ? new SharedArrayBuffer(found.reduce((sum, weight) => sum + room(weight), 0))
      : undefined;
  const tensors: [string, CheckpointTensor][] = [];
  const lines: string[] = [];
  let at = 0;
  for (const weight of found) {
    const { name, source, place, arrange } = weight;
    const stored = await source.read(place.start, place.end);
    const own = arrange ? arrange(stored) : stored;
    // Hashed before it is shared: Web Crypto does not take shared memory.
    lines.push(JSON.stringify([name, place.dtype, place.shape, await sha256(own)]));
    let bytes: Uint8Array = own;
    if (block) {
      bytes = new Uint8Array(block, at, own.length);
      bytes.set(own);
      at += room(weight);
    }
    tensors.push([name, { dtype: place.dtype, shape: place.shape, bytes }]);
  }
  const fingerprint = await sha256(new TextEncoder().encode(lines.join("\n")));
  return { tensors: Object.fromEntries(tensors), fingerprint };
}
