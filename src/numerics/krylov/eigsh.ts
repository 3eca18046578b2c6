/**
 * A few eigenpairs of a large symmetric operator, from either end of its spectrum: Lanczos in passes.
 *
 * A pass grows one Krylov space from a random vector until the wanted Ritz pairs have converged, |β s_j| ≤ tolerance ‖A‖, or the space
 * is invariant, and locks them. But one starting vector shows one vector of each eigenspace, whatever its multiplicity. So the
 * next pass starts from a random vector orthogonal to all that is locked and stays there: what it finds at the end of the spectrum is either
 * new, and joins, or not better than the k already locked, and then the k are complete. An eigenvalue of multiplicity m takes m passes.
 * The last pass only confirms; it stops at √tolerance ‖A‖.
 * Cost with j steps in all: j applications and 4 n j² for orthogonality; memory n × the steps of the longest pass.
 */
import { CallError, complaint } from "../../errors.ts";
import type { LongOptions } from "../../progress.ts";
import { randomStream } from "../../random.ts";
import { checkSize } from "../dense/check.ts";
import { eighTridiagonal } from "../dense/eighTridiagonal.ts";
import { type Basis, wasmBasis } from "./basis.ts";
import { breather } from "./breathe.ts";
import { type Lanczos, lanczosStep, randomDirection, startLanczos } from "./lanczos.ts";
import { matrixOperator, type Operator } from "./operator.ts";
import { type Accepted, accept, choose, type Side, sidesOf, type Which } from "./wanted.ts";

export interface EigshOptions extends LongOptions {
  /** Side of the matrix; only for a matrix. */
  n?: number;
  /** Eigenpairs wanted, 1 … n. */
  k: number;
  /** By signed value. `both`: ⌈k/2⌉ of the largest and ⌊k/2⌋ of the smallest. */
  which?: Which;
  /** A pair has converged when ‖A v − λ v‖ ≤ tolerance ‖A‖ (1e-12). */
  tolerance?: number;
  /** Of the starting vectors (0): same seed, same numbers. */
  seed?: number;
  /** Applications of the operator at most; reaching it gives `converged: false`. Without it the space grows until all is found. */
  maxIterations?: number;
}

export interface Eigsh {
  /** (k) largest first, with multiplicity. */
  values: Float64Array;
  /** (k×n) row i is the unit eigenvector of values[i]. */
  vectors: Float64Array;
  /** (k) ‖A v − λ v‖: |β s_j| of the recurrence plus what A itself lacks in symmetry. */
  residuals: Float64Array;
  /** Whether all k are within the tolerance and known to be the outermost. */
  converged: boolean;
  /** Applications of the operator. */
  iterations: number;
}

/**
 * @param a symmetric matrix (n×n, row-major) with options.n, or an operator
 * @throws CallError for a k, n or tolerance that cannot be, DataError for a matrix or operator that is not finite or not symmetric
 */
export async function eigsh(a: Float64Array | Operator, options: EigshOptions): Promise<Eigsh> {
  return eigshBy(wasmBasis, a, options);
}

