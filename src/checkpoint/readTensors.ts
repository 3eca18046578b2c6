/** The weights of a checkpoint, read as they are stored or left where they are, with the fingerprint of them all. */
import { type ByteSource, sha256 } from "../runtime/index.ts";
import { orderRows, type RowOrder } from "./ggufModel.ts";
import type { CheckpointTensor, WeightTensor } from "./places.ts";
import type { WeightDType } from "./widen.ts";

export interface WeightPlace {
  name: string;
  source: ByteSource;
  /** Bytes [start, end) of the source. */
  place: { dtype: WeightDType; shape: number[]; start: number; end: number };
  /** How the rows lie there, where they have to be put in order. */
  order?: RowOrder;
}

type Read<T> = { tensors: Record<string, T>; fingerprint: string };

/** Tensor by tensor; one after the other in one block where they are shared. */
export function readTensors(found: readonly WeightPlace[], share: boolean): Promise<Read<CheckpointTensor>> {
  const room = ({ place }: WeightPlace) => Math.ceil((place.end - place.start) / 8) * 8; // keeps every tensor aligned
  const block =
    share && typeof SharedArrayBuffer !== "undefined"
      ? new SharedArrayBuffer(found.reduce((sum, weight) => sum + room(weight), 0))
      : undefined;
  let at = 0;
  return eachTensor(found, (weight, own) => {
    const { dtype, shape } = weight.place;
    if (!block) return { dtype, shape, bytes: own };
    const bytes = new Uint8Array(block, at, own.length);
    bytes.set(own);
    at += room(weight);
    return { dtype, shape, bytes };
  });
}

/** Reads them once, for the fingerprint, and keeps none but what is in memory already. */
export function placeTensors(found: readonly WeightPlace[]): Promise<Read<WeightTensor>> {
  return eachTensor(found, ({ source, place, order }, own) => {
    const { dtype, shape, start, end } = place;
    if (!source.origin) return { dtype, shape, bytes: (!order && source.view?.(start, end)) || own };
    const { name: file, origin } = source;
    return { dtype, shape, place: { file, origin, start, end, ...(order && { order }) } };
  });
}

async function eachTensor<T>(
  found: readonly WeightPlace[],
  take: (weight: WeightPlace, bytes: Uint8Array<ArrayBuffer>) => T,
): Promise<Read<T>> {
  const tensors: [string, T][] = [];
  const lines: string[] = [];
  for (const weight of found) {
    const { name, source, place, order } = weight;
    const stored = await source.read(place.start, place.end);
    const own = order ? orderRows(stored, order) : stored;
    // Hashed before it is shared: Web Crypto does not take shared memory.
    lines.push(JSON.stringify([name, place.dtype, place.shape, await sha256(own)]));
    tensors.push([name, take(weight, own)]);
  }
  const fingerprint = await sha256(new TextEncoder().encode(lines.join("\n")));
  return { tensors: Object.fromEntries(tensors), fingerprint };
}
