/**
 * Minibatch gradient descent on the squared loss, exactly: mean and variance of the outputs over the draws of the batches.
 * Each step draws b of the n examples afresh and moves c ← c + (α/n) Z e, e = r − Θc, Z = (n/b) diag(how often each was drawn):
 *
 *   E e_t = (I − αK̂)ᵗ r                                    the full-batch path, as E Z = I
 *   Cov c ← (I − αK̂) Cov c (I − αK̂) + (α/n)² [ κ n ⊟(M) − κ M ],   M = E e eᵀ = Θ Cov c Θ + E e E eᵀ
 *   κ = 1/b with replacement,   (n − b)/(b(n − 1)) without
 *
 * ⊟ keeps the blocks of one example with itself (the diagonal, with one output). Cov f(x) = Θ(x, X) Cov c Θ(X, x), and the mean
 * loss is tr M/2n. Drawing without replacement is within a batch. Batches that cut one shuffle of the examples a pass depend on
 * each other: their mean is near the path's (up to 2 % off in docs/dynamics.md's figures), their variance smaller.
 * Source: theory.md §1 (each minibatch step adds α to the clock) [derived]. Cost: two products of N³ a step; N² memory.
 */
import { CallError, complaint } from "../errors.ts";
import { matmul } from "../numerics/index.ts";
import type { LongOptions } from "../progress.ts";
import { requireFinite, requireInteger, requireLength, requireNumber } from "./check.ts";
import { applyRows, expand, project, projectRows } from "./eigenbasis.ts";
import { type CrossInput, type PathInput, pathSpectrum } from "./path.ts";

export interface MinibatchInput extends PathInput, LongOptions {
  stepSize: number; // α > 0
  batchSize: number; // b in 1 … n, with replacement any b ≥ 1
  /** Whether one example may be drawn twice into a batch; default false. */
  replacement?: boolean;
  /** Steps to report, rising. */
  steps: readonly number[];
  test?: CrossInput;
}

export interface MinibatchMoments {
  step: number[];
  /** E (1/2n)‖Y − f_t(X)‖². */
  loss: number[];
  /** (N) E[Y − f_t(X)] and Var f_t(X) at each step. */
  residual: Float64Array[];
  variance: Float64Array[];
  /** (M) E f_t(x) and Var f_t(x) at each step. */
  test: { mean: Float64Array; variance: Float64Array }[] | null;
}

/**
 * @throws CallError for a wrong shape or option, and where the moments overflow (in mean square, minibatches need smaller steps than
 * the full batch), DataError for NaN in the data
 */
export async function minibatchMoments(input: MinibatchInput): Promise<MinibatchMoments> {
  const where = "minibatchMoments";
  const {
    n,
    residual: r,
    stepSize,
    batchSize: b,
    replacement = false,
    steps,
    test,
    signal,
    onProgress,
  } = input;
  const { values: given, vectors: V } = await pathSpectrum(where, input);
  requireNumber(where, "stepSize", stepSize, 0, true);
  requireInteger(where, "batchSize", b, 1);
  if (!replacement && b > n) {
    throw new CallError(complaint(where, `a batchSize of at most n = ${n}`, String(b), "replacement"));
  }
  const N = r.length;
  const C = N / n;
  const lambda = given.map((value) => Math.max(0, value));
  const kappa = replacement ? 1 / b : n === 1 ? 0 : (n - b) / (b * (n - 1));
  let rows: Float64Array | undefined;
  if (test) {
    requireLength(where, "the cross kernel", test.cross, test.f0.length * N);
    requireFinite(where, "the cross kernel", test.cross);
    rows = projectRows(test.cross, V, N);
  }

  const rho = project(V, r);
  const mean = Float64Array.from(rho); // Uᵀ E e
  const learnt = new Float64Array(N); // Uᵀ E c
  let P: Float64Array = new Float64Array(N * N); // Uᵀ Cov c U
  const found: MinibatchMoments = {
    step: [...steps],
    loss: [],
    residual: [],
    variance: [],
    test: test ? [] : null,
  };
  const report = () => {
    found.loss.push(meanLoss(lambda, mean, P, n));
    found.residual.push(expand(V, mean));
    // Θ U = n U diag λ
    const own = V.map((value, at) => value * n * lambda[Math.floor(at / N)]);
    found.variance.push(spread(own, P, N, true));
    if (test && rows) {
      found.test?.push({ mean: applyRows(rows, learnt, test.f0), variance: spread(rows, P, N, false) });
    }
  };
  let t = 0;
  const last = steps.at(-1) ?? 0;
  for (const step of steps) {
    requireInteger(where, "a step", step, 0);
    if (step < t) throw new CallError(complaint(where, "steps in rising order", `${step} after ${t}`));
    for (; t < step; t++) {
      if (t % 20 === 0) {
        onProgress?.({ stage: "minibatch moments", done: t, total: last });
        await new Promise<void>((resolve) => setTimeout(resolve, 0));
        signal?.throwIfAborted();
      }
      P = nextCovariance(P, { V, lambda, mean, n, C, stepSize, kappa });
      for (let i = 0; i < N; i++) {
        learnt[i] += (stepSize / n) * mean[i];
        mean[i] *= 1 - stepSize * lambda[i];
      }
      if (!Number.isFinite(meanLoss(lambda, mean, P, n))) {
        throw new CallError(
          complaint(
            where,
            "moments within the range of numbers",
            `overflow at step ${t + 1}`,
            "a smaller stepSize or larger batches",
          ),
        );
      }
    }
    report();
  }
  return found;
}

