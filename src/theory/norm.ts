/**
 * The RKHS norm B of what is left to learn, B² = gᵀΘ⁺g, from data.
 *
 *   plugInNorm        ‖ridge fit‖²_H = (1/n) Σ ρ_i² λ_i/(λ_i + μ)² at a small penalty μ: the noise it fits counts as norm; leans high
 *   crossFittedNorm   ⟨ĝ_A, ĝ_B⟩_H = c_Aᵀ Θ_AB c_B of ridge fits on two halves: their noises are independent, so noise adds nothing
 *                     on average; leans low by what the ridge shrinks. Mean over random halves.
 *
 * Source: theory.md §2; which way each leans [derived]. Cost: N per plug-in; two eigendecompositions of N/2 per split.
 */
import { CallError, complaint } from "../errors.ts";
import { randomStream } from "../random.ts";
import { requireLength, requireNumber } from "./check.ts";
import { decompose, expand, project } from "./eigenbasis.ts";
import { pick, submatrix } from "./foldPath.ts";
import { assignFolds } from "./folds.ts";
import { standardError } from "./paired.ts";

export interface NormEstimate {
  norm: number;
  source: string;
  /** Which way it leans. */
  note: string;
  /** Of norm: over splits; for the plug-in, of the noise in it, where σ is given. Null otherwise. */
  standardError: number | null;
}

/** Penalty of the plug-in where none is given, as a share of the mean eigenvalue. */
const SMALL_RIDGE = 1e-3;

/**
 * @param values (N) of Θ/n
 * @param coefficients (N) u_iᵀ r
 * @param penalty μ > 0 in the units of Θ/n; default a thousandth of the mean eigenvalue
 */
export function plugInNorm(input: {
  values: Float64Array;
  coefficients: Float64Array;
  n: number;
  penalty?: number;
  /** σ of one target entry, for the standard error: Var B² = Σ w²(4σ²g² + 2σ⁴), w = λ/(n(λ + μ)²), g² ≈ ρ² − σ² [derived]. */
  sigma?: number;
}): NormEstimate {
  const where = "plugInNorm";
  const { values, coefficients, n } = input;
  requireLength(where, "coefficients", coefficients, values.length);
  const trace = values.reduce((sum, value) => sum + Math.max(0, value), 0);
  const penalty = input.penalty ?? (SMALL_RIDGE * trace) / values.length;
  requireNumber(where, "penalty", penalty, 0, true);
  let sum = 0;
  let variance = 0;
  const noise = (input.sigma ?? 0) ** 2;
  for (let i = 0; i < values.length; i++) {
    const lambda = Math.max(0, values[i]);
    sum += (coefficients[i] ** 2 * lambda) / (lambda + penalty) ** 2;
    const weight = lambda / (lambda + penalty) ** 2 / n;
    variance += weight ** 2 * noise * (4 * Math.max(0, coefficients[i] ** 2 - noise) + 2 * noise);
  }
  const norm = Math.sqrt(sum / n);
  return {
    norm,
    standardError: input.sigma === undefined ? null : norm > 0 ? Math.sqrt(variance) / (2 * norm) : 0,
    source: `norm of the ridge fit at penalty ${penalty.toPrecision(3)}`,
    note: "Biased upward by the noise it fits.",
  };
}

export interface CrossFittedNormInput {
  kernel: Float64Array; // (N × N) Θ
  n: number;
  outputs: number;
  residual: Float64Array; // (N)
  /** μ > 0 in the units of Θ/n. */
  penalty: number;
  labels?: ArrayLike<number>;
  seed: number;
  splits?: number; // default 3
  signal?: AbortSignal;
}

/** `norm` is 0 where the mean product is not above 0: the halves agree on nothing. */
export async function crossFittedNorm(input: CrossFittedNormInput): Promise<NormEstimate> {
  const where = "crossFittedNorm";
  const { kernel, n, outputs: C, residual, penalty, splits = 3 } = input;
  const N = n * C;
  requireLength(where, "the kernel", kernel, N * N);
  requireLength(where, "the residual", residual, N);
  requireNumber(where, "penalty", penalty, 0, true);
  if (n < 2) throw new CallError(complaint(where, "at least 2 examples", String(n)));
  const random = randomStream(input.seed);
  const squares: number[] = []; // ⟨ĝ_A, ĝ_B⟩_H of each split
  for (let split = 0; split < splits; split++) {
    const half = assignFolds(n, 2, random.integer(2 ** 31), input.labels);
    const fits = [];
    for (const side of [0, 1]) {
      input.signal?.throwIfAborted();
      const rows = Int32Array.from({ length: N }, (_, i) => i).filter(
        (i) => half[Math.floor(i / C)] === side,
      );
      const size = rows.length / C;
      const { values, vectors } = await decompose(submatrix(kernel, N, rows, rows), size);
      const rho = project(vectors, pick(residual, rows));
      // (Θ + n_side μ I)⁻¹ r
      const c = expand(
        vectors,
        rho.map((value, i) => value / (size * (Math.max(0, values[i]) + penalty))),
      );
      fits.push({ rows, c });
    }
    const [A, B] = fits;
    let total = 0;
    for (let i = 0; i < A.rows.length; i++) {
      for (let j = 0; j < B.rows.length; j++) {
        total += A.c[i] * kernel[A.rows[i] * N + B.rows[j]] * B.c[j];
      }
    }
    squares.push(total);
  }
  const norm = Math.sqrt(Math.max(0, squares.reduce((sum, square) => sum + square, 0) / splits));
  return {
    norm,
    standardError: splits > 1 && norm > 0 ? standardError(squares) / (2 * norm) : null,
    source: `product of ridge fits on two halves, mean over ${splits} splits, penalty ${penalty.toPrecision(3)}`,
    note: "Noise adds nothing on average; biased downward by what the ridge shrinks.",
  };
}
