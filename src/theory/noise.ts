/**
 * The noise level σ of one target entry, from data. Every estimate says where it comes from and which way it leans.
 *
 *   crossValidation     √(2·error/C) at the minimum of the cross-validated ½‖f − y‖²: noise and what is not yet learnt; leans high
 *   lateResidual        ‖(I − H)r‖² / tr((I − H)²) once half the directions are fitted, I − H = U S_t Uᵀ
 *   nearestNeighbours   (1/2N) Σ ‖r_i − r_j(i)‖², j(i) nearest in kernel distance Θ_ii + Θ_jj − 2Θ_ij; identical texts are
 *                       repeated labels
 *   boundedLabels       half the range of the targets: sub-Gaussian whatever the labels do (Hoeffding); an upper bound
 *
 * Source: theory.md §2.
 */
import { CallError, complaint } from "../errors.ts";
import { requireLength, requireNumber } from "./check.ts";
import { degrees, type RulePath } from "./rules/path.ts";
import { firstStep } from "./search.ts";

export interface NoiseEstimate {
  sigma: number;
  source: string;
  /** Which way it leans. */
  note: string;
}

/** @param error cross-validated ½‖f − y‖² per example at its minimum */
export function crossValidationNoise({ error, outputs }: { error: number; outputs: number }): NoiseEstimate {
  requireNumber("crossValidationNoise", "error", error, 0);
  return {
    sigma: Math.sqrt((2 * error) / outputs),
    source: "error at the cross-validation minimum",
    note: "Biased upward: it holds what was not learnt as well as the noise.",
  };
}

/** @param path of the residual; the step is the first with tr(I − S_t) ≥ N/2, or the last considered */
export function lateResidualNoise(path: RulePath): NoiseEstimate {
  const { values, energy, filters, maxSteps } = path;
  const N = values.length;
  const step = firstStep((t) => degrees(path, t) >= N / 2, maxSteps) ?? maxSteps;
  let residual = 0;
  let trace = 0;
  for (let i = 0; i < N; i++) {
    const S2 = filters.residual(values[i], step) ** 2;
    residual += S2 * energy[i];
    trace += S2;
  }
  return {
    sigma: trace === 0 ? 0 : Math.sqrt(residual / trace),
    source: `residual left at step ${step}`,
    note: "Biased upward where the target has weight in directions learnt late.",
  };
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
  let sum = 0;
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
    for (let c = 0; c < C; c++) sum += (residual[i * C + c] - residual[nearest * C + c]) ** 2;
  }
  return {
    sigma: Math.sqrt(sum / (2 * N)),
    source: "differences between nearest neighbours in kernel distance",
    note: "Biased upward by how much the target differs between neighbours.",
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
    source: `labels between ${low} and ${high}`,
    note: "An upper bound for any label noise in that range.",
  };
}
