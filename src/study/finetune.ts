/**
 * `ntkit finetune`: a real run on labelled text, stopped by a rule of the theory, by patience or not at all. Everything an interrupted
 * run needs lies in its folder: the state of training, and the kernels that path-cv has taken. The same command goes on from there.
 */
import { CallError, complaint } from "../errors.ts";
import {
  decodeState,
  encodeState,
  type ParameterValues,
  type Spread,
  type TrainPoint,
  type TrainState,
  train,
} from "../finetune/index.ts";
import { readNpy, writeNpy } from "../numerics/index.ts";
import type { LongOptions } from "../progress.ts";
import { exists, joinPath, listFolder, makeFolder, readFile, writeFileAtomic } from "../runtime/index.ts";
import { analyse, type KernelData, type TheoryChoice } from "./analyse.ts";
import { calibrate } from "./calibrate.ts";
import { type InputChoice, loadInputs, type StudyInputs } from "./inputs.ts";
import { kernelNow, type LiveRule, RETAKE_STEPS, watchPath } from "./liveStop.ts";
import { splitForValidation, watchPatience } from "./patience.ts";
import { type RunChoice, resolveRun, setsOf, spreadRun } from "./realRun.ts";
import { saveRun } from "./saveRun.ts";
import { kernelSpectrum } from "./spectrum.ts";

export interface FinetuneChoice extends InputChoice, RunChoice, Pick<TheoryChoice, "folds"> {
  steps?: number; // 400
  stop?: LiveRule; // "path-cv"
  retake?: readonly number[];
  patience?: number; // 20
  workers?: number | "auto";
  memory?: number;
  /** Where the run is kept; absent: nowhere, and it cannot be resumed. */
  folder?: string;
  /** Steps between two states. */
  saveEvery?: number; // 20
  /** After each measurement. */
  onPoint?: (point: TrainPoint) => void;
}

export interface FinetuneReport {
  step: number;
  stopped: boolean;
  stop: LiveRule;
  why: string;
  resumed_from: number | null;
  options: Record<string, unknown>;
  points: TrainPoint[];
  /** Kernels taken along the run: step, change and α λ₁ against θ₀, what path-cv answered. */
  retakes: { step: number; relative_change: number; speed: number | null; path_cv_step: number }[];
  warnings: string[];
  /** Files written, by what they hold. */
  files: Record<string, string>;
}

const STATE = "training-state.safetensors";
/** θ of the best validation loss so far. */
const BEST = "best-parameters.safetensors";
const kernelFile = (step: number) => `kernel-at-${step}.npy`;

/** @throws CallError for a wrong call, or a folder that holds another run; DataError where the loss stops being a number. */
export async function finetune(choice: FinetuneChoice, long: LongOptions = {}): Promise<FinetuneReport> {
  const { stop = "path-cv", steps = 400, saveEvery = 20, folder } = choice;
  const inputs = await loadInputs(choice, long);
  let threads: Spread | undefined;
  try {
    const identity = identityOf(choice, inputs, steps, stop);
    const kept = folder === undefined ? null : await openRun(folder, identity);
    const plan = await planRun(choice, inputs, stop, steps, kept?.known, long);
    threads = await spreadRun(inputs, choice, plan.offset, long);
    const { trainable } = threads;
    const start = await trainable.values();
    const sets = stop === "patience" ? patienceSets(inputs, choice.seed) : setsOf(inputs);
    const patience = watchPatience(choice.patience ?? 20);
    const { watch } = plan;
    let over = false;
    let best: ParameterValues | null = kept?.best ?? null;
    for (const point of kept?.train?.points ?? []) patience.see(point);
    const result = await train(trainable, {
      ...sets,
      ...plan.run.options,
      steps,
      saveEvery: folder === undefined ? undefined : saveEvery,
      resume: kept?.train,
      async onPoint(point) {
        choice.onPoint?.(point);
        if (stop !== "patience") return;
        const before = patience.best().step;
        over = patience.see(point);
        if (patience.best().step !== before) best = await trainable.values();
      },
      async onStep(moment) {
        if (over || moment.step === plan.fixedStep) return "stop";
        return watch && (await watch.ask(moment)) ? "stop" : undefined;
      },
      async onState(state) {
        const etaPerUnit = watch?.calibration()?.etaPerUnit ?? kept?.known.etaPerUnit ?? null;
        if (best) {
          const only = { step: patience.best().step, values: best, optimizer: {}, points: [], batchLoss: [] };
          await writeFileAtomic(joinPath(folder!, BEST), encodeState(only, identity));
        }
        await writeFileAtomic(joinPath(folder!, STATE), encodeState(state, { ...identity, etaPerUnit }));
      },
      ...long,
    });
    if (best && patience.best().step !== result.step) await trainable.assign(best);
    const report: FinetuneReport = {
      step: stop === "patience" ? patience.best().step : result.step,
      stopped: result.stopped,
      stop,
      why: whyOf(stop, result.stopped, patience.best().step, steps),
      resumed_from: kept?.train?.step ?? null,
      options: identity,
      points: result.points,
      retakes: (watch?.retakes() ?? []).map(({ step, drift, answer }) => {
        const { relativeChange: relative_change, speed } = drift;
        return { step, relative_change, speed, path_cv_step: answer.step };
      }),
      warnings: [...inputs.warnings, ...(watch?.warnings ?? [])],
      files: {},
    };
    if (folder !== undefined) report.files = await saveRun(folder, inputs, { trainable, start, report });
    return report;
  } finally {
    await threads?.end();
    inputs.model.dispose();
  }
}

