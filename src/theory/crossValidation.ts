/**
 * Cross-validation of the kernel path: the examples in K folds, gradient descent solved exactly on the rest of each, every
 * example scored by a path that has not seen its label. No validation data, no σ, no training.
 *
 *   error(t) = (1/n) Σ_i ½‖f_t^(−fold of i)(x_i) − y_i‖²,   standard error over the K fold means
 *
 * n folds is exact leave-one-out. Source: theory.md §2 [derived]. Cost: K eigendecompositions; then N²(1 − 1/K) per step.
 */
import type { LongOptions } from "../progress.ts";
import type { Filters } from "./filters.ts";
import { type FoldProblem, type FoldScorer, foldPath, foldScorer } from "./foldPath.ts";
import { assignFolds } from "./folds.ts";
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
  /** (n) ½‖f_t(x_i) − y_i‖² of each example at step t, by the path that has not seen it. */
  errors(t: number): Float64Array;
  /** Mean of errors(t), and its standard error over folds. */
  error(t: number): { mean: number; standardError: number };
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
  const scorers: FoldScorer[] = [];
  const constant = new Float64Array(n);
  for (let fold = 0; fold < folds; fold++) {
    signal?.throwIfAborted();
    onProgress?.({ stage: "cross-validation", done: fold, total: folds });
    const path = await foldPath(input, foldOf, fold);
    scorers.push(foldScorer(path, input));
    addConstantErrors(input, path.held, path.rest, constant);
    if (permutations > 0) luck.add(path);
    await breathe();
  }
  signal?.throwIfAborted();
  onProgress?.({ stage: "cross-validation", done: folds, total: folds });

  const errors = (t: number) => {
    const out = new Float64Array(n);
    for (const scorer of scorers) scorer.score(filters, t, out);
    return out;
  };
  return {
    folds,
    foldOf,
    errors,
    error(t) {
      const each = errors(t);
      const means = scorers.map(({ held }) => mean(Float64Array.from(held, (i) => each[i])));
      return { mean: mean(each), standardError: standardError(means) };
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

export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
}

/** Standard error of the mean; 0 for a single value. */
export function standardError(values: ArrayLike<number>): number {
  const K = values.length;
  if (K < 2) return 0;
  const centre = mean(values);
  let sum = 0;
  for (let i = 0; i < K; i++) sum += (values[i] - centre) ** 2;
  return Math.sqrt(sum / (K - 1) / K);
}

/** Mean of a − b with its paired standard error over examples. */
export function pairedDifference(a: Float64Array, b: Float64Array): { mean: number; standardError: number } {
  const difference = a.map((value, i) => value - b[i]);
  return { mean: mean(difference), standardError: standardError(difference) };
}
