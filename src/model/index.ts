/** ntkit/model: pretrained networks, seen as maps with derivatives. */

export {
  type Checkpoint,
  type OpenOptions,
  openAdapter,
  openCheckpoint,
  type PlaceOptions,
  type StoredTensor,
  streamSafetensors,
  writeAdapter as saveAdapter,
  writeCheckpoint as saveCheckpoint,
  writeSafetensors,
} from "../checkpoint/index.ts";
export { loadTokenizer, type Tokenizer, tokenize } from "../text/index.ts";
export { knownArchitectures } from "./architectures.ts";
export { type LoadModelOptions, loadModel, type ModelSource } from "./loadModel.ts";
export { type AdapterOptions, createAdapter } from "./loraCreate.ts";
export { type Mergeable, mergeAdapter, unmergeAdapter } from "./loraMerge.ts";
export { modelFromRecipe, tangentFromRecipe } from "./model.ts";
export { parameterFilter, parametersByGroup } from "./parameters.ts";
export { chooseWeights, type MemoryOptions, staysInFiles } from "./plan.ts";
export { fitProbe, type Probe, type ProbeOptions, probeHead } from "./readouts/probe.ts";
export { putStored, takeStored } from "./stored.ts";
export type {
  Adapter,
  Model,
  ModelRecipe,
  Parameter,
  ParameterGroup,
  Pool,
  ReadoutSpec,
  TangentModel,
  TangentRecipe,
  Tap,
  TapStage,
  TensorGradient,
  WeightMode,
  WeightPlan,
} from "./types.ts";
export { PASSES } from "./types.ts";
