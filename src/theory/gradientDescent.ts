/**
 * Gradient descent of a linearised model in function space, for any loss that is a sum over examples:
 *
 *   f_t = f₀ + Θ(·, X) c_t,   c_{t+1} = c_t + v_{t+1},   v_{t+1} = m v_t − (α/n) ∇ℓ(f_t(X)) − αμ c_t,   c_0 = v_0 = 0
 *
 * with momentum m (heavy ball) and weight decay μ towards θ₀. Step by step: N² each, and M·N at the steps asked for.
 * Resumable: the state that comes back, put in, goes on with the same bits. The slow truth beside gradientDescentMse, and the
 * way of the real steps for cross-entropy; gradientFlow.ts has its limit of small steps. Source: theory.md §1 [derived].
 */
import { CallError, complaint } from "../errors.ts";
import { requireFinite, requireInteger, requireLength, requireNumber } from "./check.ts";
import { applyRows, kernelSize } from "./eigenbasis.ts";
import type { CrossInput } from "./path.ts";

/** Derivative of the summed loss Σ_i ℓ(f_i, y_i) by f, (N), from f (N) and targets (N). */
export type LossGradient = (f: Float64Array, targets: Float64Array, outputs: number) => Float64Array;

/** Gradient f − y of ½‖f − y‖² [derived]. */
export const squaredGradient: LossGradient = (f, y) => f.map((value, i) => value - y[i]);

/** Gradient (Σ_c y_c) softmax(f) − y of −Σ_c y_c log softmax(f)_c; y one-hot or a distribution [derived]. */
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
  /** m in [0, 1); default 0. */
  momentum?: number;
  /** μ ≥ 0, towards θ₀; default 0. */
  weightDecay?: number;
  /** Default "mse". */
  loss?: "mse" | "ce" | LossGradient;
  /** Steps to report, rising. */
  steps: readonly number[];
  test?: CrossInput;
  /** Where an earlier call with the same problem ended. */
  state?: DescentState;
}

/** All that the next step depends on. */
export interface DescentState {
  step: number; // t
  dual: Float64Array; // (N) c_t
  velocity: Float64Array; // (N) v_t
}

/** The loss by name, or as it is. */
export function lossGradient(loss: "mse" | "ce" | LossGradient = "mse"): LossGradient {
  return typeof loss === "function" ? loss : { mse: squaredGradient, ce: crossEntropyGradient }[loss];
}

/** @throws CallError for a wrong shape or option, DataError for NaN in the data */
export function gradientDescent(input: FunctionSpaceInput): {
  train: Float64Array[]; // (N) f_t(X) at each of `steps`
  test: Float64Array[] | null; // (M) f_t(x) at each of `steps`
  state: DescentState; // after the last of `steps`
} {
  const where = "gradientDescent";
  const { kernel, n, targets, f0, stepSize, steps, test, momentum = 0, weightDecay = 0 } = input;
  const N = kernelSize(where, kernel, n);
  requireProblem(where, input, N);
  requireNumber(where, "stepSize", stepSize, 0, true);
  requireNumber(where, "momentum", momentum, 0);
  const gradient = lossGradient(input.loss);

  const c = Float64Array.from(input.state?.dual ?? new Float64Array(N));
  const v = Float64Array.from(input.state?.velocity ?? new Float64Array(N));
  let t = input.state?.step ?? 0;
  requireLength(where, "the state", c, N);
  requireLength(where, "the state's velocity", v, N);
  let f: Float64Array = t === 0 ? Float64Array.from(f0) : applyRows(kernel, c, f0);
  const train: Float64Array[] = [];
  const held: Float64Array[] = [];
  for (const step of steps) {
    requireInteger(where, "a step", step, 0);
    if (step < t) throw new CallError(complaint(where, "steps in rising order", `${step} after ${t}`));
    for (; t < step; t++) {
      const g = gradient(f, targets, N / n);
      for (let i = 0; i < N; i++) {
        v[i] = momentum * v[i] - (stepSize / n) * g[i] - stepSize * weightDecay * c[i];
        c[i] += v[i];
      }
      f = applyRows(kernel, c, f0);
    }
    train.push(Float64Array.from(f));
    if (test) held.push(applyRows(test.cross, c, test.f0));
  }
  return { train, test: test ? held : null, state: { step: t, dual: c, velocity: v } };
}

/** What every walk in function space checks first. */
export function requireProblem(
  where: string,
  {
    targets,
    f0,
    test,
    weightDecay = 0,
  }: { targets: Float64Array; f0: Float64Array; test?: CrossInput; weightDecay?: number },
  N: number,
): void {
  requireLength(where, "targets", targets, N);
  requireLength(where, "f0", f0, N);
  requireFinite(where, "targets", targets);
  requireFinite(where, "f0", f0);
  requireNumber(where, "weightDecay", weightDecay, 0);
  if (!test) return;
  requireLength(where, "the cross kernel", test.cross, test.f0.length * N);
  requireFinite(where, "the cross kernel", test.cross);
}
