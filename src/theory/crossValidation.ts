/**
 * Cross-validation of the kernel path: the examples in K folds, gradient descent solved exactly on the rest of each, every
 * example scored by a path that has not seen its label. No validation data, no σ, no training.
 *
 *   error(t) = (1/n) Σ_i ½‖f_t^(−fold of i)(x_i) − y_i‖²,   standard error over the K fold means
 *
 * n folds is exact leave-one-out. Source: theory.md §2 [derived]. Cost: K eigendecompositions; then N²(1 − 1/K) per step.
 */
import type { LongOptions } from "../progress.ts";
import { accuracy, labelsOf, middleOf } from "./classes.ts";
import type { Filters } from "./filters.ts";
import { type FoldPredictor, type FoldProblem, foldPath, foldPredictor } from "./foldPath.ts";
import { assignFolds } from "./folds.ts";
import { mean, standardError } from "./paired.ts";
import { type LuckTest, luckTest } from "./permutation.ts";

export interface CrossValidationInput extends FoldProblem, LongOptions {
  filters: Filters;
  folds: number; // K
  seed: number;
  labels?: ArrayLike<number>; // (n) stratifies the folds
  /** Permutations of the test that there is anything in the labels, over steps 0 … maxSteps; 0 leaves it out. */
  permutations: number;
  maxSteps: number;
}

export interface CrossValidation {
  folds: number;
  foldOf: Int32Array; // (n)
  /** (n × C) f_t(x_i) by the path that has not seen example i. */
  predictions(t: number): Float64Array;
  /** (n) ½‖f_t(x_i) − y_i‖² of each example by that path. */
  errors(t: number): Float64Array;
  /** Mean of errors(t), and its standard error over folds. */
  error(t: number): { mean: number; standardError: number };
  /** Share of examples that path puts in their class, and of those in the largest class; null where targets are no classes. */
  accuracy(t: number): { mean: number; largestClass: number } | null;
  /** (n) the same error of the best constant: the mean target (class frequencies) of the examples outside the fold. */
  constant: Float64Array;
  luck: LuckTest | null;
}

/** Lets events in (an abort, a progress line) between folds. */
const breathe = () => new Promise<void>((resolve) => setTimeout(resolve, 0));

export async function crossValidate(input: CrossValidationInput): Promise<CrossValidation> {
  const { n, folds, filters, signal, onProgress, permutations } = input;
  const foldOf = assignFolds(n, folds, input.seed, input.labels);
  const luck = luckTest(input, foldOf, folds, {
    permutations,
    last: input.maxSteps,
    seed: input.seed + 1,
    filters,
  });
  const predictors: FoldPredictor[] = [];
  const constant = new Float64Array(n);
  for (let fold = 0; fold < folds; fold++) {
    signal?.throwIfAborted();
    onProgress?.({ stage: "cross-validation", done: fold, total: folds });
    const path = await foldPath(input, foldOf, fold);
    predictors.push(foldPredictor(path, input));
    addConstantErrors(input, path.held, path.rest, constant);
    if (permutations > 0) luck.add(path);
    await breathe();
  }
  signal?.throwIfAborted();
  onProgress?.({ stage: "cross-validation", done: folds, total: folds });

  const classes = labelsOf(input.targets, n, input.outputs);
  const middle = middleOf(input.targets);
  const largestClass = classes ? shareOfLargest(classes) : 0;
  const predictions = (t: number) => {
    const f = new Float64Array(input.targets.length);
    for (const predictor of predictors) predictor.predict(filters, t, f);
    return f;
  };
  const errors = (t: number) => {
    const f = predictions(t);
    const out = new Float64Array(n);
    for (let row = 0; row < f.length; row++) {
      out[Math.floor(row / input.outputs)] += 0.5 * (f[row] - input.targets[row]) ** 2;
    }
    return out;
  };
  return {
    folds,
    foldOf,
    predictions,
    errors,
    error(t) {
      const each = errors(t);
      const means = predictors.map(({ held }) => mean(Float64Array.from(held, (i) => each[i])));
      return { mean: mean(each), standardError: standardError(means) };
    },
    accuracy(t) {
      if (!classes) return null;
      return { mean: accuracy(predictions(t), input.targets, input.outputs, middle), largestClass };
    },
    constant,
    luck: permutations > 0 ? luck.result() : null,
  };
}

function addConstantErrors(
  { outputs: C, targets }: FoldProblem,
  held: Int32Array,
  rest: Int32Array,
  into: Float64Array,
): void {
  for (let c = 0; c < C; c++) {
    let sum = 0;
    for (const i of rest) sum += targets[i * C + c];
    for (const i of held) into[i] += 0.5 * (targets[i * C + c] - sum / rest.length) ** 2;
  }
}

function shareOfLargest(classes: Int32Array): number {
  const counts = new Map<number, number>();
  for (const own of classes) counts.set(own, (counts.get(own) ?? 0) + 1);
  return Math.max(...counts.values()) / classes.length;
}
