/**
 * Is the kernel view valid along a real run? Measured from two kernels, or from two sets of predictions, each with its verdict.
 *
 *   drift            cos_F = ⟨Θ_t, Θ_0⟩/(‖Θ_t‖‖Θ_0‖), the same with row and column means taken off, ‖Θ_t − Θ_0‖/‖Θ_0‖,
 *                    |λ_i(t) − λ_i(0)| ≤ ‖K̂_t − K̂_0‖₂ (Weyl)
 *   what it does     ‖f_η − f_η^kernel‖_n ≤ η max_s ‖K̂_s − K̂_0‖₂ ‖r‖_n for gradient flow with kernels K̂_s  [derived]
 *   linearisation    ‖f_t − f_t^lin‖/‖f_t − f_0‖, and the shares of accuracy and of gain that the linear prediction reaches
 *   features         mean over x of ‖J_t(x) − J_0(x)‖/‖J_0(x)‖, from Θ_0(x,x), Θ_t(x,x) and, for the number itself, ⟨J_0(x), J_t(x)⟩
 *
 * The bound: e_η − e_η^kernel = −∫ exp(−(η − s)K̂_0)(K̂_s − K̂_0) e_s ds, and neither exponential nor e_s grows.
 * Source: theory.md §7; yardsticks below, each with its own. Cost: N³ for the norms of drift, N for the others.
 */
import { CallError, complaint } from "../errors.ts";
import { eigh } from "../numerics/index.ts";
import { requireFinite, requireInteger, requireLength, requireNumber } from "./check.ts";
import { accuracy, middleOf } from "./classes.ts";
import { kernelSize } from "./eigenbasis.ts";
import type { Assumption } from "./types.ts";

/** Every threshold used here, and where it is from. */
export const yardsticks = {
  speed: { value: 2, source: "α λ₁(t) below 2, or gradient descent on the squared loss diverges [derived]" },
  drift: {
    value: 0.2,
    source:
      "a convention after the trials of theory.md §7: at ‖Θ_t − Θ_0‖/‖Θ_0‖ = 0.12 the predicted loss was 4 % off; at 1 the change is as large as the kernel",
  },
  accuracyShare: {
    value: 0.9,
    source: "kernel regression reaches 90 % of fine-tuning's accuracy: Malladi et al. 2023 [recalled]",
  },
  gainShare: {
    value: 0.5,
    source: "linearisation recovers 50 % of fine-tuning's gain: Malladi et al. 2023 [recalled]",
  },
  featureDistance: {
    value: 2,
    source: "mean relative distance of gradients below 2: Malladi et al. 2023 [recalled]",
  },
} as const;

export interface KernelDrift {
  cosine: number; // cos_F; 1 for two kernels of zeros
  centredCosine: number; // the same without the offset that all texts share
  relativeChange: number; // ‖Θ_t − Θ_0‖_F / ‖Θ_0‖_F
  sizeRatio: number; // ‖Θ_t‖_F / ‖Θ_0‖_F
  largest: [number, number]; // λ₁ of K̂_0 and K̂_t
  shift: number; // ‖K̂_t − K̂_0‖₂: no eigenvalue moved further
  /** α λ₁(t); null without a step size. */
  speed: number | null;
  /** η ‖K̂_t − K̂_0‖₂, the header's bound over ‖r‖_n if the kernel moved no further on the way; null without a clock. */
  outputBound: number | null;
  status: Assumption[];
}

/**
 * @param input.before (N × N) Θ_0, @param input.after (N × N) Θ_t on the same texts
 * @param input.stepSize α, @param input.eta the clock at which `after` was taken
 * @throws CallError for a wrong shape, DataError for NaN
 */
