/** ntkit/model: pretrained networks, seen as maps with derivatives. */

export { loadTokenizer, type Tokenizer, tokenize } from "../text/index.ts";
export { knownArchitectures } from "./architectures.ts";
export { type LoadModelOptions, loadModel, type ModelSource } from "./loadModel.ts";
export { modelFromRecipe, tangentFromRecipe } from "./model.ts";
export { parameterFilter, parametersByGroup } from "./parameters.ts";
export type {
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
} from "./types.ts";
