/**
 * Fine-tuning: θ_{t+1} = θ_t moved against the gradient of the mean loss over the batch of step t, until the steps are done, somebody
 * says stop, or the loss is no number any more. What is measured at θ_t carries the number t: entry 0 is the pretrained point.
 * Cost of a step: one forward and one backward pass over its texts. The same options and seed give the same numbers; a run that goes
 * on from a state gives those of the run that was not interrupted, bit for bit.
 */
import { CallError, complaint, DataError } from "../errors.ts";
import type { Parameter } from "../model/index.ts";
import type { Tensor } from "../numerics/array.ts";
import type { LongOptions } from "../progress.ts";
import { share } from "../runtime/index.ts";
import { batchOrder } from "./batches.ts";
import { lossAndGradient, moveAll, trainedTensors } from "./descend.ts";
import { accuracy, type LossName, lossOf } from "./loss.ts";
import { createOptimizer, type OptimizerSpec } from "./optimizer.ts";
import { outputsOn } from "./pieces.ts";
import { type Schedule, scheduleFactor } from "./schedule.ts";
import type { LabelledSet, Trainable, Values } from "./types.ts";

/** Losses, and the shares of texts that are classified right, at θ_step. */
export interface TrainPoint {
  step: number;
  trainLoss: number;
  trainAccuracy: number;
  testLoss: number | null;
  testAccuracy: number | null;
}

/** What a run needs to go on. Its arrays belong to the receiver. */
export interface TrainState {
  step: number;
  values: Values;
  optimizer: Values;
  points: TrainPoint[];
  batchLoss: number[];
}

/** What is asked before step t is taken, at θ_t. */
export interface Moment {
  step: number;
  /** Mean loss of the texts that step t will descend on, and f there (m × C); with full batches those of the training set. */
  batchLoss: number;
  rows: readonly number[];
  outputs: Float64Array;
  learningRate: number;
  trainable: Trainable;
}

/** undefined: go on. */
type StepAnswer = "stop" | undefined;

export interface TrainOptions extends LongOptions {
  train: LabelledSet;
  test?: LabelledSet;
  loss?: LossName; // "mse"
  optimizer?: OptimizerSpec; // { kind: "sgd" }
  learningRate: number; // α
  schedule?: Schedule; // constant
  steps: number;
  /** Texts of a step; absent: all. */
  batchSize?: number;
  /** The texts of each step, instead of seeded shuffles. */
  rows?: readonly (readonly number[])[];
  /** Texts that pass through the network at once (gradient accumulation); absent: as many as fit well. */
  textsAPass?: number;
  /** Which parameters move; absent: all. */
  wanted?: (parameter: Parameter) => boolean;
  seed?: number;
  /** Steps at which the sets are measured, beside the first and the last; absent: all of them with full batches, each epoch else. */
  measureAt?: (step: number) => boolean;
  /** Asked before each step; "stop" ends the run at this θ. */
  onStep?: (moment: Moment) => StepAnswer | Promise<StepAnswer>;
  /** At θ of the point, which `trainable` has then, with f there on the training (n × C) and the test set. */
  onPoint?: (point: TrainPoint, outputs: { train: Tensor; test: Tensor | null }) => void | Promise<void>;
  /** Called with a copy of the state after every `saveEvery` steps. */
  saveEvery?: number;
  onState?: (state: TrainState) => void | Promise<void>;
  resume?: TrainState;
}

export interface TrainResult {
  /** The step at which it ended: θ is θ_step. */
  step: number;
  stopped: boolean;
  points: TrainPoint[];
  /** Loss of the batch of step t at θ_t, one entry a step. */
  batchLoss: number[];
  state: TrainState;
}

/**
 * Moves the trainable's parameters. @throws CallError for options that make no sense, DataError where the loss stops being a number
 * (the step size is then past its limit), the signal's reason where aborted.
 */
