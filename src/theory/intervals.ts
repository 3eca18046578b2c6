/**
 * How sure a stopping step is: its interval over resampled examples, and over the uncertainty of σ and B.
 *
 *   examples        n drawn with replacement; a text drawn w times counts w times: K̂ → W^½ K̂ W^½, r → W^½ r, W = diag(w), which
 *                   has the eigenvalues above 0 and the path of the resampled kernel at (1 − 1/e)³ of its cost
 *   σ and B         log(σ/B) normal with variance (s_σ/σ)² + (s_B/B)²; T̂ depends on σ/B alone
 *
 * Percentile intervals, seeded. A resample holds texts twice, which makes its spectrum shorter than the true one: the interval
 * shows spread, not bias. Source: Efron 1979 [recalled]. Cost: an eigendecomposition of about 0.63 N a sample; a sort for σ and B.
 */
import type { LongOptions } from "../progress.ts";
import { type RandomStream, randomStream } from "../random.ts";
import { requireFinite, requireInteger, requireLength, requireNumber } from "./check.ts";
import { decompose, kernelSize, project } from "./eigenbasis.ts";
import { type RademacherRuleInput, rademacherRule, radiusInput } from "./rules/rademacher.ts";
import { DEFAULT_MAX_STEPS } from "./schedule.ts";
import { stoppingTimes } from "./stoppingTime.ts";

export interface StepInterval {
  /** Percentiles (1 − level)/2 and (1 + level)/2 of the steps. */
  interval: [number, number];
  median: number;
  /** Every step found, rising. */
  steps: number[];
}

export interface SamplingOptions {
  samples?: number;
  level?: number; // default 0.95
  seed?: number; // default 0
}

function summary(where: string, steps: number[], level: number): StepInterval {
  requireNumber(where, "level", level, 0, true);
  const sorted = [...steps].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const at = (q: number) =>
    sorted[Math.max(0, Math.min(sorted.length - 1, Math.round(q * (sorted.length - 1))))];
  return { interval: [at((1 - level) / 2), at((1 + level) / 2)], median: at(0.5), steps: sorted };
}

/** A resample as the rules take it: eigenvalues of its Θ/n above 0 and coefficients; the other directions are 0. */
export interface Resample {
  eigenvalues: Float64Array;
  coefficients: Float64Array; // u_iᵀ W^½ r
  squaredNorm: number; // ‖W^½ r‖²
  n: number;
  outputs: number;
}

export interface BootstrapInput extends SamplingOptions, LongOptions {
  kernel: Float64Array; // (N × N) Θ, N = n·outputs
  n: number;
  outputs: number;
  residual: Float64Array; // (N) Y − f₀(X)
}

async function resample(
  { kernel, n, outputs: C, residual }: BootstrapInput,
  random: RandomStream,
): Promise<Resample> {
  const times = new Int32Array(n);
  for (let i = 0; i < n; i++) times[random.integer(n)]++;
  const rows: number[] = [];
  for (let i = 0; i < n; i++) if (times[i] > 0) for (let c = 0; c < C; c++) rows.push(i * C + c);
  const weight = rows.map((row) => Math.sqrt(times[Math.floor(row / C)]));
  const distinct = rows.length / C;
  // `decompose` divides by the number of examples it sees, which is `distinct`
  const scale = distinct / n;
  const weighted = new Float64Array(rows.length ** 2);
  rows.forEach((row, i) => {
    rows.forEach((column, j) => {
      weighted[i * rows.length + j] = scale * weight[i] * weight[j] * kernel[row * n * C + column];
    });
  });
  const { values, vectors } = await decompose(weighted, distinct);
  const r = Float64Array.from(rows, (row, i) => weight[i] * residual[row]);
  const coefficients = project(vectors, r);
  const squaredNorm = coefficients.reduce((sum, value) => sum + value * value, 0);
  return { eigenvalues: values, coefficients, squaredNorm, n, outputs: C };
}

/** The step of a rule on a resample; null where it has none, which leaves the resample out. */
type SampleRule = (sample: Resample) => number | null;

/**
 * The steps of several rules over the same resampled examples; null for a rule that has a step on none of them.
 * @throws as bootstrapSteps
 */
