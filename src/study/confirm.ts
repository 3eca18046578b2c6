/**
 * `ntkit confirm`: predict, then really train, and say whether theory saw it coming. The kernel is taken again along the run; every
 * rule's step is held against the best measured one; patience on a quarter of the labels runs beside them for comparison.
 */
import { CallError, complaint } from "../errors.ts";
import { accuracy, lossOf, outputsOn, type Trainable, type TrainPoint, train } from "../finetune/index.ts";
import type { LongOptions } from "../progress.ts";
import { linearisationError, type StopAnalysis } from "../theory/index.ts";
import { analyse, drawnSteps, type KernelData } from "./analyse.ts";
import { calibrate } from "./calibrate.ts";
import type { Confirmation, ConfirmedRule, RuleOutcome } from "./confirmation.ts";
import { RETAKE_STEPS, type Retake, watchPath } from "./liveStop.ts";
import { patienceRun } from "./patience.ts";
import { type PredictChoice, type Prediction, predict } from "./predict.ts";
import { predictedRun } from "./predictedRun.ts";
import { type RunChoice, resolveRun, setsOf, spreadRun } from "./realRun.ts";
import type { StudyRecord } from "./record.ts";
import { kernelSpectrum } from "./spectrum.ts";
import { verdictOf } from "./verdict.ts";

export interface ConfirmChoice extends PredictChoice, Omit<RunChoice, "parameters" | "seed" | "linearised"> {
  /** Length of the real run; absent: twice the answer, and what the other rules ask for, within LONGEST. */
  steps?: number;
  /** Steps at which the kernel is taken again, beside the answer's. */
  retake?: readonly number[];
  /** Steps without improvement; 0 leaves the comparison run out. Absent: a fifth of the run. */
  patience?: number;
}

const SHORTEST = 40;
const LONGEST = 400;

/** A record with its confirmation. The receiver has nothing to dispose of. */
export async function confirm(choice: ConfirmChoice, long: LongOptions = {}): Promise<StudyRecord> {
  const prediction = await predict(choice, long);
  try {
    return { ...prediction.record, confirmation: await confirmPrediction(prediction, choice, long) };
  } finally {
    prediction.inputs.model.dispose();
  }
}

/** How long to train: far enough to see the answer pass, and the rules that ask for more where that is affordable. */
function lengthOf(analysis: StopAnalysis, choice: ConfirmChoice): number {
  if (choice.steps !== undefined) return choice.steps;
  const wanted = Math.max(SHORTEST, 2 * analysis.answer.step, ...ruleSteps(analysis));
  return Math.min(LONGEST, Math.max(wanted, SHORTEST));
}

const ruleSteps = ({ rules }: StopAnalysis) =>
  Object.values(rules).flatMap((rule) => (rule ? [rule.step] : []));

/** The run on threads that end with it. */
async function confirmPrediction(
  prediction: Prediction,
  choice: ConfirmChoice,
  long: LongOptions,
): Promise<Confirmation> {
  const { kernel } = prediction.record;
  if (kernel.kind !== "sgd" || kernel.outputs !== "full") {
    const got = `kernel ${kernel.kind}, outputs ${kernel.outputs}`;
    throw new CallError(
      complaint(
        "confirm",
        "the kernel of gradient descent on all outputs",
        got,
        "--kernel sgd --outputs full",
      ),
    );
  }
  const { inputs, blocks } = prediction;
  const C = inputs.tangent.outputs;
  const calibrated = choice.readout.kind === "prompt" && choice.readout.calibrate;
  const { f0 } = calibrate(blocks, C, calibrated);
  const offset = calibrated ? blocks.f0.slice(0, C).map((value, c) => value - f0[c]) : null;
  const threads = await spreadRun(inputs, choice, offset, long);
  try {
    return await holdSideBySide(prediction, threads.trainable, choice, long);
  } finally {
    await threads.end();
  }
}

