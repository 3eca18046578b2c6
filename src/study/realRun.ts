/** A real run on a study's inputs: what the user says of it, resolved; its clock; and the run. */
import { CallError, complaint } from "../errors.ts";
import {
  type LabelledSet,
  type LossName,
  type OptimizerSpec,
  type Schedule,
  type Spread,
  scheduleFactor,
  spread,
  type TrainOptions,
} from "../finetune/index.ts";
import { parameterFilter } from "../model/index.ts";
import type { LongOptions } from "../progress.ts";
import type { StudyInputs } from "./inputs.ts";

export interface RunChoice {
  loss?: LossName; // "mse"
  optimizer?: "sgd" | "adamw"; // "sgd"
  lr?: number;
  momentum?: number;
  weightDecay?: number;
  schedule?: Schedule["kind"];
  warmup?: number;
  batchSize?: number;
  /** Texts that pass through the network at once. */
  textsAPass?: number;
  parameters?: string;
  /** The tangent model at θ₀ in the network's place. */
  linearised?: boolean;
  seed: number;
}

/** AdamW's learning rate where none is given; gradient descent takes the prediction's. */
const ADAMW_RATE = 1e-4;

export interface ResolvedRun {
  options: Pick<
    TrainOptions,
    "loss" | "optimizer" | "learningRate" | "schedule" | "batchSize" | "textsAPass" | "wanted" | "seed"
  >;
  /** What step t adds to the clock η of Θ/n; null: the optimizer has no scalar clock. */
  etaOf: ((step: number) => number) | null;
  /** Σ of the schedule's factors before a step. */
  workAt: (step: number) => number;
  stepsPerEpoch: number;
}

/** @param etaPerStep of the prediction, whose clock a run without a learning rate keeps @param steps of the whole run: schedules are made for it */
export function resolveRun(choice: RunChoice, n: number, etaPerStep: number, steps: number): ResolvedRun {
  const {
    optimizer = "sgd",
    momentum = 0,
    weightDecay,
    schedule: kind = "constant",
    warmup,
    batchSize,
  } = choice;
  if (optimizer === "adamw" && momentum > 0) {
    throw new CallError(complaint("--momentum", "none with adamw, which has its own", `${momentum}`));
  }
  const learningRate = choice.lr ?? (optimizer === "sgd" ? (1 - momentum) * etaPerStep : ADAMW_RATE);
  const schedule = { kind, warmup };
  const factor = scheduleFactor(schedule, steps);
  const sums = [0];
  const workAt = (step: number) => {
    while (sums.length <= step) sums.push(sums[sums.length - 1] + factor(sums.length - 1));
    return sums[step];
  };
  const spec: OptimizerSpec =
    optimizer === "sgd" ? { kind: "sgd", momentum, weightDecay } : { kind: "adamw", weightDecay };
  return {
    options: {
      loss: choice.loss ?? "mse",
      optimizer: spec,
      learningRate,
      schedule,
      batchSize,
      textsAPass: choice.textsAPass,
      wanted: parameterFilter(choice.parameters ?? "all"),
      seed: choice.seed,
    },
    etaOf: optimizer === "sgd" ? (step) => (learningRate * factor(step)) / (1 - momentum) : null,
    workAt,
    stepsPerEpoch: Math.ceil(n / Math.min(batchSize ?? n, n)),
  };
}

/** What is trained, on as many threads as a step is worth, with the offset of a calibrated prompt taken off. The receiver ends it. */
export function spreadRun(
  { tangent, train: { batch, n } }: StudyInputs,
  { linearised, workers, batchSize = n }: RunChoice & { workers?: number | "auto" },
  offset: Float64Array | null,
  { signal }: LongOptions,
): Promise<Spread> {
  const real = batch.attentionMask.reduce((sum, mark) => sum + mark, 0);
  const positions = (real * Math.min(batchSize, n)) / n;
  return spread(tangent, { linearised, offset, workers, positions, signal });
}

export const setsOf = ({ train, test }: StudyInputs): { train: LabelledSet; test?: LabelledSet } => ({
  train,
  ...(test && { test }),
});