export async function bootstrapRules<const R extends Record<string, SampleRule>>(
  input: BootstrapInput,
  rules: R,
): Promise<Record<keyof R, StepInterval | null>> {
  const where = "bootstrapSteps";
  const { kernel, n, outputs, residual, samples = 100, level = 0.95, seed = 0 } = input;
  kernelSize(where, kernel, n);
  requireLength(where, "the kernel", kernel, (n * outputs) ** 2);
  requireLength(where, "the residual", residual, n * outputs);
  requireFinite(where, "the residual", residual);
  requireInteger(where, "samples", samples, 1);
  const random = randomStream(seed);
  const found = Object.keys(rules).map((name): [string, number[]] => [name, []]);
  for (let b = 0; b < samples; b++) {
    input.signal?.throwIfAborted();
    input.onProgress?.({ stage: "bootstrap", done: b, total: samples });
    const sample = await resample(input, random);
    for (const [name, steps] of found) {
      const step = rules[name](sample);
      if (step !== null) steps.push(step);
    }
  }
  input.onProgress?.({ stage: "bootstrap", done: samples, total: samples });
  const summaries = found.map(([name, steps]) => [
    name,
    steps.length > 0 ? summary(where, steps, level) : null,
  ]);
  return Object.fromEntries(summaries);
}

/**
 * The steps of any rule over resampled examples.
 * @param rule the step on a resample: the rules that read a spectrum take it as it is
 * @throws CallError for a wrong shape or option, DataError for NaN in the data; whatever `rule` throws
 */
export async function bootstrapSteps(
  input: BootstrapInput,
  rule: (sample: Resample) => number,
): Promise<StepInterval> {
  const { only } = await bootstrapRules(input, { only: rule });
  return only as StepInterval; // samples ≥ 1, and every one has a number
}

export interface Uncertainty {
  /** Standard error of σ; 0 where σ is known. */
  sigmaError?: number;
  /** Standard error of B; 0 where B is known. */
  normError?: number;
}

/** Standard deviation of log(σ/B). */
function spread(where: string, { sigma, norm }: { sigma: number; norm: number }, by: Uncertainty): number {
  const { sigmaError = 0, normError = 0 } = by;
  requireNumber(where, "sigmaError", sigmaError, 0);
  requireNumber(where, "normError", normError, 0);
  return Math.hypot(sigma > 0 ? sigmaError / sigma : 0, norm > 0 ? normError / norm : 0);
}

/**
 * T̂ over the uncertainty of σ and B.
 * @throws CallError for a wrong option, and where the k eigenvalues given do not reach the smallest ε̂² drawn
 */
export function stoppingInterval(input: RademacherRuleInput & Uncertainty & SamplingOptions): StepInterval {
  const where = "stoppingInterval";
  const { samples = 1000, level = 0.95, seed = 0, outputs = 1, maxSteps = DEFAULT_MAX_STEPS } = input;
  requireInteger(where, "samples", samples, 1);
  const s = spread(where, input, input);
  const random = randomStream(seed);
  const factors = Float64Array.from({ length: samples }, () => Math.exp(s * random.gaussian()));
  const asked = radiusInput({ ...input, values: input.eigenvalues, outputs, maxSteps });
  return summary(where, stoppingTimes(where, asked, factors), level);
}

/**
 * T̂ over resampled examples, with σ and B drawn anew for each where their standard errors are given.
 * @throws CallError for a wrong shape or option, DataError for NaN in the data
 */
export function bootstrapStoppingTime(
  input: BootstrapInput & Uncertainty & Omit<RademacherRuleInput, "eigenvalues" | "trace">,
): Promise<StepInterval> {
  const s = spread("bootstrapStoppingTime", input, input);
  // its own stream: the resamples stay the same whatever is drawn beside them
  const random = randomStream((input.seed ?? 0) + 1);
  return bootstrapSteps(input, ({ eigenvalues }) => {
    const sigma = input.sigma * (s > 0 ? Math.exp(s * random.gaussian()) : 1);
    return rademacherRule({ ...input, eigenvalues, sigma }).step;
  });
}
