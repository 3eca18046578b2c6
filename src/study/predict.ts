/** The main job: from a model and labelled texts to a record that says when to stop. */
import { CallError, complaint } from "../errors.ts";
import { parametersByGroup } from "../model/index.ts";
import { type KernelBlocks, ntkBlocks } from "../ntk/index.ts";
import { negativeMass, wasmTarget } from "../numerics/index.ts";
import type { LongOptions } from "../progress.ts";
import { describe } from "../runtime/index.ts";
import type { StopAnalysis } from "../theory/index.ts";
import { analyse, curvesOf, type KernelData, type TheoryChoice } from "./analyse.ts";
import { calibrate } from "./calibrate.ts";
import { checkHeads, type HeadResult, startSpread, withHeadOf } from "./heads.ts";
import { type InputChoice, loadInputs, type StudyInputs } from "./inputs.ts";
import { RECORD_VERSION, type StudyRecord } from "./record.ts";
import { kernelSpectrum, type Spectrum } from "./spectrum.ts";
import { Stopwatch } from "./stopwatch.ts";
import { checkPredictable, type KernelChoice, learningKernels, variantWarnings } from "./variants.ts";

/** What `predict` is asked: model, data, readout, clock. */
export interface PredictChoice extends InputChoice, TheoryChoice, KernelChoice {
  parameters?: string;
  byGroup?: boolean;
  workers?: number | "auto";
  memory?: number;
  /** Draws of a fresh Gaussian head, of seeds seed, seed + 1, …: how much the answer depends on the draw. 1 where absent. */
  heads?: number;
  /** What was typed; goes into the record. */
  command?: string;
  /** Version of this package; goes into the record. */
  version?: string;
}

/** What a prediction leaves beside its record, for a kernel store. */
export interface Prediction {
  record: StudyRecord;
  inputs: StudyInputs;
  blocks: KernelBlocks;
  spectrum: Spectrum;
}

const count = (labels: Int32Array, classes: number) => {
  const counts = new Array<number>(classes).fill(0);
  for (const label of labels) counts[label]++;
  return counts;
};

/** Kernel blocks of the study's batches. */
export function studyKernel(
  inputs: StudyInputs,
  options: Pick<PredictChoice, keyof KernelChoice | "parameters" | "byGroup" | "workers" | "memory"> &
    LongOptions,
): Promise<KernelBlocks> {
  return ntkBlocks(inputs.tangent, inputs.train.batch, inputs.test?.batch ?? null, {
    kernel: options.kernel,
    outputs: options.outputs,
    parameters: options.parameters ?? "all",
    byGroup: options.byGroup,
    workers: options.workers ?? "auto",
    memory: options.memory,
    signal: options.signal,
    onProgress: options.onProgress,
  });
}

export async function predict(choice: PredictChoice, long: LongOptions = {}): Promise<Prediction> {
  checkPredictable(choice);
  const { heads = 1 } = choice;
  if (heads > 1) checkHeads(choice.readout);
  const watch = new Stopwatch();
  const onProgress = long.onProgress;
  onProgress?.({ stage: "reading model and data", done: 0, total: 1 });
  const inputs = await watch.time("read", () => loadInputs(choice, long));
  try {
    onProgress?.({ stage: "reading model and data", done: 1, total: 1 });
    const made = await predictFrom(inputs, choice, watch, long);
    const { blocks, spectrum, residual, analysis, curves } = made;
    const record = await makeRecord(choice, inputs, blocks, spectrum, residual, analysis, curves, watch);
    if (heads > 1) {
      // One clock for all.
      const lr = choice.lr ?? analysis.max_learning_rate / 2;
      const all = startSpread();
      all.add({ seed: choice.seed, ...headResult(made) });
      for (let h = 1; h < heads; h++) {
        const seed = choice.seed + h;
        const own = { ...choice, lr, bootstrap: 0, byGroup: false };
        all.add({ seed, ...headResult(await predictFrom(withHeadOf(inputs, seed), own, watch, long)) });
      }
      record.heads = all.spread();
      record.environment.seconds = watch.seconds;
    }
    return { record, inputs, blocks, spectrum };
  } catch (error) {
    inputs.model.dispose();
    throw error;
  }
}

/** Kernel, spectrum, rules and curves of the readout the inputs have. */
async function predictFrom(inputs: StudyInputs, choice: PredictChoice, watch: Stopwatch, long: LongOptions) {
  const { classes, train, test } = inputs;
  const outputs = classes.length;
  const blocks = await watch.time("kernel", () => studyKernel(inputs, { ...choice, ...long }));
  const { train: kernel, cross } = learningKernels(blocks);
  const spectrum = await watch.time("spectrum", () => kernelSpectrum(kernel, train.n, long));
  if (!(spectrum.values[0] > 0)) {
    throw new CallError(
      complaint(
        "kernel",
        "at least one positive eigenvalue",
        `λ₁ = ${spectrum.values[0]}`,
        "other --parameters or another readout: nothing these parameters do moves the outputs",
      ),
    );
  }

  const offset = choice.readout.kind === "prompt" && choice.readout.calibrate;
  const { f0, f0Test } = calibrate(blocks, outputs, offset);
  const residual = train.targets.map((target, i) => target - f0[i]);

  const data: KernelData = {
    kernel,
    spectrum,
    n: train.n,
    outputs,
    targets: train.targets,
    f0,
    labels: train.labels,
    holdout: test && cross && f0Test ? { cross, targets: test.targets, f0: f0Test } : undefined,
  };
  const analysis = await watch.time("theory", () => analyse(data, choice, long));
  const curves = await watch.time("curves", () => curvesOf(data, analysis));
  return { kernel, blocks, spectrum, residual, analysis, curves };
}