async function holdSideBySide(
  { record, inputs, blocks, spectrum }: Prediction,
  trainable: Trainable,
  choice: ConfirmChoice,
  long: LongOptions,
): Promise<Confirmation> {
  const analysis = record.prediction;
  const { train: set, test, tangent } = inputs;
  const { n, targets } = set;
  const C = tangent.outputs;
  const steps = lengthOf(analysis, choice);
  const { loss = "mse", optimizer = "sgd", momentum = 0 } = choice;
  const run = resolveRun({ ...choice, seed: choice.seed }, n, analysis.eta_per_step, steps);
  const calibrated = choice.readout.kind === "prompt" && choice.readout.calibrate;
  const { f0, f0Test } = calibrate(blocks, C, calibrated);
  const start = await trainable.values();

  const answerStep = Math.min(analysis.answer.step, steps);
  const retake = [...(choice.retake ?? RETAKE_STEPS), answerStep].filter((step) => step > 0 && step <= steps);
  const watch = watchPath(
    {
      inputs,
      f0,
      kernel: blocks.train,
      spectrum,
      etaOf: run.etaOf,
      workAt: run.workAt,
      maxSteps: steps,
      retake,
      loss,
      folds: choice.folds,
      seed: choice.seed,
      textsAPass: choice.textsAPass,
      kernelOptions: choice,
    },
    long,
  );

  const asked = new Set([...drawnSteps(steps), ...retake, ...ruleSteps(analysis)]);
  const seen = new Map<number, Float64Array>(); // held-out (or training) outputs where a kernel was taken
  let pathStep: number | null = null;
  const crossEntropy = lossOf("ce");
  const entropies: { train: number[]; test: number[] } = { train: [], test: [] };
  const result = await train(trainable, {
    ...setsOf(inputs),
    ...run.options,
    steps,
    measureAt: (step) => asked.has(step) || step === watch.answer()?.step,
    async onStep(moment) {
      if ((await watch.ask(moment)) && pathStep === null) pathStep = moment.step;
      return undefined;
    },
    onPoint({ step }, f) {
      entropies.train.push(crossEntropy.sum(f.train, targets) / n);
      if (test && f.test) entropies.test.push(crossEntropy.sum(f.test, test.targets) / test.n);
      if (step !== answerStep && !retake.includes(step)) return;
      seen.set(step, Float64Array.from((f.test ?? f.train).data));
    },
    ...long,
  });

  const clock = watch.calibration();
  const etaAt = (step: number) =>
    run.etaOf
      ? run.workAt(step) * ((run.options.learningRate as number) / (1 - momentum))
      : run.workAt(step) * (clock?.etaPerUnit ?? 0);
  const even =
    optimizer === "sgd" && (choice.schedule ?? "constant") === "constant" && !choice.warmup
      ? { stepSize: run.options.learningRate, momentum }
      : null;
  const data: KernelData = {
    kernel: blocks.train,
    spectrum,
    n,
    outputs: C,
    targets,
    f0,
    labels: set.labels,
    holdout:
      test && blocks.cross && f0Test ? { cross: blocks.cross, targets: test.targets, f0: f0Test } : undefined,
  };
  const measured = result.points;
  const predicted = await predictedRun(
    data,
    { loss, steps: measured.map(({ step }) => step), even, etaAt },
    long,
  );

  const stopAt = [...seen.keys()].filter((step) => step <= answerStep).sort((a, b) => b - a)[0] ?? null;
  const error =
    stopAt === null
      ? null
      : linearisationError({
          before: test && f0Test ? f0Test : f0,
          linear: (predicted.test ?? predicted.train)[measured.findIndex(({ step }) => step === stopAt)],
          real: seen.get(stopAt)!,
          outputs: C,
          targets: test?.targets ?? targets,
        });

  const best = bestOf(measured);
  const patience = await comparePatience();
  async function comparePatience(): Promise<RuleOutcome | null> {
    const patienceSteps = choice.patience ?? Math.max(10, Math.round(steps / 5));
    if (patienceSteps === 0 || !test) return null;
    await trainable.assign(start);
    const best = await patienceRun(
      trainable,
      { set, run: run.options, steps, patience: patienceSteps, seed: choice.seed },
      long,
    );
    const f = await outputsOn(trainable, test, choice);
    return outcome(best.step, lossOf(loss).sum(f, test.targets) / test.n, accuracy(f, test.targets), false);
  }

  function outcome(
    step: number,
    testLoss: number | null,
    testAccuracy: number | null,
    beyond: boolean,
  ): RuleOutcome {
    const least = best?.test_loss;
    const regret = testLoss === null || !least ? null : testLoss / least - 1;
    return { step, test_loss: testLoss, test_accuracy: testAccuracy, regret, beyond_run: beyond };
  }
  const at = (step: number): RuleOutcome => {
    const point = measured.findLast((other) => other.step <= step)!;
    return outcome(step, point.testLoss, point.testAccuracy, step > result.step);
  };
  const rules = Object.fromEntries(
    Object.entries(analysis.rules).map(([name, rule]) => [name, rule && at(rule.step)]),
  ) as Confirmation["rules"];
  const pathAnswer = pathStep ?? watch.answer()?.step ?? null;
  rules.path_cv = pathAnswer === null ? null : at(pathAnswer);
  rules.patience = patience;

  const taken = watch.retakes();
  const first = taken[0]?.drift.largest[0] ?? spectrum.values[0];
  const reached = taken.filter(({ step }) => step <= answerStep).at(-1);
  const confirmation: Omit<Confirmation, "verdict" | "why"> = {
    loss,
    optimizer,
    learning_rate: run.options.learningRate,
    steps: result.step,
    curve: {
      step: measured.map(({ step }) => step),
      train_loss: measured.map(({ trainLoss }) => trainLoss),
      test_loss: test ? measured.map(({ testLoss }) => testLoss as number) : null,
      train_cross_entropy: entropies.train,
      test_cross_entropy: test ? entropies.test : null,
      train_accuracy: measured.map(({ trainAccuracy }) => trainAccuracy),
      accuracy: test ? measured.map(({ testAccuracy }) => testAccuracy as number) : null,
      predicted_train_loss: predicted.trainLoss,
      predicted_test_loss: predicted.testLoss,
      predicted_accuracy: predicted.testAccuracy,
    },
    best,
    rules,
    regret: rules[analysis.answer.rule as ConfirmedRule]?.regret ?? null,
    kernel_drift: reached && reached.step > 0 ? reached.drift.relativeChange : null,
    linearisation_error: error ? error.relative : 0,
    largest_eigenvalue_ratio: Math.max(1, ...taken.map(({ drift }) => drift.largest[1] / first)),
    retakes: await retakesOf(taken, data, choice, analysis, long),
    clock: clock && {
      eta_per_unit: clock.etaPerUnit,
      unevenness: clock.unevenness,
      misfit: Math.max(...clock.misfit),
    },
    warnings: watch.warnings,
  };
  return { ...confirmation, ...verdictOf(confirmation, analysis, answerStep) };
}

