/**
 * Weights where they are: bytes in memory, or a place in a file they are read from when they are needed. Either can be sent to
 * another thread, which reads the place for itself.
 */
import { CallError, DataError } from "../errors.ts";
import { sizeOf } from "../numerics/array.ts";
import { type FileOrigin, reopen } from "../runtime/index.ts";
import { BLOCKS, isQuantized } from "./dequantize/index.ts";
import { DTYPE_BYTES } from "./dtypes.ts";
import { orderRows, type RowOrder } from "./ggufModel.ts";
import type { WeightDType } from "./widen.ts";

/** What a header says of a tensor. */
export interface TensorInfo {
  dtype: WeightDType;
  shape: number[];
}

export interface CheckpointTensor extends TensorInfo {
  /** Little-endian; see `widen`. On shared memory with `share`. */
  bytes: Uint8Array;
}

/** Bytes [start, end) of a file. */
export interface FilePlace {
  file: string; // for messages
  origin: FileOrigin;
  start: number;
  end: number;
  order?: RowOrder;
}

export interface PlacedTensor extends TensorInfo {
  place: FilePlace;
}

export type WeightTensor = CheckpointTensor | PlacedTensor;

export const isPlaced = (tensor: WeightTensor): tensor is PlacedTensor => "place" in tensor;

/** Bytes of a tensor as it is stored. */
export function storedBytes({ dtype, shape }: TensorInfo): number {
  if (!isQuantized(dtype)) return sizeOf(shape) * DTYPE_BYTES[dtype];
  const { bytes, numbers } = BLOCKS[dtype];
  return (sizeOf(shape) / numbers) * bytes;
}

/**
 * Bytes [from, to) of a tensor, all where absent; not a copy of what is in memory. DataError, naming the tensor, where its file is
 * gone, cut short or not what it was.
 */
export async function readTensor(
  name: string,
  tensor: WeightTensor,
  from = 0,
  to = storedBytes(tensor),
): Promise<Uint8Array> {
  if (!isPlaced(tensor)) return tensor.bytes.subarray(from, to);
  const { file, origin, start, end, order } = tensor.place;
  try {
    const source = reopen(file, origin);
    if (order) return orderRows(await source.read(start, end), order).subarray(from, to);
    return await source.read(start + from, start + to);
  } catch (error) {
    if (!(error instanceof CallError || error instanceof DataError) && !(error instanceof DOMException))
      throw error;
    throw new DataError(`tensor ${name}: ${error.message}`);
  }
}