const headResult = ({
  kernel,
  spectrum,
  analysis,
  curves,
}: Awaited<ReturnType<typeof predictFrom>>): Omit<HeadResult, "seed"> => ({
  kernel,
  largestEigenvalue: spectrum.values[0],
  rademacherStep: analysis.rules.rademacher?.step ?? null,
  answerStep: analysis.answer.step,
  curves,
});

/** (u_iᵀ r)² / ‖r‖²: how the residual at θ₀ splits over the eigenvectors. */
function residualEnergy(spectrum: Spectrum, residual: Float64Array): number[] {
  let total = 0;
  for (const r of residual) total += r * r;
  return Array.from(spectrum.values, (_, i) => {
    let product = 0;
    const vector = spectrum.vectors.subarray(i * spectrum.size, (i + 1) * spectrum.size);
    for (let j = 0; j < residual.length; j++) product += vector[j] * residual[j];
    return total === 0 ? 0 : product ** 2 / total;
  });
}

async function makeRecord(
  choice: PredictChoice,
  inputs: StudyInputs,
  blocks: KernelBlocks,
  spectrum: Spectrum,
  residual: Float64Array,
  analysis: StopAnalysis,
  curves: StudyRecord["curves"],
  watch: Stopwatch,
): Promise<StudyRecord> {
  const { classes, train, test, dataset, testDataset, checkpoint, model, tangent } = inputs;
  const size = spectrum.size;
  const trace = spectrum.trace * train.n;
  const byGroup = Object.fromEntries(
    Object.entries(parametersByGroup(tangent.parameters)).map(([group, members]) => [
      group,
      members.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0),
    ]),
  );
  const truncated = [train.batch.truncated, test?.batch.truncated];
  const { runtime, platform } = describe();
  return {
    version: RECORD_VERSION,
    created: new Date().toISOString(),
    command: choice.command ?? "library",
    seed: choice.seed,
    environment: {
      ntkit: choice.version ?? "unknown",
      runtime,
      platform,
      backend: model.backend.name,
      workers: blocks.workers,
      wasm_target: model.backend.name === "wasm" ? wasmTarget() : "none",
      seconds: watch.seconds,
    },
    data: {
      source: dataset.name,
      test_source: inputs.testSource,
      text_column: dataset.columns.text,
      label_column: dataset.columns.label,
      classes,
      n_train: train.n,
      n_test: test?.n ?? 0,
      train_per_class: count(train.labels, classes.length),
      test_per_class: test ? count(test.labels, classes.length) : classes.map(() => 0),
      longest_tokens: Math.max(train.batch.shape[1], test?.batch.shape[1] ?? 0),
      truncated_texts: truncated.reduce((sum, t) => sum + (t?.texts ?? 0), 0),
      truncated_tokens: truncated.reduce((sum, t) => sum + (t?.tokens ?? 0), 0),
      fingerprint: inputs.fingerprint,
      warnings: [...dataset.warnings, ...(testDataset?.warnings ?? [])],
    },
    checkpoint: {
      source: checkpoint.source,
      architecture: model.architecture,
      parameters: tangent.size,
      parameters_by_group: byGroup,
      fingerprint: checkpoint.fingerprint,
    },
    readout: inputs.readout,
    kernel: {
      kind: choice.kernel ?? "sgd",
      outputs: choice.outputs ?? "full",
      parameters: choice.parameters ?? "all",
      size,
      trace,
      mean_diagonal: trace / size,
      symmetric: true,
      negative_mass: negativeMass(spectrum.values),
      groups: blocks.groups ? traceShares(blocks.groups, blocks.n * blocks.rows) : null,
    },
    spectrum: {
      eigenvalues: [...spectrum.values],
      trace: spectrum.trace,
      method: spectrum.method,
      largest_residual: spectrum.residuals.reduce((a, b) => Math.max(a, b), 0) / spectrum.values[0],
      residual_energy: residualEnergy(spectrum, residual),
    },
    prediction: analysis,
    curves,
    warnings: [...inputs.warnings, ...variantWarnings(choice)],
  };
}

function traceShares(groups: Record<string, Float64Array>, size: number): Record<string, number> {
  const traces = Object.entries(groups).map(([group, kernel]) => {
    let trace = 0;
    for (let i = 0; i < size; i++) trace += kernel[i * size + i];
    return [group, trace] as const;
  });
  const whole = traces.reduce((sum, [, trace]) => sum + trace, 0);
  return Object.fromEntries(traces.map(([group, trace]) => [group, whole === 0 ? 0 : trace / whole]));
}
