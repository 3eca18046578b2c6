/** From a kernel with its targets to the stopping analysis and the predicted curves: what `predict` and `stop` share. */
import type { LongOptions } from "../progress.ts";
import {
  analyseStopping,
  type Holdout,
  type RuleName,
  type StopAnalysis,
  type TrainingCurves,
  trainingCurves,
} from "../theory/index.ts";
import type { Spectrum } from "./spectrum.ts";

/** What a user says of the run that is predicted, and of the theory behind the answer. */
export interface TheoryChoice {
  /** Learning rate of the run that is predicted; absent: 1/λ₁ of Θ/n. */
  lr?: number;
  batchSize?: number;
  momentum?: number;
  sigma?: number | "auto";
  norm?: number | "auto";
  rule?: RuleName;
  folds?: number;
  maxSteps?: number;
  /** Resamples behind the bootstrap intervals; default 0. */
  bootstrap?: number;
}

export interface KernelData {
  kernel: Float64Array; // (N × N) Θ
  spectrum: Spectrum; // of Θ/n
  n: number;
  outputs: number; // C; N = n·C
  targets: Float64Array; // (n × C)
  f0: Float64Array; // (n × C)
  labels?: Int32Array; // (n)
  holdout?: Holdout;
}

export function analyse(
  data: KernelData,
  choice: TheoryChoice & { seed: number },
  long: LongOptions,
): Promise<StopAnalysis> {
  return analyseStopping({
    ...data,
    stepSize: choice.lr,
    batchSize: choice.batchSize,
    momentum: choice.momentum,
    maxSteps: choice.maxSteps,
    sigma: choice.sigma ?? "auto",
    norm: choice.norm ?? "auto",
    rule: choice.rule,
    folds: choice.folds,
    bootstrap: choice.bootstrap,
    seed: choice.seed,
    signal: long.signal,
    onProgress: long.onProgress,
  });
}

/** Steps a curve is drawn at: every one up to 49, then 4 % apart, up to `last`, 0 included. */
export function drawnSteps(last: number): number[] {
  const steps: number[] = [];
  for (let step = 0; step <= last; step = Math.max(step + 1, Math.floor(step * 1.04))) steps.push(step);
  if (steps[steps.length - 1] !== last) steps.push(last);
  return steps;
}

export function curvesOf(data: KernelData, analysis: StopAnalysis): TrainingCurves {
  const { spectrum, n, outputs, targets, f0, holdout } = data;
  return trainingCurves({
    spectrum,
    n,
    outputs,
    targets,
    f0,
    etaPerStep: analysis.eta_per_step,
    steps: drawnSteps(analysis.max_steps),
    test: holdout,
  });
}