function bestOf(points: readonly TrainPoint[]): Confirmation["best"] {
  let best: TrainPoint | null = null;
  for (const point of points) {
    if (point.testLoss !== null && (best === null || point.testLoss < (best.testLoss as number)))
      best = point;
  }
  return (
    best && {
      step: best.step,
      test_loss: best.testLoss as number,
      test_accuracy: best.testAccuracy as number,
    }
  );
}

/** The kernels taken along the run, and the prediction made again from each: a trained point is a non-random initialization too. */
async function retakesOf(
  taken: readonly Retake[],
  data: KernelData,
  choice: ConfirmChoice,
  { eta_per_step, answer, max_steps }: StopAnalysis,
  long: LongOptions,
): Promise<Confirmation["retakes"]> {
  const out: Confirmation["retakes"] = [];
  for (const { step, drift, kernel, answer: path, residual } of taken) {
    let again: number | null = null;
    if (step > 0 && residual) {
      const f0 = data.targets.map((y, i) => y - residual[i]);
      const spectrum = await kernelSpectrum(kernel, data.n, long);
      const theory = { ...choice, lr: eta_per_step, momentum: 0, rule: answer.rule, maxSteps: max_steps };
      const analysis = await analyse(
        { ...data, kernel, spectrum, f0, holdout: undefined },
        theory,
        long,
      ).catch(() => null);
      again = analysis && step + analysis.answer.step;
    }
    out.push({
      step,
      cosine: drift.cosine,
      relative_change: drift.relativeChange,
      largest_eigenvalue: drift.largest[1],
      speed: drift.speed,
      path_cv_step: path.step,
      answer_again: again,
    });
  }
  return out;
}
