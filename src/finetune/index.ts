/** Fine-tuning: what really happens when a network, or its tangent, descends a loss. */
export { batchOrder } from "./batches.ts";
export { linearised } from "./linearised.ts";
export { accuracy, type LossName, lossOf } from "./loss.ts";
export { completeOptimizer, type OptimizerSpec } from "./optimizer.ts";
export { outputsOn } from "./pieces.ts";
export { type Schedule, scheduleFactor } from "./schedule.ts";
export { type Spread, type SpreadOptions, spread } from "./spread.ts";
export { decodeState, encodeState } from "./state.ts";
export {
  type Moment,
  type TrainOptions,
  type TrainPoint,
  type TrainResult,
  type TrainState,
  train,
} from "./train.ts";
export type { LabelledSet, Trainable, Values as ParameterValues } from "./types.ts";
