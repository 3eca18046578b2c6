/**
 * The noise level σ of one target entry, from data. Every estimate says where it comes from and which way it leans.
 *
 *   crossValidation     √(2·error/C) at the minimum of the cross-validated ½‖f − y‖²: noise and what is not yet learnt; leans high
 *   lateResidual        ‖(I − H)r‖² / tr((I − H)²) once half the directions are fitted, I − H = U S_t Uᵀ
 *   nearestNeighbours   (1/2N) Σ ‖r_i − r_j(i)‖², j(i) nearest in kernel distance Θ_ii + Θ_jj − 2Θ_ij; identical texts are
 *                       repeated labels
 *   replicates          Σ over groups of repeated texts Σ (y − mean)² / (C Σ (size − 1)): needs no model and no kernel
 *   boundedLabels       half the range of the targets: sub-Gaussian whatever the labels do (Hoeffding); an upper bound
 *
 * Standard errors: over folds; 2σ⁴ Σ S⁴/(Σ S²)² and 2σ⁴/degrees of freedom for Gaussian noise; over examples for the neighbours.
 * Source: theory.md §2; the first four and all standard errors [derived], Hoeffding's bound [recalled]; standard errors from σ² by the delta method.
 */
import { CallError, complaint, DataError } from "../errors.ts";
import { requireFinite, requireLength, requireNumber } from "./check.ts";
import { standardError } from "./paired.ts";
import { ruleInput, type SpectrumRuleInput } from "./rules/input.ts";
import { degrees, type RulePath, restLeft } from "./rules/path.ts";
import { firstStep } from "./search.ts";

export interface NoiseEstimate {
  sigma: number;
  source: string;
  /** Which way it leans. */
  note: string;
  /** Of sigma; null where the estimate is a bound or nothing is known of its spread. */
  standardError: number | null;
}

/** Standard error of σ from that of σ². */
const ofRoot = (sigma: number, ofSquare: number) => (sigma > 0 ? ofSquare / (2 * sigma) : 0);

/** @param error cross-validated ½‖f − y‖² per example at its minimum; standardError of that error over folds */
export function crossValidationNoise(input: {
  error: number;
  outputs: number;
  standardError?: number;
}): NoiseEstimate {
  const { error, outputs, standardError } = input;
  requireNumber("crossValidationNoise", "error", error, 0);
  const sigma = Math.sqrt((2 * error) / outputs);
  return {
    sigma,
    standardError: standardError === undefined ? null : ofRoot(sigma, (2 * standardError) / outputs),
    source: "error at the cross-validation minimum",
    note: "Biased upward: it holds what was not learnt as well as the noise.",
  };
}

/** @param path of the residual; the step is the first with tr(I − S_t) ≥ N/2, or the last considered */
export function lateResidualNoise(path: RulePath): NoiseEstimate {
  const { values, energy, filters, maxSteps } = path;
  const N = path.size;
  const step = firstStep((t) => degrees(path, t) >= N / 2, maxSteps) ?? maxSteps;
  let residual = 0;
  let trace = 0;
  let fourth = 0;
  const add = (S2: number, energy: number, count: number) => {
    residual += S2 * energy;
    trace += S2 * count;
    fourth += S2 * S2 * count;
  };
  for (let i = 0; i < values.length; i++) add(filters.residual(values[i], step) ** 2, energy[i], 1);
  if (path.rest) add(restLeft(path, step).value ** 2, path.rest.energy, path.rest.count);
  const sigma = trace === 0 ? 0 : Math.sqrt(residual / trace);
  return {
    sigma,
    standardError: trace === 0 ? 0 : (sigma * Math.sqrt(fourth / 2)) / trace,
    source: `residual left at step ${step}`,
    note: "Biased upward where the target has weight in directions learnt late.",
  };
}

