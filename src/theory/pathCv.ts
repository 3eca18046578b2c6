/**
 * path-cv: cross-validation carried along a real run whose kernel is taken again at some steps [derived; theory.md §7].
 *
 * K folds of the examples. Each fold f keeps outputs F_f on all examples, moved by the examples outside the fold alone, with the kernel
 * that was taken last:
 *
 *   F_f ← F_f − (α_t/n_f) Θ_t(X, X_f) ∇ℓ(F_f on X_f),   n_f examples outside the fold        (squared loss: −∇ℓ = Y − F)
 *
 * so example i, in fold f, is scored by a path that has not seen its label: e_i(t) = ℓ(F_f(x_i), y_i). From the last kernel the
 * recursion runs ahead of the real run; the answer is the earliest step whose mean error is within one paired standard error (over
 * examples, of the difference to the minimum) of the minimum. Every label trains and every label validates.
 *
 * It trusts the kernel between two retakes: whoever runs it must watch α λ₁ of each kernel stay below 2.
 * Cost: 2 N² K a step (N = nC); held: half a kernel, n numbers a step, 2 N K.
 */
import { CallError, complaint, DataError } from "../errors.ts";
import { matrixOperator } from "../numerics/index.ts";
import { requireFinite, requireInteger, requireLength } from "./check.ts";
import { assignFolds, defaultFolds } from "./folds.ts";
import { crossEntropyGradient, squaredGradient } from "./gradientDescent.ts";
import { pairedDifference } from "./paired.ts";

export interface PathCvInput {
  n: number;
  outputs: number; // C
  targets: Float64Array; // (N), N = nC
  f0: Float64Array; // (N)
  /** α_t: what step t adds to the clock η of K̂ = Θ/n. */
  stepSize: number | ((step: number) => number);
  /** No answer beyond this step. */
  maxSteps: number;
  loss?: "mse" | "ce"; // "mse"
  folds?: number;
  seed?: number;
  labels?: ArrayLike<number>; // (n): stratifies the folds
}

export interface PathCvAnswer {
  /** Earliest step within one paired standard error of the minimum. */
  step: number;
  minimum: number;
  /** Mean cross-validated loss at the two. */
  error: number;
  leastError: number;
  /** Of the difference between the two. */
  standardError: number;
  /** How far the recursion went: the minimum is known as such up to here. */
  horizon: number;
}

export interface PathCv {
  readonly folds: number;
  /**
   * The kernel Θ (N × N) of the network at θ_step, steps rising from 0. The recursion up to `step` keeps the kernels before.
   * @throws CallError for a step before the last one, DataError for a kernel that is not finite or not symmetric.
   */
  retake(step: number, kernel: Float64Array): PathCvAnswer;
  /** (n) cross-validated loss of each example at a step up to the horizon. */
  errors(step: number): Float64Array;
  answer(): PathCvAnswer;
}

/** Past the minimum by so much, in steps and in standard errors, the recursion need not go on. */
const LONG_AFTER = 4;
const AT_LEAST = 50;
const CLEARLY = 3;

