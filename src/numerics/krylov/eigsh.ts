/**
 * A few eigenpairs of a large symmetric operator, from either end of its spectrum: thick-restart block Lanczos.
 *
 * blockLanczos.ts grows a basis from `block` random vectors; when it is full it is compressed to the outermost Ritz vectors, the wanted and
 * some more, and grows on (Wu & Simon, SIAM J. Matrix Anal. Appl. 22(2), 2000). When the wanted residuals are within tolerance ‖A‖,
 * missed.ts looks for copies of repeated eigenvalues that the start did not show. If one is missing, the block widens, to the double
 * where there is room, and the work goes on: so multiplicity is found with any block, with one as wide as the multiplicity at once.
 * Cost with j applications and a basis of m rows: j applications, about 8 n m j for orthogonality. Space 8 n (m + 2k + 3 block) bytes,
 * for a matrix 4 n² on top; m = 2k + 40 + 8 block unless `basisSize` says otherwise, whatever the number of steps.
 */
import { CallError, complaint } from "../../errors.ts";
import type { LongOptions } from "../../progress.ts";
import { type RandomStream, randomStream } from "../../random.ts";
import { checkSize } from "../dense/check.ts";
import { type Basis, wasmBasis } from "./basis.ts";
import {
  addRow,
  type BlockLanczos,
  compress,
  grow,
  type Ritz,
  ritzPairs,
  ritzVectors,
  startBlockLanczos,
} from "./blockLanczos.ts";
import { breather } from "./breathe.ts";
import { errorBounds } from "./errorBounds.ts";
import { anyMissed } from "./missed.ts";
import { matrixOperator, type Operator } from "./operator.ts";
import { randomDirection } from "./orthogonalize.ts";
import { outermost, type Side, sidesOf, type Which } from "./wanted.ts";

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
  /** Vectors at a time (1). More for repeated or clustered eigenvalues, or where an operator does several for less than each alone. */
  block?: number;
  /** Rows of the basis at most (2k + 40 + 8 block): more takes fewer applications, and more memory and orthogonalisation. */
  basisSize?: number;
  /**
   * Applications of the operator after which it stops with `converged: false` (10 n, and 1000 at least): where the wanted values crowd, as
   * the smallest of a kernel do, gaps below 1e-5 of the spread take more than that in a restarted basis. A larger basisSize helps.
   */
  maxIterations?: number;
}

export interface Eigsh {
  /** (k) largest first, with multiplicity. */
  values: Float64Array;
  /** (k×n) row i is the unit eigenvector of values[i]. */
  vectors: Float64Array;
  /** (k) ‖A v − λ v‖: that of the recurrence plus what A itself lacks in symmetry. */
  residuals: Float64Array;
  /** (k) |values[i] − λ| is at most this for an eigenvalue λ: see errorBounds.ts. */
  errorBounds: Float64Array;
  /** Whether all k are within the tolerance and known to be the outermost. */
  converged: boolean;
  /** Applications of the operator. */
  iterations: number;
}

/**
 * @param a symmetric matrix (n×n, row-major) with options.n, or an operator
 * @throws CallError for a k, n, block or tolerance that cannot be, DataError for a matrix or operator that is not finite or not symmetric
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
  if (!(a instanceof Float64Array)) return search(newBasis, a, options);
  if (options.n === undefined) {
    throw new CallError(complaint("eigsh", "n, the side of the matrix, among the options", "none"));
  }
  const operator = matrixOperator(a, options.n);
  try {
    return await search(newBasis, operator, options);
  } finally {
    operator.free();
  }
}

async function search(
  newBasis: (n: number) => Basis,
  operator: Operator,
  options: EigshOptions,
): Promise<Eigsh> {
  const n = operator.size;
  const { k, which = "largest", tolerance = 1e-12, block = 1 } = options;
  const { maxIterations = Math.max(1000, 10 * n) } = options;
  checkOptions(n, options, tolerance, block, maxIterations);
  const sides = sidesOf(which, k);
  const random = randomStream(options.seed ?? 0);
  const breathe = breather();
  const basis = newBasis(n);
  const fresh = newBasis(n);
  const run = startBlockLanczos(operator, basis, []);
  let nextLook = 1;
  let converged = 0;
  /** Restarts to go through before the answer is questioned again: new rows need some until what was missing shows. */
  let waiting = 0;
  const pause = async () => {
    await breathe();
    options.signal?.throwIfAborted();
  };
  const report = () =>
    options.onProgress?.({ stage: `Lanczos, step ${run.applications}`, done: converged, total: k });
  try {
    let complete = false;
    widen(run, random, fresh, Math.min(block, n));
    while (run.applications < maxIterations) {
      options.signal?.throwIfAborted();
      await grow(run, fresh);
      fresh.free();
      await pause();
      const m = basis.size;
      if (run.next.length === 0 && m < k) {
        report();
        widen(run, random, fresh, Math.min(block, n - m));
        continue;
      }
      const limit = limitOf(n, k, run.next.length, options.basisSize);
      const crowded = m + run.next.length > limit;
      // A look costs little beside a step, but is not free: every step at first, then after every eighth part.
      if (!crowded && run.next.length > 0 && m < nextLook) continue;
      nextLook = m + Math.max(1, m >> 3);
      if (m < k) {
        report();
        continue;
      }
      const ritz = ritzPairs(run);
      const wanted = outermost(m, sides);
      converged = wanted.filter((i) => ritz.residuals[i] <= tolerance * run.norm).length;
      report();
      // No next rows: the space is invariant and has nothing more to show.
      if (converged < k || run.next.length === 0) waiting = 0;
      if (converged < k || waiting > 0) {
        if (!crowded) continue;
        compress(run, ritz, outermost(m, sides, Math.floor(0.4 * (limit - k))));
        waiting -= 1;
      } else {
        compress(run, ritz, known(ritz, sides, wanted, Math.floor(0.75 * limit) - k));
        const missed = await anyMissed(run, sides, { random, tolerance, maxIterations, pause });
        complete = missed === false;
        if (missed !== true) break;
        const p = run.next.length;
        const rows = Math.max(1, Math.min(p, Math.floor((limit - k) / 3) - p));
        widen(run, random, fresh, Math.min(rows, n - basis.size - p));
        waiting = PATIENCE;
      }
      nextLook = basis.size + 1;
    }
    return answer(run, sides, complete);
  } finally {
    basis.free();
    fresh.free();
  }
}

