/**
 * A = U diag(σ) V, thin: QR, columns in the order of their lengths, then one-sided Jacobi on the rows of R: J R = diag(σ) V, U = Q Jᵀ.
 * Every σ above 2⁻⁴⁰⁰ σ₁ is right relative to itself as far as A determines it: errors are small multiples of n ε κ(B) σ with A = B D, D
 * diagonal (Demmel & Veselić, SIMAX 13(4), 1992). Cost 4 m n² + about 40 n³: for n up to some hundreds.
 */
import { randomStream } from "../../random.ts";
import { kernels } from "../wasm/load.ts";
import { checkFinite, checkSize, largestEntry, powerScale } from "./check.ts";
import { type QrSolver, qrBy, wasmQr } from "./qr.ts";
import { copyRows, workingStride } from "./stride.ts";

export interface Svd {
  /** (m × k), k = min(m, n): column i is the left singular vector of values[i]. */
  u: Float64Array;
  /** (k), largest first. */
  values: Float64Array;
  /** (k × n): row i is the right singular vector of values[i]. */
  v: Float64Array;
}

/** Rotates the n rows of x (n × width) until they are orthogonal in their first `length` entries, in place. */
export type JacobiRows = (x: Float64Array, n: number, length: number, width: number) => void;

export interface SvdParts {
  qr: QrSolver;
  jacobi: JacobiRows;
}

/** Rows shorter than this, relative to A, have no direction of their own: squares below 2⁻⁸⁰⁰ vanish. */
const NEGLIGIBLE = 2 ** -400;

/**
 * Singular values and vectors of a (m×n, row-major), which is left alone; any m and n. Rank-deficient A as well: U and V are whole
 * orthonormal sets. Working space 16 m n + 40 k² bytes and that of `qr`.
 * @throws DataError for NaN or infinity, by row and column. @throws CallError for a wrong length or side.
 */
export function svd(a: Float64Array, { m, n }: { m: number; n: number }): Svd {
  return svdBy({ qr: wasmQr, jacobi: wasmJacobi }, a, m, n);
}

/** `svd` by given implementations of its parts: what the tests run over both. */
export function svdBy(parts: SvdParts, a: Float64Array, m: number, n: number): Svd {
  checkSize("svd", "m", m);
  checkSize("svd", "n", n);
  checkFinite("svd", "a", a, m, n);
  if (m < n) {
    const { u, values, v } = svdBy(parts, transpose(a, m, n), n, m);
    return { u: transpose(v, m, m), values, v: transpose(u, n, m) };
  }
  const scale = powerScale(largestEntry(a));
  const order = byLength(a, n, scale);
  const sorted = a.map((_, at) => a[at - (at % n) + order[at % n]] * scale);
  const { q, r } = qrBy(parts.qr, sorted, m, n);

  const x = new Float64Array(2 * n * n); // [R | I]
  copyRows(r, n, x, 2 * n, n);
  for (let i = 0; i < n; i++) x[2 * n * i + n + i] = 1;
  parts.jacobi(x, n, n, 2 * n);

  const lengths = Float64Array.from({ length: n }, (_, i) => lengthOf(x.subarray(2 * n * i, 2 * n * i + n)));
  const ranks = Array.from(lengths.keys()).sort((i, j) => lengths[j] - lengths[i]);
  const v = new Float64Array(n * n);
  const j = new Float64Array(n * n);
  ranks.forEach((from, i) => {
    for (let c = 0; c < n; c++) v[i * n + order[c]] = x[2 * n * from + c] / (lengths[from] || 1);
    j.set(x.subarray(2 * n * from + n, 2 * n * (from + 1)), i * n);
  });
  complete(v, n, lengths.filter((length) => length > NEGLIGIBLE).length);
  return {
    u: multiplyTransposed(q, j, m, n),
    values: Float64Array.from(ranks, (i) => lengths[i] / scale),
    v,
  };
}

/** Columns of a by descending length. */
function byLength(a: Float64Array, n: number, scale: number): number[] {
  const squares = new Float64Array(n);
  for (let at = 0; at < a.length; at++) squares[at % n] += (a[at] * scale) ** 2;
  return Array.from(squares.keys()).sort((i, j) => squares[j] - squares[i]);
}

function lengthOf(row: Float64Array): number {
  const largest = largestEntry(row);
  if (largest === 0) return 0;
  let sum = 0;
  for (const value of row) sum += (value / largest) ** 2;
  return largest * Math.sqrt(sum);
}

/** Rows `known` … n − 1 of v (n×n) ← any that make it orthonormal: random directions, what the rows before have of them taken away, twice. */
function complete(v: Float64Array, n: number, known: number): void {
  const random = randomStream(n);
  for (let i = known; i < n; i++) {
    const row = v.subarray(i * n, i * n + n);
    // What is left of a random direction is of length √((n − i)/n) or so: far from nothing.
    for (let c = 0; c < n; c++) row[c] = random.gaussian();
    for (let pass = 0; pass < 2; pass++) {
      for (let k = 0; k < i; k++) {
        let inner = 0;
        for (let c = 0; c < n; c++) inner += v[k * n + c] * row[c];
        for (let c = 0; c < n; c++) row[c] -= inner * v[k * n + c];
      }
      const length = lengthOf(row);
      for (let c = 0; c < n; c++) row[c] /= length;
    }
  }
}

/** Q Jᵀ for q (m×n), j (n×n). */
function multiplyTransposed(q: Float64Array, j: Float64Array, m: number, n: number): Float64Array {
  const { exports, arena } = kernels();
  const sizes = [8 * m * n, 8 * n * n, 8 * m * n, exports.productWorkspace()] as const;
  return arena.withScratch(sizes, (qAt, jAt, out, workspace) => {
    arena.f64(qAt, m * n).set(q);
    arena.f64(jAt, n * n).set(j);
    exports.gemmF64(m, n, n, 1, qAt, n, 0, jAt, n, 1, 0, out, n, 0, workspace);
    return arena.f64(out, m * n).slice();
  });
}

function transpose(a: Float64Array, m: number, n: number): Float64Array {
  const out = new Float64Array(m * n);
  for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) out[j * m + i] = a[i * n + j];
  return out;
}

export const wasmJacobi: JacobiRows = (x, n, length, width) => {
  const { exports, arena } = kernels();
  const stride = workingStride(width);
  arena.withScratch([8 * n * stride, 8 * n], (at, squares) => {
    const rows = arena.f64(at, n * stride);
    for (let i = 0; i < n; i++) rows.set(x.subarray(i * width, (i + 1) * width), i * stride);
    if (n > 1 && !exports.jacobiRows64(at, n, stride, length, width, squares)) {
      throw new Error(`one-sided Jacobi did not converge (n = ${n})`);
    }
    for (let i = 0; i < n; i++) x.set(rows.subarray(i * stride, i * stride + width), i * width);
  });
};
