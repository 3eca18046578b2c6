/**
 * What a stopping analysis is asked, checked and brought into the eigenbasis once.
 *
 *   r = Y − f₀(X),   K̂ = Θ/n = U diag(λ) Uᵀ,   ρ = Uᵀ r,   η per step of `clock.ts`; 1/λ₁ where no learning rate is given
 *
 * Source: theory.md §1 [derived]. Cost: one eigendecomposition of N, unless given.
 */
import { CallError, complaint, DataError } from "../errors.ts";
import type { LongOptions } from "../progress.ts";
import { requireFinite, requireInteger, requireLength, requireNumber } from "./check.ts";
import { labelsOf } from "./classes.ts";
import { trainingClock } from "./clock.ts";
import { decompose, type KernelSpectrum, kernelSize, project, requireSpectrum } from "./eigenbasis.ts";
import type { Holdout } from "./rules/holdout.ts";
import { type RulePath, rulePath } from "./rules/path.ts";
import type { RuleName } from "./types.ts";

export interface StoppingProblem extends LongOptions {
  kernel: Float64Array; // (N × N) Θ, N = n·outputs, row = example·outputs + output
  n: number;
  outputs: number;
  targets: Float64Array; // (n × outputs)
  f0: Float64Array; // (n × outputs) outputs at the pretrained point
  /** (n) classes, to stratify the folds; default read off the targets. */
  labels?: ArrayLike<number>;
  /** Learning rate α; default the one whose clock gains 1/λ₁ a step. */
  stepSize?: number;
  batchSize?: number; // default n
  momentum?: number; // default 0
  loss?: "half-sum" | "mean"; // default ½‖f − y‖² averaged over examples
  maxSteps?: number; // default 10000
  /** Noise of one target entry; default "auto": from the cross-validation minimum. */
  sigma?: number | "auto";
  /** RKHS norm of what is left to learn; default "auto": cross-fitted. */
  norm?: number | "auto";
  /** Rule that gives the answer; default "cv". */
  rule?: RuleName;
  /** Folds of cv; default 10, fewer where classes are small. */
  folds?: number;
  /** Random deals of the labels behind the verdict; default 499. */
  permutations?: number;
  /** Resamples of the examples behind the bootstrap intervals; default 0: none are made. */
  bootstrap?: number;
  seed?: number; // default 0
  /** (n × outputs) f*(X), for the oracle. */
  truth?: Float64Array;
  holdout?: Holdout;
  /** Eigenbasis of Θ/n, where it is known already. */
  spectrum?: KernelSpectrum;
}

export interface PreparedProblem {
  problem: StoppingProblem;
  spectrum: KernelSpectrum;
  residual: Float64Array; // (N) Y − f₀(X)
  rho: Float64Array; // (N) u_iᵀ r
  path: RulePath;
  etaPerStep: number;
  stepsPerEpoch: number;
  maxSteps: number;
  seed: number;
  labels: ArrayLike<number> | undefined; // (n)
}

/** @throws CallError for a wrong shape or option, DataError for NaN or a kernel that is 0 */
export async function prepareProblem(problem: StoppingProblem): Promise<PreparedProblem> {
  const where = "analyseStopping";
  const { kernel, n, outputs, targets, f0, maxSteps = 10000, seed = 0, truth, holdout, onProgress } = problem;
  const N = kernelSize(where, kernel, n);
  requireInteger(where, "outputs", outputs, 1);
  if (N !== n * outputs) {
    throw new CallError(complaint(where, `a kernel of ${n * outputs} rows (n·outputs)`, `${N} rows`));
  }
  const sized: [string, ArrayLike<number> | undefined, number][] = [
    ["targets", targets, N],
    ["f0", f0, N],
    ["truth", truth, N],
    ["the hold-out kernel", holdout?.cross, (holdout?.f0.length ?? 0) * N],
    ["the hold-out targets", holdout?.targets, holdout?.f0.length ?? 0],
    ["the hold-out f0", holdout?.f0, holdout?.f0.length ?? 0],
  ];
  for (const [name, array, length] of sized) {
    if (array === undefined && name !== "targets" && name !== "f0") continue;
    requireLength(where, name, array as ArrayLike<number>, length);
    requireFinite(where, name, array as ArrayLike<number>);
  }
  if (problem.labels) requireLength(where, "labels", problem.labels, n);
  requireInteger(where, "maxSteps", maxSteps, 1);
  requireInteger(where, "seed", seed, 0);
  for (const name of ["sigma", "norm"] as const) {
    const value = problem[name];
    if (value !== undefined && value !== "auto") requireNumber(where, name, value, 0);
  }

  problem.signal?.throwIfAborted();
  onProgress?.({ stage: "eigendecomposition", done: 0, total: 1 });
  const spectrum = problem.spectrum ?? (await decompose(kernel, n));
  requireSpectrum(where, spectrum, N);
  onProgress?.({ stage: "eigendecomposition", done: 1, total: 1 });
  const largest = spectrum.values[0];
  if (!(largest > 0)) {
    throw new DataError(
      complaint(
        where,
        "a kernel with a positive eigenvalue",
        `λ₁ = ${largest}`,
        "other parameters or another readout: nothing these parameters do moves the outputs",
      ),
    );
  }
  const unit = trainingClock({ ...problem, stepSize: problem.stepSize ?? 1 });
  const etaPerStep = problem.stepSize === undefined ? 1 / largest : unit.etaPerStep;
  const residual = targets.map((y, i) => y - f0[i]);
  const rho = project(spectrum.vectors, residual);
  return {
    problem,
    spectrum,
    residual,
    rho,
    path: rulePath(spectrum.values, rho, etaPerStep, maxSteps),
    etaPerStep,
    stepsPerEpoch: unit.stepsPerEpoch,
    maxSteps,
    seed,
    labels: problem.labels ?? labelsOf(targets, n, outputs),
  };
}