/** See `waiting`; usually the missing value shows, unconverged, in the first. */
const PATIENCE = 4;

/** Rows of the basis at most, with p rows in the next block: there is always room to restart with k and grow twice. */
function limitOf(n: number, k: number, p: number, basisSize = 2 * k + 40 + 8 * p): number {
  return Math.min(n, Math.max(basisSize, k + 2 * p));
}

/** Random rows join the next block. */
function widen(run: BlockLanczos, random: RandomStream, fresh: Basis, rows: number): void {
  for (const row of run.next) fresh.append(row);
  for (let i = 0; i < rows; i++) {
    const row = randomDirection(random, run.operator.size, run.basis, fresh);
    fresh.append(row);
    addRow(run, row);
  }
  fresh.free();
}

/** The wanted pairs, and of `more` beyond them those so well known that they couple little to the rest: see missed.ts. */
function known(ritz: Ritz, sides: readonly Side[], wanted: readonly number[], more: number): number[] {
  const { values, residuals } = ritz;
  const m = values.length;
  const edges = sides.map(({ sign, count }) => values[sign > 0 ? count - 1 : m - count]);
  return outermost(m, sides, Math.max(0, more)).filter(
    (i) => wanted.includes(i) || edges.every((edge) => residuals[i] <= 0.03 * Math.abs(edge - values[i])),
  );
}

/** The best there is. */
function answer(run: BlockLanczos, sides: readonly Side[], complete: boolean): Eigsh {
  const ritz = ritzPairs(run);
  const indices = outermost(run.basis.size, sides);
  return {
    values: Float64Array.from(indices, (i) => ritz.values[i]),
    vectors: ritzVectors(run, ritz, indices),
    residuals: Float64Array.from(indices, (i) => ritz.residuals[i] + run.dropped),
    errorBounds: errorBounds(run, ritz, sides, indices, complete),
    converged: complete,
    iterations: run.applications,
  };
}

function checkOptions(
  n: number,
  { k, basisSize = n }: EigshOptions,
  tolerance: number,
  block: number,
  maxIterations: number,
): void {
  checkSize("eigsh", "the size of the operator", n);
  if (!Number.isInteger(k) || k < 1 || k > n) {
    throw new CallError(complaint("eigsh", `k to be a whole number from 1 to n = ${n}`, `${k}`));
  }
  if (!(tolerance > 0 && tolerance < 1)) {
    throw new CallError(complaint("eigsh", "a tolerance between 0 and 1, relative to ‖A‖", `${tolerance}`));
  }
  if (!Number.isInteger(block) || block < 1) {
    throw new CallError(complaint("eigsh", "block to be a whole number, 1 or more", `${block}`));
  }
  if (!Number.isInteger(basisSize) || basisSize < k) {
    throw new CallError(
      complaint("eigsh", `basisSize to be a whole number, k = ${k} or more`, `${basisSize}`),
    );
  }
  if (!(maxIterations >= 1)) {
    throw new CallError(complaint("eigsh", "maxIterations of 1 or more", `${maxIterations}`));
  }
}
