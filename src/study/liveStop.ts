/**
 * Stopping a real run while it runs. A rule is asked before each step; it answers with "stop" or with nothing.
 *
 *   path-cv     cross-validation carried along the run, the kernel taken again at some steps (theory.md §7): no validation texts
 *   cv, …       the step that a rule of the theory computed at θ₀
 *   patience    the loss of validation texts has not improved for so many measurements; the answer is the best of them
 *
 * With every kernel goes a look at α λ₁(t), which real runs can triple within 20 steps: past 2 gradient descent diverges.
 */
import { type LossName, type Moment, outputsOn } from "../finetune/index.ts";
import { ntkBlocks } from "../ntk/index.ts";
import type { LongOptions } from "../progress.ts";
import {
  type ClockCalibration,
  calibrateClock,
  type KernelDrift,
  type KernelSpectrum,
  kernelDrift,
  type PathCv,
  type PathCvAnswer,
  pathCv,
} from "../theory/index.ts";
import type { StudyInputs } from "./inputs.ts";

export const LIVE_RULES = ["path-cv", "cv", "rademacher", "patience", "none"] as const;
export type LiveRule = (typeof LIVE_RULES)[number];

/** Steps at which the kernel is taken again where the user leaves it open (theory.md §7). */
export const RETAKE_STEPS = [10, 40, 160];

/** Steps from which the clock of an optimizer without one is read. */
const CALIBRATION_STEPS = 10;

/** Warned of before the limit is crossed: λ₁ grows along real runs. */
const NEAR_LIMIT = 1.6;

export interface Retake {
  step: number;
  /** Against the kernel at θ₀. */
  drift: KernelDrift;
  kernel: Float64Array; // (N × N) Θ_step
  /** What path-cv says with this kernel. */
  answer: PathCvAnswer;
  /** (N) Y − f at θ_step; null where an interrupted run took the kernel. */
  residual: Float64Array | null;
}

export interface PathWatch {
  /** Before each step; true where path-cv says to stop here. */
  ask(moment: Moment): Promise<boolean>;
  retakes(): readonly Retake[];
  /** null before the clock is known. */
  answer(): PathCvAnswer | null;
  /** How the clock was found, for an optimizer that has none. */
  calibration(): ClockCalibration | null;
  warnings: string[];
}

export interface PathWatchInput {
  inputs: StudyInputs;
  /** (N) f at θ₀ as the run sees it (offsets taken off). */
  f0: Float64Array;
  /** Θ at θ₀, and the eigenbasis of Θ/n. */
  kernel: Float64Array;
  spectrum: KernelSpectrum;
  /** What step t adds to the clock; null: the optimizer has none, and it is read from the first steps. */
  etaOf: ((step: number) => number) | null;
  /** Σ of the schedule's factors before a step: what the clock goes with. */
  workAt: (step: number) => number;
  maxSteps: number;
  retake: readonly number[];
  loss: LossName;
  folds?: number;
  seed: number;
  textsAPass?: number;
  kernelOptions: KernelOptions;
  /** Kernels that an interrupted run has taken already, by step; and η per unit of schedule, if it had to find it. */
  known?: { kernels: ReadonlyMap<number, Float64Array>; etaPerUnit: number | null };
  /** Each kernel as it is taken, so that an interrupted run need not take it again. */
  onKernel?: (step: number, kernel: Float64Array) => void | Promise<void>;
}

export interface KernelOptions {
  parameters?: string;
  workers?: number | "auto";
  memory?: number;
}

/** The kernel of the network where it is now: θ of the tangent's parameters, on the training texts. */
export async function kernelNow(
  { tangent, train }: StudyInputs,
  options: KernelOptions & LongOptions,
): Promise<Float64Array> {
  const { parameters = "all", workers = "auto" } = options;
  return (await ntkBlocks(tangent, train.batch, null, { ...options, parameters, workers })).train;
}

export function watchPath(input: PathWatchInput, long: LongOptions = {}): PathWatch {
  const { inputs, f0, kernel, spectrum, workAt, maxSteps, loss, folds, seed } = input;
  const { n, labels, targets, batch } = inputs.train;
  const N = targets.length;
  const due = new Set(input.retake.filter((step) => step > 0 && step < maxSteps));
  const retakes: Retake[] = [];
  const warnings: string[] = [];
  const early: { step: number; residual: Float64Array }[] = [];
  let etaOf = input.etaOf;
  const byWork = (etaPerUnit: number) => (t: number) => etaPerUnit * (workAt(t + 1) - workAt(t));
  if (!etaOf && typeof input.known?.etaPerUnit === "number") etaOf = byWork(input.known.etaPerUnit);
  let calibration: ClockCalibration | null = null;
  let path: PathCv | undefined;

  function note(cv: PathCv, step: number, now: Float64Array, residual: Float64Array | null): void {
    const eta = Array.from({ length: step }, (_, t) => etaOf!(t)).reduce((sum, value) => sum + value, 0);
    const drift = kernelDrift({ before: kernel, after: now, n, stepSize: etaOf!(step) || etaOf!(0), eta });
    retakes.push({ step, drift, kernel: now, answer: cv.retake(step, now), residual });
    const speed = drift.speed ?? 0;
    if (speed < NEAR_LIMIT) return;
    const where = speed >= 2 ? "past its limit: the loss will oscillate or grow" : "near its limit";
    warnings.push(
      `At step ${step} the step size is ${where} (α λ₁ = ${speed.toPrecision(3)}, limit 2); a learning rate ${speed.toPrecision(2)} times smaller puts it at 1.`,
    );
  }

  /** The recursion from θ₀ on, with the kernels that were taken before `step`. */
  function start(stepSize: (step: number) => number, step: number): PathCv {
    const cv = pathCv({ n, outputs: N / n, targets, f0, stepSize, maxSteps, loss, folds, seed, labels });
    const initial = targets.map((y, i) => y - f0[i]);
    note(cv, 0, kernel, initial);
    const before = [...(input.known?.kernels ?? [])].filter(([at]) => at > 0 && at < step && due.has(at));
    for (const [at, known] of before.sort(([a], [b]) => a - b)) note(cv, at, known, null);
    return cv;
  }

  return {
    async ask({ step, outputs, trainable }) {
      if (due.has(step) || !path) {
        // In a minibatch run the outputs at hand are those of the batch.
        const { textsAPass } = input;
        const f =
          outputs.length === N
            ? outputs
            : (await outputsOn(trainable, { batch }, { textsAPass, ...long })).data;
        const residual = targets.map((y, i) => y - f[i]);
        if (!etaOf) {
          if (step > 0) early.push({ step, residual });
          if (step === CALIBRATION_STEPS) {
            const steps = early.map((seen) => seen.step);
            const initial = targets.map((y, i) => y - f0[i]);
            const residuals = early.map((seen) => seen.residual);
            calibration = calibrateClock({ spectrum, initial, steps, residuals, work: steps.map(workAt) });
            etaOf = byWork(calibration.etaPerUnit);
          }
        }
        if (etaOf && !path) path = start(etaOf, step);
        if (path && step > 0 && due.has(step) && retakes.at(-1)?.step !== step) {
          const now =
            input.known?.kernels.get(step) ?? (await kernelNow(inputs, { ...input.kernelOptions, ...long }));
          await input.onKernel?.(step, now);
          note(path, step, now, residual);
        }
      }
      return path !== undefined && step >= path.answer().step;
    },
    retakes: () => retakes,
    answer: () => path?.answer() ?? null,
    calibration: () => calibration,
    warnings,
  };
}