/** `eigsh` over a given basis: what the tests run over both implementations. */
export async function eigshBy(
  newBasis: (n: number) => Basis,
  a: Float64Array | Operator,
  options: EigshOptions,
): Promise<Eigsh> {
  const operator = operatorOf(a, options.n);
  const n = operator.size;
  const { k, which = "largest", tolerance = 1e-12, maxIterations = Number.POSITIVE_INFINITY } = options;
  checkOptions(n, k, tolerance, maxIterations);
  const sides = sidesOf(which, k);
  const random = randomStream(options.seed ?? 0);
  const breathe = breather();
  const locked = newBasis(n);
  const found: Pair[] = [];
  let iterations = 0;
  let complete = false;
  let norm = 0;
  try {
    while (!complete && iterations < maxIterations) {
      const basis = newBasis(n);
      try {
        const run = startLanczos(operator, basis, randomDirection(random, n, locked), locked, norm);
        let accepted: Accepted = { indices: [], settled: false };
        let nextLook = 1;
        while (run.next && !accepted.settled && iterations < maxIterations) {
          options.signal?.throwIfAborted();
          await lanczosStep(run);
          iterations += 1;
          await breathe();
          // A look costs little beside a step, but is not free: every step at first, then after every thirtieth part.
          if (run.next && basis.size < nextLook) continue;
          nextLook = basis.size + Math.max(1, basis.size >> 5);
          accepted = look(run, sides, found, k, tolerance);
          const done = Math.min(k, found.length + accepted.indices.length);
          options.onProgress?.({ stage: `Lanczos, step ${iterations}`, done, total: k });
        }
        norm = run.norm;
        const ended = accepted.settled || !run.next;
        const full = !run.next && basis.size + locked.size === n;
        lock(run, ended ? accepted.indices : outermost(basis.size, sides), found);
        complete = ended && (full || (found.length >= k && accepted.indices.length === 0));
      } finally {
        basis.free();
      }
    }
  } finally {
    locked.free();
  }
  const chosen = choose(
    found.map((pair) => pair.value),
    sides,
  ).map((i) => found[i]);
  const vectors = new Float64Array(chosen.length * n);
  chosen.forEach((pair, i) => {
    vectors.set(pair.vector, i * n);
  });
  return {
    values: Float64Array.from(chosen, (pair) => pair.value),
    vectors,
    residuals: Float64Array.from(chosen, (pair) => pair.residual),
    converged: complete,
    iterations,
  };
}

interface Pair {
  value: number;
  vector: Float64Array; // (n)
  residual: number;
}

/** What the pass has to give now. */
function look(
  run: Lanczos,
  sides: readonly Side[],
  found: readonly Pair[],
  k: number,
  tolerance: number,
): Accepted {
  const { values, vectors } = eighTridiagonal(run.alpha, run.beta, "last");
  const beta = run.beta[run.beta.length - 1];
  const residuals = vectors.map((last) => Math.abs(beta * last));
  const known = found.map((pair) => pair.value);
  return accept(
    { values, residuals },
    sides,
    known,
    k,
    tolerance * run.norm,
    Math.sqrt(tolerance) * run.norm,
  );
}

/** The best there is when applications run out. */
function outermost(m: number, sides: readonly Side[]): number[] {
  const indices = sides.flatMap(({ sign, count }) =>
    Array.from({ length: Math.min(count, m) }, (_, i) => (sign > 0 ? i : m - 1 - i)),
  );
  return [...new Set(indices)];
}

/** Ritz vectors s Q of the given pairs of T join the locked rows. */
function lock(run: Lanczos, indices: readonly number[], found: Pair[]): void {
  const { operator, basis, locked, alpha, beta } = run;
  if (indices.length === 0) return;
  const m = basis.size;
  const n = operator.size;
  const t = eighTridiagonal(alpha, beta, "all");
  const coefficients = new Float64Array(indices.length * m);
  indices.forEach((index, i) => {
    coefficients.set(t.vectors.subarray(index * m, index * m + m), i * m);
  });
  const vectors = basis.combine(coefficients, indices.length);
  indices.forEach((index, i) => {
    const vector = vectors.slice(i * n, i * n + n);
    locked?.append(vector);
    const residual = Math.abs(beta[m - 1] * t.vectors[index * m + m - 1]) + run.dropped;
    found.push({ value: t.values[index], vector, residual });
  });
}

function operatorOf(a: Float64Array | Operator, n: number | undefined): Operator {
  if (!(a instanceof Float64Array)) return a;
  if (n === undefined) {
    throw new CallError(complaint("eigsh", "n, the side of the matrix, among the options", "none"));
  }
  return matrixOperator(a, n);
}

function checkOptions(n: number, k: number, tolerance: number, maxIterations: number): void {
  checkSize("eigsh", "the size of the operator", n);
  if (!Number.isInteger(k) || k < 1 || k > n) {
    throw new CallError(complaint("eigsh", `k to be a whole number from 1 to n = ${n}`, `${k}`));
  }
  if (!(tolerance > 0 && tolerance < 1)) {
    throw new CallError(complaint("eigsh", "a tolerance between 0 and 1, relative to ‖A‖", `${tolerance}`));
  }
  if (!(maxIterations >= 1)) {
    throw new CallError(complaint("eigsh", "maxIterations of 1 or more", `${maxIterations}`));
  }
}
