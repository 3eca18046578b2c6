/**
 * Where gradient flow with weight decay ends: the minimum of
 *
 *   (1/n) Σ ℓ(f₀ + Θc) + (μ/2) cᵀΘc,      gradient in c by the inner product of Θ:  g = (1/n) ∇ℓ(f₀ + Θc) + μ c
 *
 * by Nesterov's accelerated descent with restarts (O'Donoghue & Candès 2015 [recalled]); the step halves where it does not
 * satisfy ⟨Δc, Δg⟩_Θ ≤ ‖Δc‖²_Θ/s. The objective is μ-strongly convex in the RKHS norm, so with ‖g‖²_Θ = gᵀΘg
 *
 *   |f(x) − f_∞(x)| ≤ √Θ(x, x) ‖g‖_Θ / μ          [derived]
 *
 * and the search stops when that is below tolerance for every training output.
 * Cost: 4 N² a step; about √(λ₁/μ) log(1/tolerance) steps.
 */
import { CallError, complaint } from "../errors.ts";
import { applyRows } from "./eigenbasis.ts";
import type { LossGradient } from "./gradientDescent.ts";

export interface ConvexProblem {
  kernel: Float64Array; // (N × N)
  n: number;
  targets: Float64Array; // (N)
  f0: Float64Array; // (N)
  gradient: LossGradient;
  weightDecay: number; // μ > 0
  tolerance: number;
  maxSteps: number;
  signal?: AbortSignal;
}

/** Error in outputs below which steps are no longer shortened. */
const ROUND_OFF = 1e-9;

const dot = (a: Float64Array, b: Float64Array) => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
};
const minus = (a: Float64Array, b: Float64Array) => a.map((value, i) => value - b[i]);

/** @returns (N) c. Throws CallError where maxSteps do not do. */
export async function convexLimit(problem: ConvexProblem): Promise<Float64Array> {
  const { kernel, n, targets, f0, gradient, weightDecay: mu, tolerance, maxSteps, signal } = problem;
  const N = f0.length;
  const zero = new Float64Array(N);
  const outputs = (c: Float64Array) => applyRows(kernel, c, f0);
  const slope = (c: Float64Array, f: Float64Array) =>
    gradient(f, targets, N / n).map((value, i) => value / n + mu * c[i]);
  let widest = 0;
  let norm = 0; // of Θ/n, as the largest sum of a row: at least λ₁
  for (let i = 0; i < N; i++) {
    let row = 0;
    for (let j = 0; j < N; j++) row += Math.abs(kernel[i * N + j]) / n;
    norm = Math.max(norm, row);
    widest = Math.max(widest, kernel[i * N + i]);
  }
  let s = 1 / (norm + mu);
  let c: Float64Array = zero; // the iterate
  let y: { c: Float64Array; f: Float64Array; g: Float64Array } = {
    c: zero,
    f: Float64Array.from(f0),
    g: slope(zero, f0),
  }; // where the gradient is taken
  let age = 0; // steps since the last restart
  let least = Number.POSITIVE_INFINITY;
  for (let step = 0; step < maxSteps; step++) {
    if (step % 100 === 0) {
      await new Promise<void>((resolve) => setTimeout(resolve, 0));
      signal?.throwIfAborted();
    }
    const size = Math.max(0, dot(y.g, applyRows(kernel, y.g, zero)));
    const error = Math.sqrt(Math.max(0, widest) * size) / mu;
    if (error <= tolerance) return y.c;
    least = Math.min(least, error);

    const moved = y.c.map((value, i) => value - s * y.g[i]);
    const f = outputs(moved);
    const g = slope(moved, f);
    const change = minus(f, y.f); // Θ Δc
    const bend = dot(change, minus(g, y.g));
    // differences of neighbours that are this close are round-off: nothing to judge a step by
    if (error > ROUND_OFF && bend > (dot(minus(moved, y.c), change) / s) * (1 + 1e-6)) {
      s /= 2;
      continue;
    }
    age++;
    const ahead = age / (age + 3);
    const back = minus(moved, c);
    // restart where the last move went against the gradient's advice
    if (dot(y.g, applyRows(kernel, back, zero)) > 0) age = 0;
    const weight = age === 0 ? 0 : ahead;
    const point = moved.map((value, i) => value + weight * back[i]);
    c = moved;
    const at = weight === 0 ? f : outputs(point);
    y = { c: point, f: at, g: weight === 0 ? g : slope(point, at) };
  }
  throw new CallError(
    complaint(
      "gradientFlow",
      `the limit at η = ∞ within ${maxSteps} steps`,
      `an error of up to ${least.toPrecision(2)}`,
      "a larger maxSteps, tolerance or weightDecay",
    ),
  );
}
