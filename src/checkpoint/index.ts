/** Checkpoints: weights by name from files, as they are stored. Knows numbers and files, and no network. */
export type { FloatDType, IntegerDType, StoredDType } from "./dtypes.ts";
export { type Checkpoint, type CheckpointTensor, type OpenOptions, openCheckpoint } from "./open.ts";
export {
  readSafetensors,
  readSafetensorsHeader,
  type SafetensorsHeader,
  type StoredTensor,
  type TensorPlace,
} from "./safetensors.ts";
export { widen, widenIntegers } from "./widen.ts";
export { writeSafetensors } from "./writeSafetensors.ts";
