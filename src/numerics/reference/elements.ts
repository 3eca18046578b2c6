/**
 * Elementwise functions. gelu(x) = x·Φ(x), silu(x) = x·σ(x), Φ and σ the normal and the logistic distribution functions.
 * gelu_new(x) = x/2·(1 + tanh u), u = √(2/π)·(x + 0.044715·x³) (Hendrycks & Gimpel 2016).
 */
import type { ActivationKind } from "../backend.ts";
import { normalDistribution } from "./normal.ts";

const ROOT = Math.sqrt(2 / Math.PI);
const CUBIC = 0.044715;

const logistic = (x: number) => 1 / (1 + Math.exp(-x));
const density = (x: number) => Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);

const activations: Record<ActivationKind, { value(x: number): number; slope(x: number): number }> = {
  gelu_new: {
    value: (x) => 0.5 * x * (1 + Math.tanh(ROOT * (x + CUBIC * x ** 3))),
    slope(x) {
      const t = Math.tanh(ROOT * (x + CUBIC * x ** 3));
      return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * ROOT * (1 + 3 * CUBIC * x ** 2);
    },
  },
  gelu: {
    value: (x) => x * normalDistribution(x),
    slope: (x) => normalDistribution(x) + x * density(x),
  },
  silu: {
    value: (x) => x * logistic(x),
    slope: (x) => logistic(x) * (1 + x * logistic(-x)),
  },
  tanh: { value: Math.tanh, slope: (x) => 1 / Math.cosh(x) ** 2 },
  relu: { value: (x) => Math.max(x, 0), slope: (x) => (x > 0 ? 1 : 0) },
};

export const activation = (x: Float64Array, kind: ActivationKind) => x.map(activations[kind].value);
export const activationSlope = (x: Float64Array, kind: ActivationKind) => x.map(activations[kind].slope);

/** a + scale·b, b repeating. */
export function add(a: Float64Array, b: Float64Array, scale: number): Float64Array {
  return a.map((value, i) => value + scale * b[i % b.length]);
}

/** a ∘ b, b repeating. */
export function multiply(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, i) => value * b[i % b.length]);
}