/**
 * The same from a spectrum, all of it or the k largest with the trace (the others are taken as equal).
 * @throws as the rules: CallError for a wrong call, DataError for unfit numbers
 */
export function lateResidualNoiseOf(input: SpectrumRuleInput): NoiseEstimate {
  return lateResidualNoise(ruleInput("lateResidualNoiseOf", input));
}

/** @param kernel (N × N) Θ, N = n·C; residual (N) Y − f₀(X). Cost: n²C. */
export function nearestNeighbourNoise(input: {
  kernel: Float64Array;
  n: number;
  outputs: number;
  residual: Float64Array;
}): NoiseEstimate {
  const where = "nearestNeighbourNoise";
  const { kernel, n, outputs: C, residual } = input;
  const N = n * C;
  requireLength(where, "the kernel", kernel, N * N);
  requireLength(where, "the residual", residual, N);
  if (n < 2) throw new CallError(complaint(where, "at least 2 examples", String(n)));
  const halves = new Float64Array(n); // (1/2C) ‖r_i − r_j(i)‖²
  for (let i = 0; i < n; i++) {
    let nearest = -1;
    let least = Number.POSITIVE_INFINITY;
    for (let j = 0; j < n; j++) {
      if (j === i) continue;
      let distance = 0;
      for (let c = 0; c < C; c++) {
        const a = i * C + c;
        const b = j * C + c;
        distance += kernel[a * N + a] + kernel[b * N + b] - 2 * kernel[a * N + b];
      }
      if (distance < least) {
        least = distance;
        nearest = j;
      }
    }
    for (let c = 0; c < C; c++) {
      halves[i] += (residual[i * C + c] - residual[nearest * C + c]) ** 2 / (2 * C);
    }
  }
  const sigma = Math.sqrt(halves.reduce((sum, half) => sum + half, 0) / n);
  return {
    sigma,
    standardError: ofRoot(sigma, standardError(halves)),
    source: "differences between nearest neighbours in kernel distance",
    note: "Biased upward by how much the target differs between neighbours.",
  };
}

/**
 * Repeated texts: what their labels differ by is noise and nothing else.
 * @param groups (n) equal for examples with the same text; targets (n × C)
 * @throws DataError where no text is repeated
 */
export function replicateNoise(input: {
  groups: ArrayLike<number>;
  targets: Float64Array;
  outputs: number;
}): NoiseEstimate {
  const where = "replicateNoise";
  const { groups, targets, outputs: C } = input;
  requireLength(where, "targets", targets, groups.length * C);
  requireFinite(where, "targets", targets);
  const members = new Map<number, number[]>();
  for (let i = 0; i < groups.length; i++) {
    members.set(groups[i], [...(members.get(groups[i]) ?? []), i]);
  }
  let sum = 0;
  let free = 0;
  for (const group of members.values()) {
    free += C * (group.length - 1);
    for (let c = 0; c < C; c++) {
      const centre = group.reduce((total, i) => total + targets[i * C + c], 0) / group.length;
      for (const i of group) sum += (targets[i * C + c] - centre) ** 2;
    }
  }
  if (free === 0) {
    throw new DataError(
      complaint(where, "texts that occur more than once", "none", "nearestNeighbourNoise: similar texts"),
    );
  }
  const sigma = Math.sqrt(sum / free);
  return {
    sigma,
    standardError: sigma / Math.sqrt(2 * free),
    source: `labels of repeated texts, ${free} degrees of freedom`,
    note: "Unbiased for σ² where repeated texts are labelled independently.",
  };
}

export function boundedLabelNoise(targets: ArrayLike<number>): NoiseEstimate {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < targets.length; i++) {
    low = Math.min(low, targets[i]);
    high = Math.max(high, targets[i]);
  }
  return {
    sigma: targets.length === 0 ? 0 : (high - low) / 2,
    standardError: null,
    source: `labels between ${low} and ${high}`,
    note: "An upper bound for any label noise in that range.",
  };
}