/** tr M/2n. */
function meanLoss(lambda: Float64Array, mean: Float64Array, P: Float64Array, n: number): number {
  const N = mean.length;
  let sum = 0;
  for (let i = 0; i < N; i++) sum += mean[i] ** 2 + (n * lambda[i]) ** 2 * Math.max(0, P[i * N + i]);
  return sum / (2 * n);
}

/** Variances g P gᵀ for each row g of G (M × N), or for each column of G (N × M) where `columns`. */
function spread(G: Float64Array, P: Float64Array, N: number, columns: boolean): Float64Array {
  const M = G.length / N;
  const moved = matmul(G, P, { m: M, k: N, n: N, transposeA: columns });
  return Float64Array.from({ length: M }, (_, m) => {
    let sum = 0;
    for (let i = 0; i < N; i++) sum += moved[m * N + i] * G[columns ? i * M + m : m * N + i];
    return Math.max(0, sum);
  });
}

/** One step of the covariance of the header, in the eigenbasis. */
function nextCovariance(
  P: Float64Array,
  of: {
    V: Float64Array;
    lambda: Float64Array;
    mean: Float64Array;
    n: number;
    C: number;
    stepSize: number;
    kappa: number;
  },
): Float64Array {
  const { V, lambda, mean, n, C, stepSize, kappa } = of;
  const N = mean.length;
  const M = new Float64Array(N * N);
  for (let i = 0, at = 0; i < N; i++) {
    for (let j = 0; j < N; j++, at++) M[at] = n * n * lambda[i] * lambda[j] * P[at] + mean[i] * mean[j];
  }
  const W = matmul(M, V, { m: N, k: N, n: N });
  // ⊟(Vᵀ M V) Vᵀ, row by row of the examples' entries
  const R = new Float64Array(N * N);
  for (let a = 0; a < N; a++) {
    const block = a - (a % C);
    for (let other = block; other < block + C; other++) {
      let entry = 0;
      for (let i = 0; i < N; i++) entry += V[i * N + a] * W[i * N + other];
      for (let i = 0; i < N; i++) R[a * N + i] += entry * V[i * N + other];
    }
  }
  const Q = matmul(V, R, { m: N, k: N, n: N });
  const noise = kappa * (stepSize / n) ** 2;
  const out = new Float64Array(N * N);
  for (let i = 0, at = 0; i < N; i++) {
    for (let j = 0; j < N; j++, at++) {
      const kept = (1 - stepSize * lambda[i]) * (1 - stepSize * lambda[j]) * P[at];
      out[at] = kept + noise * (n * Q[at] - M[at]);
    }
  }
  return out;
}