/** @throws CallError for wrong sizes or options, DataError for NaN in the data. */
export function pathCv(input: PathCvInput): PathCv {
  const where = "pathCv";
  const { n, outputs: C, targets, f0, maxSteps, seed = 0, labels } = input;
  requireInteger(where, "n", n, 2);
  requireInteger(where, "outputs", C, 1);
  requireInteger(where, "maxSteps", maxSteps, 1);
  const N = n * C;
  for (const [name, data] of Object.entries({ targets, f0 })) {
    requireLength(where, name, data, N);
    requireFinite(where, name, data);
  }
  const alpha = typeof input.stepSize === "function" ? input.stepSize : () => input.stepSize as number;
  const gradient = input.loss === "ce" ? crossEntropyGradient : squaredGradient;
  const lossOf = input.loss === "ce" ? crossEntropy : squared;
  const folds = input.folds ?? defaultFolds(n, labels);
  const foldOf = assignFolds(n, folds, seed, labels);
  const outside = new Float64Array(folds).fill(n);
  for (const fold of foldOf) outside[fold]--;

  /** F_f in row f (K × N), at the step of the last kernel. */
  const start = Float64Array.from({ length: folds * N }, (_, at) => f0[at % N]);
  let taken = -1;
  /** How to go on from `taken`. */
  let advance: ((F: Float64Array, step: number) => void) | undefined;
  let free = () => {};
  const errors: Float64Array[] = [];

  function score(F: Float64Array): Float64Array {
    return Float64Array.from({ length: n }, (_, i) => lossOf(F, foldOf[i] * N + i * C, targets, i * C, C));
  }

  function recursion(kernel: Float64Array): typeof advance {
    const operator = matrixOperator(kernel, N);
    free = operator.free;
    const [pull, moved] = [new Float64Array(folds * N), new Float64Array(folds * N)];
    return (F, step) => {
      for (let fold = 0; fold < folds; fold++) {
        const own = F.subarray(fold * N, (fold + 1) * N);
        const g = gradient(own, targets, C);
        const scale = -alpha(step) / outside[fold];
        for (let at = 0; at < N; at++) {
          pull[fold * N + at] = foldOf[Math.floor(at / C)] === fold ? 0 : scale * g[at];
        }
      }
      operator.applyBlock(pull, moved, folds);
      for (let at = 0; at < F.length; at++) F[at] += moved[at];
    };
  }

  function answer(): PathCvAnswer {
    if (errors.length === 0)
      throw new CallError(complaint(where, "a kernel first", "none", "retake(0, kernel)"));
    const means = errors.map(mean);
    let minimum = 0;
    for (let t = 1; t < means.length; t++) if (means[t] < means[minimum]) minimum = t;
    for (let t = 0; ; t++) {
      const { mean: more, standardError } = pairedDifference(errors[t], errors[minimum]);
      if (t < minimum && more > standardError) continue;
      const [error, leastError] = [means[t], means[minimum]];
      return { step: t, minimum, error, leastError, standardError, horizon: errors.length - 1 };
    }
  }

  return {
    folds,
    retake(step, kernel) {
      requireInteger(where, "the step of a kernel", step, 0);
      requireLength(where, "the kernel", kernel, N * N);
      if (step < taken || (taken < 0 && step > 0)) {
        throw new CallError(
          complaint(where, "kernels at rising steps, the first at 0", `${step} after ${taken}`),
        );
      }
      for (let t = taken; advance && t < step; t++) advance(start, t);
      if (!start.every(Number.isFinite)) {
        throw new DataError(
          complaint(
            where,
            "a stable recursion",
            `one that overflows before step ${step}`,
            "a smaller step size",
          ),
        );
      }
      free();
      taken = step;
      advance = recursion(kernel);
      errors.length = step;
      const F = start.slice();
      let [minimum, least] = [0, Number.POSITIVE_INFINITY];
      for (let t = 0; t < step; t++) if (mean(errors[t]) < least) [minimum, least] = [t, mean(errors[t])];
      for (let t = step; t <= maxSteps; t++) {
        const now = score(F);
        const error = mean(now);
        if (!Number.isFinite(error)) break;
        errors.push(now);
        if (error < least) [minimum, least] = [t, error];
        else if (t >= LONG_AFTER * minimum + AT_LEAST) {
          const rise = pairedDifference(now, errors[minimum]);
          if (rise.mean > CLEARLY * rise.standardError) break;
        }
        if (t < maxSteps) advance?.(F, t);
      }
      return answer();
    },
    errors(step) {
      if (step >= 0 && step < errors.length) return errors[step].slice();
      throw new CallError(complaint(where, `a step from 0 to ${errors.length - 1}`, `${step}`));
    },
    answer,
  };
}

function squared(F: Float64Array, from: number, targets: Float64Array, at: number, C: number): number {
  let sum = 0;
  for (let c = 0; c < C; c++) sum += (F[from + c] - targets[at + c]) ** 2;
  return sum / 2;
}

function crossEntropy(F: Float64Array, from: number, targets: Float64Array, at: number, C: number): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (let c = 0; c < C; c++) largest = Math.max(largest, F[from + c]);
  let [total, sum] = [0, 0];
  for (let c = 0; c < C; c++) total += Math.exp(F[from + c] - largest);
  for (let c = 0; c < C; c++) sum += targets[at + c] * (largest + Math.log(total) - F[from + c]);
  return sum;
}

function mean(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}