export async function train(trainable: Trainable, options: TrainOptions): Promise<TrainResult> {
  const { test, steps, textsAPass, signal, wanted = () => true, seed = 0, resume } = options;
  const set = options.train;
  const C = trainable.outputs;
  checkSet("training set", set, C);
  if (test) checkSet("test set", test, C);
  if (!Number.isInteger(steps) || steps < 0)
    throw new CallError(complaint("steps", "a whole number", `${steps}`));
  if (!(options.learningRate > 0 && Number.isFinite(options.learningRate))) {
    throw new CallError(complaint("learning rate", "a positive number", `${options.learningRate}`));
  }
  if (options.rows && options.rows.length < steps) {
    throw new CallError(complaint("rows", `texts for each of ${steps} steps`, `${options.rows.length}`));
  }
  const n = set.batch.shape[0];
  const loss = lossOf(options.loss ?? "mse");
  const factor = scheduleFactor(options.schedule ?? { kind: "constant" }, steps);
  const order = batchOrder(n, options.batchSize, seed);
  const isFull = !options.rows && order.stepsPerEpoch === 1;
  const measures = options.measureAt ?? ((step: number) => isFull || step % order.stepsPerEpoch === 0);
  const trained = trainedTensors(trainable.parameters, wanted);
  if (trained.tensors.length === 0) {
    throw new CallError(complaint("parameters", "a choice with members", "none", "--parameters all"));
  }
  const optimizer = createOptimizer(options.optimizer ?? { kind: "sgd" });
  const points: TrainPoint[] = [];
  const batchLoss: number[] = [];
  let values: Values;
  let step = 0;
  if (resume) {
    ({ step } = resume);
    optimizer.restore(resume.optimizer);
    points.push(...resume.points);
    batchLoss.push(...resume.batchLoss);
    await trainable.assign(resume.values);
  }
  values = await trainable.values(trained.tensors);
  // Threads read θ where it lies.
  if (trainable.crew) for (const name of trained.tensors) values[name] = share(values[name]);

  const stateAt = (reached: number): TrainState => ({
    step: reached,
    values: copies(values),
    optimizer: copies(optimizer.state()),
    points: [...points],
    batchLoss: [...batchLoss],
  });

  async function measure(outputs?: Float64Array): Promise<void> {
    if (points.at(-1)?.step === step) return;
    const f = outputs
      ? { data: outputs, shape: [n, C] }
      : await outputsOn(trainable, set, { textsAPass, signal });
    const held = test ? await outputsOn(trainable, test, { textsAPass, signal }) : null;
    const point = {
      step,
      trainLoss: loss.sum(f, set.targets) / n,
      trainAccuracy: accuracy(f, set.targets),
      testLoss: held && test ? loss.sum(held, test.targets) / test.batch.shape[0] : null,
      testAccuracy: held && test ? accuracy(held, test.targets) : null,
    };
    points.push(point);
    await options.onPoint?.(point, { train: f, test: held });
  }

  const [first, start] = [step, performance.now()];
  let stopped = false;
  for (; step < steps; step++) {
    signal?.throwIfAborted();
    const rows = options.rows?.[step] ?? order.rows(step);
    const learningRate = options.learningRate * factor(step);
    const now = await lossAndGradient(trainable, set, rows, { loss, wanted, textsAPass, signal });
    if (!Number.isFinite(now.loss)) throw diverged(step, now.loss, learningRate);
    if (step === 0 || measures(step)) await measure(isFull ? now.outputs : undefined);
    const { outputs } = now;
    const said = await options.onStep?.({
      step,
      batchLoss: now.loss,
      rows,
      outputs,
      learningRate,
      trainable,
    });
    if (said === "stop") {
      stopped = true;
      break;
    }
    batchLoss.push(now.loss);
    await moveAll(trainable, values, now.gradients, { trained, optimizer, learningRate, t: step + 1 });
    report(options, step + 1 - first, steps - first, start, now.loss);
    if (options.saveEvery && (step + 1) % options.saveEvery === 0) await options.onState?.(stateAt(step + 1));
  }
  await measure();
  return { step, stopped, points, batchLoss, state: stateAt(step) };
}

function report({ onProgress }: LongOptions, done: number, total: number, start: number, loss: number): void {
  const rate = done / Math.max(1e-3, (performance.now() - start) / 1000);
  onProgress?.({
    stage: "training",
    done,
    total,
    rate,
    remaining: (total - done) / rate,
    note: `loss ${loss.toPrecision(4)}`,
  });
}

const copies = (values: Values): Values =>
  Object.fromEntries(Object.entries(values).map(([name, data]) => [name, data.slice()]));

function diverged(step: number, loss: number, learningRate: number): DataError {
  const got = `${loss} at step ${step} with learning rate ${learningRate}`;
  return new DataError(
    complaint(
      "training",
      "a loss that is a number",
      got,
      "a smaller --lr: below 2/λ₁ of the kernel along the run",
    ),
  );
}

function checkSet(what: string, { batch, targets }: LabelledSet, C: number): void {
  const wanted = batch.shape[0] * C;
  if (batch.shape[0] > 0 && targets.length === wanted && targets.every(Number.isFinite)) return;
  throw new CallError(
    complaint(
      what,
      `targets of ${batch.shape[0]} texts × ${C} outputs, all finite`,
      `${targets.length} numbers`,
    ),
  );
}
