/**
 * What more labels would buy: the error of gradient descent at n′ labels, from a kernel and its n labels alone.
 *
 * Eigenlearning (learningCurve.ts) needs the spectrum of the population. It shows in the sample through κ: the n labels at ridge δ see
 * the same κ as n′ labels at ridge δ′ where both equations of theory.md §5 hold, and GCV reads the error at (n, δ) off the labels.
 * With a_i the eigenvalues of Θ (n λ_i), ρ_i = u_iᵀ r, N = nC, s_k = Σ (a_i + δ)^(−k):
 *
 *   κ = 1/s₁,   (δ′ − δ) s₁ = N′ − N,   N − ΣL² = s₁²/s₂
 *   error(n′, δ′) = N′/(N′ − N + s₁²/s₂) · Σ ρ_i² (a_i + δ)^(−2)/s₂        per entry; at n′ = n it is GCV
 *
 * No σ, no tail of the spectrum to guess. [derived] from §5; that §5 itself holds for real kernels is an approximation: hence the
 * check, on kernels of fewer texts, each scored on the texts left out. δ′ = n′/η stands for gradient descent at clock η (§4).
 * Cost: an eigendecomposition of N; for the check one of each smaller kernel.
 */
import { CallError, complaint } from "../errors.ts";
import type { LongOptions } from "../progress.ts";
import { randomStream } from "../random.ts";
import { requireFinite, requireInteger, requireLength, requireNumber } from "./check.ts";
import {
  applyRows,
  decompose,
  type KernelSpectrum,
  kernelSize,
  project,
  requireSpectrum,
} from "./eigenbasis.ts";
import { flowFilters } from "./filters.ts";
import { type FoldProblem, foldPath, pick } from "./foldPath.ts";

export interface MoreLabelsInput extends FoldProblem, LongOptions {
  /** How many labels more; 0 for today's. */
  more: readonly number[];
  /** Clock at which training stops, or the one predicted best for each number of labels (default). */
  eta?: number | "best";
  /** Sizes of the smaller kernels of the check; default a quarter, half and three quarters of n; [] for none. */
  checkSizes?: readonly number[];
  /** Random choices of texts for each size; default 8. */
  draws?: number;
  seed?: number; // default 0
  /** Eigenbasis of Θ/n, where it is known already. */
  spectrum?: KernelSpectrum;
}

export interface MoreLabels {
  /** n′, and ½‖f − y‖² of a new text expected then; null where n′ is more than n labels can tell about at this clock. */
  n: number[];
  error: (number | null)[];
  /** The clock it holds for. */
  eta: (number | null)[];
  check: LabelsCheck;
  /** "With 50 more labels the error falls from 0.21 to 0.17." */
  words: string[];
}

/** On smaller kernels: what was predicted from all labels, and what ridge and gradient descent (flow) then did, mean over draws. */
export interface LabelsCheck {
  n: number[];
  predicted: number[];
  ridge: number[];
  descent: number[];
  /** Standard errors of `ridge` over draws. */
  standardError: number[];
  /** Largest |predicted/ridge − 1|; null without a check. */
  off: number | null;
}

/** Ridges tried for the best clock: this many, over this range around the mean eigenvalue of Θ. */
const RIDGES = 160;
const RANGE: [number, number] = [1e-6, 1e4];

/** @throws CallError for a wrong shape or option, DataError for NaN in the data */
export async function moreLabels(input: MoreLabelsInput): Promise<MoreLabels> {
  const where = "moreLabels";
  const { kernel, n, outputs: C, targets, f0, more, eta = "best", draws = 8, seed = 0 } = input;
  const N = kernelSize(where, kernel, n);
  requireInteger(where, "outputs", C, 1);
  if (N !== n * C) throw new CallError(complaint(where, `a kernel of ${n * C} rows`, `${N} rows`));
  requireLength(where, "targets", targets, N);
  requireLength(where, "f0", f0, N);
  const residual = targets.map((y, i) => y - f0[i]);
  requireFinite(where, "the residual", residual);
  if (eta !== "best") requireNumber(where, "eta", eta, 0, true);
  for (const m of more) requireInteger(where, "more", m, 0);
  requireInteger(where, "draws", draws, 1);
  const sizes =
    input.checkSizes ?? [0.25, 0.5, 0.75].map((share) => Math.round(share * n)).filter((m) => m > 0 && m < n);
  for (const m of sizes) {
    requireInteger(where, "a check size", m, 1);
    if (m >= n) throw new CallError(complaint(where, `check sizes below n = ${n}`, String(m)));
  }
  const spectrum = input.spectrum ?? (await decompose(kernel, n));
  requireSpectrum(where, spectrum, N);
  const sample = {
    a: spectrum.values.map((value) => n * Math.max(0, value)),
    energy: project(spectrum.vectors, residual).map((rho) => rho * rho),
    C,
  };
  const predict = (m: number) => (eta === "best" ? bestError(sample, m) : errorAt(sample, m, eta));

  const total = more.map((extra) => n + extra);
  const found = total.map(predict);
  const today = predict(n);
  const check = await checked(input, sizes, draws, seed, predict);
  return {
    n: total,
    error: found.map((at) => at?.error ?? null),
    eta: found.map((at) => at?.eta ?? null),
    check,
    words: found.map((at, k) => inWords(more[k], today?.error ?? null, at?.error ?? null)),
  };
}