export function kernelDrift(input: {
  before: Float64Array;
  after: Float64Array;
  n: number;
  stepSize?: number;
  eta?: number;
}): KernelDrift {
  const where = "kernelDrift";
  const { before, after, n, stepSize, eta } = input;
  const N = kernelSize(where, before, n);
  requireLength(where, "the kernel after", after, N * N);
  requireFinite(where, "the kernel after", after);
  if (stepSize !== undefined) requireNumber(where, "stepSize", stepSize, 0, true);
  if (eta !== undefined) requireNumber(where, "eta", eta, 0);
  const difference = after.map((value, i) => value - before[i]);
  const [size0, sizeT, change] = [norm(before), norm(after), norm(difference)];
  const over = (part: number) => (size0 > 0 ? part / size0 : part > 0 ? Number.POSITIVE_INFINITY : 0);
  const largest = (matrix: Float64Array) => spectralNorm(matrix, N) / n;
  const [top0, topT, shift] = [largest(before), largest(after), largest(difference)];
  const relativeChange = over(change);
  const speed = stepSize === undefined ? null : stepSize * topT;
  return {
    cosine: cosine(before, after),
    centredCosine: cosine(centred(before, N), centred(after, N)),
    relativeChange,
    sizeRatio: size0 === 0 && sizeT === 0 ? 1 : over(sizeT),
    largest: [top0, topT],
    shift,
    speed,
    outputBound: eta === undefined ? null : eta * shift,
    status: [
      {
        name: "kernel-stable",
        status:
          relativeChange <= yardsticks.drift.value ? "holds" : relativeChange < 1 ? "doubtful" : "fails",
        value: relativeChange,
        note: `Change of the kernel along the run over its size. Yardstick ${yardsticks.drift.value}: ${yardsticks.drift.source}.`,
      },
      {
        name: "step-size-along-the-run",
        status: speed === null ? "not-checked" : speed <= 1 ? "holds" : speed < 2 ? "doubtful" : "fails",
        value: speed,
        note: `α λ₁ of the kernel where the run has come to. Yardstick: ${yardsticks.speed.source}.`,
      },
    ],
  };
}

export interface LinearisationError {
  /** ‖f_t − f_t^lin‖ / ‖f_t − f_0‖; 0 where both are where they began, Infinity where only the prediction moved. */
  relative: number;
  /** Cosine of the two movements; 1 where both are 0. */
  cosine: number;
  /** Against targets: accuracy before, of the linear prediction and of the real run; null without. */
  accuracy: { before: number; linear: number; real: number } | null;
  accuracyShare: number | null; // linear/real
  gainShare: number | null; // (linear − before)/(real − before); null where the real run gained nothing
  status: Assumption[];
}

/**
 * @param input.before (m × C) f_0, @param input.linear (m × C) predicted at step t, @param input.real (m × C) of the real network there
 * @throws CallError for a wrong shape, DataError for NaN
 */
export function linearisationError(input: {
  before: Float64Array;
  linear: Float64Array;
  real: Float64Array;
  outputs: number;
  targets?: Float64Array;
}): LinearisationError {
  const where = "linearisationError";
  const { before, linear, real, outputs: C, targets } = input;
  requireInteger(where, "outputs", C, 1);
  if (before.length === 0 || before.length % C !== 0) {
    throw new CallError(complaint(where, `outputs of whole texts, ${C} each`, `${before.length} numbers`));
  }
  for (const [name, f] of Object.entries({ before, linear, real, ...(targets ? { targets } : {}) })) {
    requireLength(where, name, f, before.length);
    requireFinite(where, name, f);
  }
  const moved = real.map((value, i) => value - before[i]);
  const predicted = linear.map((value, i) => value - before[i]);
  const apart = norm(moved.map((value, i) => value - predicted[i]));
  const length = norm(moved);
  const relative = length > 0 ? apart / length : apart > 0 ? Number.POSITIVE_INFINITY : 0;
  const middle = targets ? middleOf(targets) : 0;
  const right = (f: Float64Array) => accuracy(f, targets ?? f, C, middle);
  const found = targets ? { before: right(before), linear: right(linear), real: right(real) } : null;
  const accuracyShare = found && found.real > 0 ? found.linear / found.real : null;
  const gain = found ? found.real - found.before : 0;
  const gainShare = found && gain > 0 ? (found.linear - found.before) / gain : null;
  const graded = (share: number | null, least: number): Assumption["status"] =>
    share === null ? "not-checked" : share >= least ? "holds" : "fails";
  return {
    relative,
    cosine: cosine(moved, predicted),
    accuracy: found,
    accuracyShare,
    gainShare,
    status: [
      {
        name: "linearisation-error",
        status: relative <= 0.5 ? "holds" : relative < 1 ? "doubtful" : "fails",
        value: Number.isFinite(relative) ? relative : null,
        note: "Distance between real and predicted outputs over the way the real ones went. At 1 predicting no movement at all would do as well; ½ is a convention.",
      },
      {
        name: "kernel-accuracy",
        status: graded(accuracyShare, yardsticks.accuracyShare.value),
        value: accuracyShare,
        note: `Accuracy of the prediction over that of the run. Yardstick ${yardsticks.accuracyShare.value}: ${yardsticks.accuracyShare.source}.`,
      },
      {
        name: "kernel-gain",
        status: graded(gainShare, yardsticks.gainShare.value),
        value: gainShare,
        note: `Share of the run's gain in accuracy that the prediction has. Yardstick ${yardsticks.gainShare.value}: ${yardsticks.gainShare.source}.`,
      },
    ],
  };
}