function whyOf(stop: LiveRule, stopped: boolean, bestStep: number, steps: number): string {
  if (stop === "none") return `all ${steps} steps`;
  if (stop === "patience") return `the validation loss was least at step ${bestStep}`;
  if (!stopped) return `${stop} asks for more than the ${steps} steps of this run`;
  return stop === "path-cv"
    ? "the earliest step whose cross-validated loss is within one standard error of the least"
    : `the step of ${stop} at the pretrained point`;
}

/** The sets of a run by patience: what is held back stands in the test set's place. */
function patienceSets({ train: set }: StudyInputs, seed: number) {
  const { train: rest, validation } = splitForValidation(set, set.labels, seed);
  return { train: rest, test: validation };
}

/** The clock, the rule, and what the rule needs of the kernel at θ₀. */
async function planRun(
  choice: FinetuneChoice,
  inputs: StudyInputs,
  stop: LiveRule,
  steps: number,
  known: OpenedRun["known"] | undefined,
  long: LongOptions,
) {
  const { train: set, tangent } = inputs;
  const { n, targets, labels } = set;
  const C = tangent.outputs;
  const calibrated = choice.readout.kind === "prompt" && choice.readout.calibrate;
  const needsKernel = stop === "path-cv" || stop === "cv" || stop === "rademacher";
  const isFree = choice.lr === undefined && (choice.optimizer ?? "sgd") === "sgd";
  if (!needsKernel && !isFree && !calibrated) {
    return { run: resolveRun(choice, n, 1, steps), offset: null, watch: null, fixedStep: null };
  }
  const raw = Float64Array.from((await tangent.forward(set.batch)).data);
  const { f0 } = calibrate({ f0: raw, f0Test: null }, C, calibrated);
  const offset = calibrated ? raw.slice(0, C).map((value, c) => value - f0[c]) : null;
  if (!needsKernel && !isFree) {
    return { run: resolveRun(choice, n, 1, steps), offset, watch: null, fixedStep: null };
  }
  const kernel = known?.kernels.get(0) ?? (await kernelNow(inputs, { ...choice, ...long }));
  await known?.keep(0, kernel);
  const spectrum = await kernelSpectrum(kernel, n, long);
  const { momentum = 0 } = choice;
  const run = resolveRun(choice, n, 1 / (spectrum.values[0] * (1 - momentum)), steps);
  if (stop === "path-cv") {
    const watch = watchPath(
      {
        inputs,
        f0,
        kernel,
        spectrum,
        etaOf: run.etaOf,
        workAt: run.workAt,
        maxSteps: steps,
        retake: choice.retake ?? RETAKE_STEPS,
        loss: choice.loss ?? "mse",
        folds: choice.folds,
        seed: choice.seed,
        textsAPass: choice.textsAPass,
        kernelOptions: choice,
        known,
        onKernel: known?.keep,
      },
      long,
    );
    return { run, offset, watch, fixedStep: null };
  }
  if (stop !== "cv" && stop !== "rademacher") return { run, offset, watch: null, fixedStep: null };
  if (!run.etaOf) {
    throw new CallError(
      complaint("--stop", "path-cv, patience or none with adamw, which has no clock at θ₀", stop),
    );
  }
  const data: KernelData = { kernel, spectrum, n, outputs: C, targets, f0, labels };
  const theory = {
    lr: run.etaOf(steps >> 1),
    rule: stop,
    folds: choice.folds,
    maxSteps: steps,
    seed: choice.seed,
  };
  const { rules } = await analyse(data, theory, long);
  return { run, offset, watch: null, fixedStep: rules[stop]?.step ?? null };
}