function inWords(extra: number, today: number | null, then: number | null): string {
  if (today === null || then === null) return `What ${extra} more labels would do, these labels cannot tell.`;
  const verb = then <= today ? "falls" : "rises";
  return `With ${extra} more labels the error ${verb} from ${today.toPrecision(3)} to ${then.toPrecision(3)}.`;
}

interface Sample {
  a: Float64Array; // (N) of Θ
  energy: Float64Array; // (N) ρ²
  C: number;
}
interface Predicted {
  error: number;
  eta: number;
}

/** s₁, s₂ and Σ ρ²(a + δ)^(−2); δ may be 0 only where all a are above 0. */
function sums({ a, energy }: Sample, delta: number) {
  let [s1, s2, weighted] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const w = 1 / (a[i] + delta);
    s1 += w;
    s2 += w * w;
    weighted += energy[i] * w * w;
  }
  return { s1, s2, weighted };
}

/** ½‖f − y‖² at m labels where they see the κ of this sample's labels at δ. */
function errorFor(sample: Sample, m: number, { s1, s2, weighted }: ReturnType<typeof sums>): number | null {
  const [N, M] = [sample.a.length, m * sample.C];
  const left = M - N + (s1 * s1) / s2;
  return left > 0 ? (0.5 * sample.C * (M / left) * weighted) / s2 : null;
}

/** The root δ of (m/η − δ) s₁(δ) = M − N, by bisection in log δ; null where it would lie below 0. */
function errorAt(sample: Sample, m: number, eta: number): Predicted | null {
  const [N, M] = [sample.a.length, m * sample.C];
  const goal = m / eta;
  const over = (delta: number) => (goal - delta) * sums(sample, delta).s1 - (M - N);
  // far up (goal − δ) s₁ tends to −N, below M − N; with M ≥ N the root is at most the goal
  let high = M >= N ? goal : 2 * goal;
  while (over(high) > 0) high *= 2;
  let low = high;
  while (over(low) < 0) {
    low /= 16;
    if (low < high * 1e-18) return null;
  }
  for (let step = 0; step < 200 && high > low * (1 + 1e-14); step++) {
    const middle = Math.sqrt(low * high);
    if (over(middle) > 0) low = middle;
    else high = middle;
  }
  const error = errorFor(sample, m, sums(sample, high));
  return error === null ? null : { error, eta };
}

/** The smallest error over a grid of ridges. */
function bestError(sample: Sample, m: number): Predicted | null {
  const [N, M] = [sample.a.length, m * sample.C];
  let trace = 0;
  for (const value of sample.a) trace += value;
  if (trace === 0) return null;
  let best: Predicted | null = null;
  for (let k = 0; k <= RIDGES; k++) {
    const delta = (trace / N) * RANGE[0] * (RANGE[1] / RANGE[0]) ** (k / RIDGES);
    const at = sums(sample, delta);
    const ridge = delta + (M - N) / at.s1; // δ′
    const error = ridge > 0 ? errorFor(sample, m, at) : null;
    if (error !== null && (best === null || error < best.error)) best = { error, eta: m / ridge };
  }
  return best;
}

async function checked(
  input: MoreLabelsInput,
  sizes: readonly number[],
  draws: number,
  seed: number,
  predict: (m: number) => Predicted | null,
): Promise<LabelsCheck> {
  const { n, outputs: C, targets, f0, signal, onProgress } = input;
  const check: LabelsCheck = { n: [], predicted: [], ridge: [], descent: [], standardError: [], off: null };
  const { shuffle } = randomStream(seed);
  const examples = Array.from({ length: n }, (_, i) => i);
  const flow = flowFilters(1);
  let done = 0;
  for (const m of sizes) {
    const expected = predict(m);
    if (expected === null) continue;
    const { eta } = expected;
    const scores = { ridge: [] as number[], descent: [] as number[] };
    for (let draw = 0; draw < draws; draw++) {
      onProgress?.({ stage: "smaller kernels", done: done++, total: sizes.length * draws });
      await new Promise<void>((resolve) => setTimeout(resolve, 0));
      signal?.throwIfAborted();
      const held = new Int32Array(n).fill(1);
      for (const example of shuffle(examples).slice(0, m)) held[example] = 0;
      const path = await foldPath(input, held, 1);
      const rho = project(
        path.vectors,
        pick(targets, path.restRows).map((y, i) => y - f0[path.restRows[i]]),
      );
      const truth = pick(targets, path.heldRows);
      const score = (dual: (lambda: number) => number) => {
        const w = rho.map((value, i) => dual(path.values[i]) * value);
        const f = applyRows(path.projected, w, pick(f0, path.heldRows));
        return (0.5 * C * f.reduce((sum, value, i) => sum + (value - truth[i]) ** 2, 0)) / f.length;
      };
      scores.ridge.push(score((lambda) => 1 / (Math.max(0, lambda) + 1 / eta)));
      scores.descent.push(score((lambda) => flow.dual(lambda, eta)));
    }
    const mean = (list: number[]) => list.reduce((sum, value) => sum + value, 0) / list.length;
    const ridge = mean(scores.ridge);
    const variance = mean(scores.ridge.map((value) => (value - ridge) ** 2)) / Math.max(1, draws - 1);
    check.n.push(m);
    check.predicted.push(expected.error);
    check.ridge.push(ridge);
    check.descent.push(mean(scores.descent));
    check.standardError.push(Math.sqrt(variance));
    const off = ridge === 0 ? 0 : Math.abs(expected.error / ridge - 1);
    check.off = Math.max(check.off ?? 0, off);
  }
  return check;
}
