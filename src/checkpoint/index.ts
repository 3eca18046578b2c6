/** Checkpoints: weights by name from files, as they are stored. Knows numbers and files, and no network. */

export { type AdapterFiles, openAdapter, writeAdapter } from "./adapter.ts";
export type { QuantizedDType } from "./dequantize/index.ts";
export type { FloatDType, IntegerDType, StoredDType } from "./dtypes.ts";
export { narrow } from "./narrow.ts";
export { type Checkpoint, type OpenOptions, openCheckpoint, type PlaceOptions } from "./open.ts";
export {
  type CheckpointTensor,
  type FilePlace,
  isPlaced,
  type PlacedTensor,
  readTensor,
  storedBytes,
  type TensorInfo,
  type WeightTensor,
} from "./places.ts";
export {
  readSafetensors,
  readSafetensorsHeader,
  type SafetensorsHeader,
  type StoredTensor,
  type TensorPlace,
} from "./safetensors.ts";
export { type WeightDType, widen, widenIntegers } from "./widen.ts";
export { writeCheckpoint } from "./writeCheckpoint.ts";
export { streamSafetensors, writeSafetensors } from "./writeSafetensors.ts";
