/**
 * What the kernel view says of a run, step by step, in the run's own loss: the exact steps where they are all alike, the flow at the
 * run's clock where a schedule or an optimizer without steps of one size makes them differ.
 */
import { accuracy, type LossName, lossOf } from "../finetune/index.ts";
import type { LongOptions } from "../progress.ts";
import { gradientDescent, gradientDescentMse, gradientFlow } from "../theory/index.ts";
import type { KernelData } from "./analyse.ts";

export interface PredictedRun {
  trainLoss: number[];
  testLoss: number[] | null;
  testAccuracy: number[] | null;
  /** f_t on the training texts (N) at each step. */
  train: Float64Array[];
  /** f_t on the held-out texts (M). */
  test: Float64Array[] | null;
}

export interface RunClock {
  loss: LossName;
  /** Rising. */
  steps: readonly number[];
  /** Every step the same: α and momentum. */
  even: { stepSize: number; momentum: number } | null;
  /** η at a step. */
  etaAt: (step: number) => number;
}

/** Cost of squared loss: N² a step after the eigenbasis; of cross-entropy N² for every step of the run. */
export async function predictedRun(
  data: KernelData,
  clock: RunClock,
  long: LongOptions = {},
): Promise<PredictedRun> {
  const { targets, outputs: C, holdout } = data;
  const { train, test } = await (clock.loss === "mse"
    ? closedForm(data, clock)
    : inFunctionSpace(data, clock, long));
  const measure = lossOf(clock.loss);
  const tensor = (f: Float64Array) => ({ data: f, shape: [f.length / C, C] });
  const loss = (f: Float64Array, y: Float64Array) => (measure.sum(tensor(f), y) * C) / y.length;
  return {
    trainLoss: train.map((f) => loss(f, targets)),
    testLoss: test && holdout ? test.map((f) => loss(f, holdout.targets)) : null,
    testAccuracy: test && holdout ? test.map((f) => accuracy(tensor(f), holdout.targets)) : null,
    train,
    test,
  };
}

async function closedForm(data: KernelData, { steps, even, etaAt }: RunClock) {
  const { spectrum, n, targets, f0, holdout } = data;
  const residual = targets.map((y, i) => y - f0[i]);
  const path = await gradientDescentMse(
    even ? { spectrum, n, residual, ...even } : { spectrum, n, residual, stepSize: 1, dynamics: "flow" },
  );
  const at = (step: number) => (even ? step : etaAt(step));
  const predict = holdout && path.predictor(holdout);
  return {
    train: steps.map((step) => path.residual(at(step)).map((left, i) => targets[i] - left)),
    test: predict ? steps.map((step) => predict(at(step))) : null,
  };
}

async function inFunctionSpace(data: KernelData, { loss, steps, even, etaAt }: RunClock, long: LongOptions) {
  const { kernel, n, targets, f0, holdout } = data;
  const problem = { kernel, n, targets, f0, loss, test: holdout };
  if (even) return gradientDescent({ ...problem, ...even, steps });
  return gradientFlow({ ...problem, clocks: steps.map(etaAt), ...long });
}
