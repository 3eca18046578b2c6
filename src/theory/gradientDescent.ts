/**
 * Gradient descent of a linearised model in function space, for any loss that is a sum over examples:
 *
 *   f_{t+1}(X) = f_t(X) − (α/n) Θ(X, X) ∇ℓ(f_t),   f_{t+1}(x) = f_t(x) − (α/n) Θ(x, X) ∇ℓ(f_t)
 *
 * Step by step: N² each, and M·N at the steps asked for, as f_t(x) = f₀(x) − (α/n) Θ(x, X) Σ_s ∇ℓ(f_s).
 * The slow truth beside gradientDescentMse, and the only way for cross-entropy. Source: theory.md §1.
 */
import { CallError, complaint } from "../errors.ts";
import { requireFinite, requireInteger, requireLength, requireNumber } from "./check.ts";
import { applyRows, kernelSize } from "./eigenbasis.ts";
import type { CrossInput } from "./path.ts";

/** Derivative of the summed loss Σ_i ℓ(f_i, y_i) by f, (N), from f (N) and targets (N). */
export type LossGradient = (f: Float64Array, targets: Float64Array, outputs: number) => Float64Array;

/** ½‖f − y‖². */
export const squaredGradient: LossGradient = (f, y) => f.map((value, i) => value - y[i]);

/** −Σ_c y_c log softmax(f)_c; y one-hot or a distribution. */
export const crossEntropyGradient: LossGradient = (f, y, C) => {
  const out = new Float64Array(f.length);
  for (let i = 0; i < f.length; i += C) {
    let largest = f[i];
    for (let c = 1; c < C; c++) largest = Math.max(largest, f[i + c]);
    let sum = 0;
    let mass = 0;
    for (let c = 0; c < C; c++) {
      out[i + c] = Math.exp(f[i + c] - largest);
      sum += out[i + c];
      mass += y[i + c];
    }
    for (let c = 0; c < C; c++) out[i + c] = (mass * out[i + c]) / sum - y[i + c];
  }
  return out;
};

export interface FunctionSpaceInput {
  kernel: Float64Array; // (N × N) Θ(X, X)
  n: number;
  targets: Float64Array; // (N)
  f0: Float64Array; // (N)
  stepSize: number;
  /** Default "mse". */
  loss?: "mse" | "ce" | LossGradient;
  /** Steps to report, rising. */
  steps: readonly number[];
  test?: CrossInput;
}

/** @throws CallError for a wrong shape or option, DataError for NaN in the data */
export function gradientDescent(input: FunctionSpaceInput): {
  train: Float64Array[]; // (N) f_t(X) at each of `steps`
  test: Float64Array[] | null; // (M) f_t(x) at each of `steps`
} {
  const where = "gradientDescent";
  const { kernel, n, targets, f0, stepSize, steps, test } = input;
  const N = kernelSize(where, kernel, n);
  requireLength(where, "targets", targets, N);
  requireLength(where, "f0", f0, N);
  requireFinite(where, "targets", targets);
  requireFinite(where, "f0", f0);
  requireNumber(where, "stepSize", stepSize, 0, true);
  if (test) requireLength(where, "the cross kernel", test.cross, test.f0.length * N);
  const named = { mse: squaredGradient, ce: crossEntropyGradient };
  const gradient = typeof input.loss === "function" ? input.loss : named[input.loss ?? "mse"];

  /** −(α/n) Σ_s ∇ℓ(f_s). */
  const c = new Float64Array(N);
  let f: Float64Array = Float64Array.from(f0);
  let t = 0;
  const train: Float64Array[] = [];
  const held: Float64Array[] = [];
  for (const step of steps) {
    requireInteger(where, "a step", step, 0);
    if (step < t) throw new CallError(complaint(where, "steps in rising order", `${step} after ${t}`));
    for (; t < step; t++) {
      const g = gradient(f, targets, N / n);
      for (let i = 0; i < N; i++) c[i] -= (stepSize / n) * g[i];
      f = applyRows(kernel, c, f0);
    }
    train.push(Float64Array.from(f));
    if (test) held.push(applyRows(test.cross, c, test.f0));
  }
  return { train, test: test ? held : null };
}