export interface FeatureChange {
  /** Mean of ‖J_t − J_0‖/‖J_0‖ over rows; null without `crossed`. */
  distance: number | null;
  /** What norms alone say: the mean lies between these. */
  between: [number, number];
  /** Rows with J_0 = 0, left out. */
  skipped: number;
  status: Assumption[];
}

/**
 * From the diagonals of three kernels on the same rows (a row is one output of one text).
 * @param input.before (N) ‖J_0‖², @param input.after (N) ‖J_t‖², @param input.crossed (N) ⟨J_0, J_t⟩
 * @throws CallError for a wrong shape or no row with J_0 ≠ 0, DataError for NaN
 */
export function featureChange(input: {
  before: Float64Array;
  after: Float64Array;
  crossed?: Float64Array;
}): FeatureChange {
  const where = "featureChange";
  const { before, after, crossed } = input;
  for (const [name, diagonal] of Object.entries({ before, after, ...(crossed ? { crossed } : {}) })) {
    requireLength(where, name, diagonal, before.length);
    requireFinite(where, name, diagonal);
  }
  let [low, high, exact, rows] = [0, 0, 0, 0];
  for (let i = 0; i < before.length; i++) {
    if (!(before[i] > 0)) continue;
    const ratio = Math.sqrt(Math.max(0, after[i]) / before[i]);
    low += Math.abs(ratio - 1);
    high += ratio + 1;
    if (crossed) exact += Math.sqrt(Math.max(0, ratio * ratio - (2 * crossed[i]) / before[i] + 1));
    rows++;
  }
  if (rows === 0) throw new CallError(complaint(where, "a row with a gradient that is not 0", "none"));
  const distance = crossed ? exact / rows : null;
  const between: [number, number] = [low / rows, high / rows];
  const { value: limit, source } = yardsticks.featureDistance;
  const sure = distance ?? (between[0] >= limit ? between[0] : between[1] < limit ? between[1] : null);
  return {
    distance,
    between,
    skipped: before.length - rows,
    status: [
      {
        name: "features-fixed",
        status: sure === null ? "not-checked" : sure < limit ? "holds" : "fails",
        value: sure,
        note: `Mean relative distance of gradients; from norms alone between ${between[0].toPrecision(2)} and ${between[1].toPrecision(2)}. Yardstick ${limit}: ${source}.`,
      },
    ],
  };
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
const norm = (a: Float64Array) => Math.sqrt(dot(a, a));

/** ⟨a, b⟩/(‖a‖‖b‖); 1 where both are 0, 0 where one is. */
function cosine(a: Float64Array, b: Float64Array): number {
  const [x, y] = [norm(a), norm(b)];
  if (x === 0 || y === 0) return x === y ? 1 : 0;
  return Math.min(1, Math.max(-1, dot(a, b) / x / y));
}

/** Θ with its row and column means taken off: the kernel of features whose mean over the texts is 0. */
function centred(theta: Float64Array, N: number): Float64Array {
  const rows = new Float64Array(N);
  const columns = new Float64Array(N);
  let all = 0;
  for (let i = 0; i < N; i++) {
    for (let j = 0; j < N; j++) {
      const part = theta[i * N + j] / N;
      rows[i] += part;
      columns[j] += part;
      all += part / N;
    }
  }
  const out = theta.map((value, at) => value - rows[Math.floor(at / N)] - columns[at % N] + all);
  // what is left of a constant kernel is round-off of it
  return norm(out) <= N * Number.EPSILON * norm(theta) ? out.fill(0) : out;
}

/** Largest |eigenvalue| of the symmetric part. */
function spectralNorm(matrix: Float64Array, N: number): number {
  const symmetric = matrix.map((value, at) => (value + matrix[(at % N) * N + Math.floor(at / N)]) / 2);
  const { values } = eigh(symmetric, N);
  return Math.max(Math.abs(values[0]), Math.abs(values[N - 1]));
}
