/** Elementwise functions. gelu_new(x) = x/2·(1 + tanh u), u = √(2/π)·(x + 0.044715·x³) (Hendrycks & Gimpel 2016). */
import type { ActivationKind } from "../backend.ts";

const ROOT = Math.sqrt(2 / Math.PI);
const CUBIC = 0.044715;

const activations: Record<ActivationKind, { value(x: number): number; slope(x: number): number }> = {
  gelu_new: {
    value: (x) => 0.5 * x * (1 + Math.tanh(ROOT * (x + CUBIC * x ** 3))),
    slope(x) {
      const t = Math.tanh(ROOT * (x + CUBIC * x ** 3));
      return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * ROOT * (1 + 3 * CUBIC * x ** 2);
    },
  },
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