/** What must be the same when a run goes on. */
function identityOf(
  choice: FinetuneChoice,
  inputs: StudyInputs,
  steps: number,
  stop: LiveRule,
): Record<string, unknown> {
  const { loss = "mse", optimizer = "sgd", lr, momentum, weightDecay, schedule, warmup, batchSize } = choice;
  const { textsAPass, parameters = "all", linearised, seed, readout, retake, folds, patience } = choice;
  return JSON.parse(
    JSON.stringify({
      model: inputs.checkpoint.fingerprint,
      data: inputs.fingerprint,
      readout,
      ...{
        loss,
        optimizer,
        lr,
        momentum,
        weightDecay,
        schedule,
        warmup,
        batchSize,
        textsAPass,
        parameters,
        linearised,
        seed,
      },
      ...{ steps, stop, retake, folds, patience },
    }),
  );
}

interface OpenedRun {
  train?: TrainState;
  best?: ParameterValues;
  known: {
    kernels: Map<number, Float64Array>;
    etaPerUnit: number | null;
    keep(step: number, kernel: Float64Array): Promise<void>;
  };
}

/** The state in a folder, if there is one of this run. @throws CallError, naming the differences, for another run's. */
async function openRun(folder: string, identity: Record<string, unknown>): Promise<OpenedRun> {
  await makeFolder(folder);
  const kernels = new Map<number, Float64Array>();
  const keep = async (step: number, kernel: Float64Array) => {
    if (kernels.has(step)) return;
    const side = Math.round(Math.sqrt(kernel.length));
    await writeFileAtomic(joinPath(folder, kernelFile(step)), writeNpy(kernel, [side, side]));
    kernels.set(step, kernel);
  };
  const path = joinPath(folder, STATE);
  if (!(await exists(path))) return { known: { kernels, etaPerUnit: null, keep } };
  const { state, identity: saved } = await decodeState(path, await readFile(path));
  const { etaPerUnit, ...before } = saved as Record<string, unknown>;
  const names = [...new Set([...Object.keys(before), ...Object.keys(identity)])];
  const other = names.filter((name) => JSON.stringify(before[name]) !== JSON.stringify(identity[name]));
  if (other.length > 0) {
    const got = other.map(
      (name) => `${name} ${JSON.stringify(before[name])} instead of ${JSON.stringify(identity[name])}`,
    );
    throw new CallError(
      complaint(path, "a run of the same model, data and options", got.join("; "), "another --out"),
    );
  }
  for (const name of await listFolder(folder)) {
    const step = /^kernel-at-(\d+)\.npy$/.exec(name)?.[1];
    if (step === undefined) continue;
    const { data } = readNpy(await readFile(joinPath(folder, name)), name);
    if (data instanceof Float64Array) kernels.set(Number(step), data);
  }
  const bestPath = joinPath(folder, BEST);
  const best =
    (await exists(bestPath)) && (await decodeState(bestPath, await readFile(bestPath))).state.values;
  const rate = typeof etaPerUnit === "number" ? etaPerUnit : null;
  return { train: state, ...(best && { best }), known: { kernels, etaPerUnit: rate, keep } };
}
