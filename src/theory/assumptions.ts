/**
 * What the guarantee rests on, each with its measured status. What only a real run can show is `not-checked` until one is made:
 * `status` of `kernelDrift` and `linearisationError` (validity.ts) then stands in its place.
 * αλ₁ ≤ 1 for the bounds, < 2 for convergence [derived]; 4σ and the shares of round-off are conventions of ours.
 * Source: theory.md §3, §7. Cost: N².
 */
import { negativeMass } from "../numerics/index.ts";
import type { Assumption } from "./types.ts";

/** Asymmetry and negative mass that float32 products leave, with room; and where a matrix is no longer a Gram matrix. */
const ROUND_OFF = 1e-5;
const NOT_A_KERNEL = 1e-2;

/** max |Θ − Θᵀ| / max |Θ|. */
export function asymmetry(kernel: Float64Array, N: number): number {
  let difference = 0;
  let largest = 0;
  for (let i = 0; i < N; i++) {
    for (let j = 0; j <= i; j++) {
      difference = Math.max(difference, Math.abs(kernel[i * N + j] - kernel[j * N + i]));
      largest = Math.max(largest, Math.abs(kernel[i * N + j]), Math.abs(kernel[j * N + i]));
    }
  }
  return largest === 0 ? 0 : difference / largest;
}

const graded = (value: number): Assumption["status"] =>
  value <= ROUND_OFF ? "holds" : value <= NOT_A_KERNEL ? "doubtful" : "fails";

/**
 * @param input.measured what a real run has shown; takes the place of the entry of the same name, or is added
 */
export function assumptions(input: {
  kernel: Float64Array; // (N × N)
  values: Float64Array; // (N) of Θ/n
  targets: Float64Array; // (N)
  residual: Float64Array; // (N)
  sigma: number;
  etaPerStep: number;
  measured?: readonly Assumption[];
}): Assumption[] {
  const { measured = [] } = input;
  const { kernel, values, targets, residual, sigma, etaPerStep } = input;
  const largest = residual.reduce((most, r) => Math.max(most, Math.abs(r)), 0);
  const low = targets.reduce((least, y) => Math.min(least, y), Number.POSITIVE_INFINITY);
  const high = targets.reduce((most, y) => Math.max(most, y), Number.NEGATIVE_INFINITY);
  // sub-Gaussian with level σ: noise beyond 4σ should not be seen among a few thousand entries
  const spread = sigma > 0 ? largest / sigma : 0;
  const speed = etaPerStep * values[0];
  const skew = asymmetry(kernel, values.length);
  const mass = negativeMass(values);
  const list: Assumption[] = [
    {
      name: "label-model",
      status: spread <= 4 ? "holds" : "doubtful",
      value: spread,
      note: `Targets lie between ${low} and ${high}, so their noise is sub-Gaussian with level at most ${(high - low) / 2}; the largest residual is ${spread.toFixed(1)} σ.`,
    },
    {
      name: "step-size",
      status: speed <= 1 ? "holds" : speed < 2 ? "doubtful" : "fails",
      value: speed,
      note: "α λ₁: below 2 gradient descent converges; up to 1 no direction overshoots and the bounds hold.",
    },
    {
      name: "kernel-symmetric",
      status: graded(skew),
      value: skew,
      note: "Largest |Θ − Θᵀ| over largest |Θ|; the symmetric part is used.",
    },
    {
      name: "kernel-positive",
      status: graded(mass),
      value: mass,
      note: "Share of negative eigenvalues in Σ|λ|; they count as 0.",
    },
    {
      name: "kernel-stable",
      status: "not-checked",
      value: null,
      note: "The theory holds the kernel fixed along the run; only a real run shows how far it moves.",
    },
    {
      name: "linearisation-error",
      status: "not-checked",
      value: null,
      note: "The theory follows the linearised model; only a real run shows how far the network leaves it.",
    },
  ];
  const shown = new Map(measured.map((one) => [one.name, one]));
  const known = new Set(list.map(({ name }) => name));
  return [
    ...list.map((one) => shown.get(one.name) ?? one),
    ...measured.filter(({ name }) => !known.has(name)),
  ];
}
