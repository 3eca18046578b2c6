/**
 * A = Q R, thin, by Householder reflections in blocks (reflectors.ts). Backward stable column by column: each is first scaled by a power
 * of two, which rounds nothing. Cost 4 m n² − (4/3) n³ for Q and R with m ≥ n.
 */
import { kernels } from "../wasm/load.ts";
import { checkFinite, checkSize, powerScale } from "./check.ts";
import { applyBlock, type BlockRoom, withBlockRoom } from "./reflectors.ts";
import { workingStride } from "./stride.ts";

export interface Qr {
  /** (m × k), k = min(m, n): orthonormal columns. */
  q: Float64Array;
  /** (k × n): upper triangle, the diagonal 0 or more. */
  r: Float64Array;
}

/** Q (m×k) and R (k×n) of a (m×n) of columns of size about 1, whatever the signs on the diagonal. */
export type QrSolver = (a: Float64Array, m: number, n: number) => Qr;

/** Reflectors a block. */
const BLOCK = 32;

/**
 * Q and R of a (m×n, row-major), which is left alone; any m and n. R is unique where A has full column rank.
 * Working space 16 n m + 800 (m + n) bytes and the panels of a product.
 * @throws DataError for NaN or infinity, by row and column. @throws CallError for a wrong length or side.
 */
export function qr(a: Float64Array, { m, n }: { m: number; n: number }): Qr {
  return qrBy(wasmQr, a, m, n);
}

/** `qr` by a given implementation: what the tests run over both. */
export function qrBy(implementation: QrSolver, a: Float64Array, m: number, n: number): Qr {
  checkSize("qr", "m", m);
  checkSize("qr", "n", n);
  checkFinite("qr", "a", a, m, n);
  const scale = new Float64Array(n);
  for (let at = 0; at < a.length; at++) scale[at % n] = Math.max(scale[at % n], Math.abs(a[at]));
  for (let j = 0; j < n; j++) scale[j] = powerScale(scale[j]);
  const { q, r } = implementation(
    a.map((value, at) => value * scale[at % n]),
    m,
    n,
  );
  const k = Math.min(m, n);
  for (let i = 0; i < k; i++) {
    const sign = r[i * n + i] < 0 ? -1 : 1;
    for (let j = i; j < n; j++) r[i * n + j] *= sign / scale[j];
    if (sign < 0) for (let row = 0; row < m; row++) q[row * k + i] *= -1;
  }
  return { q, r };
}

export const wasmQr: QrSolver = (a, m, n) => {
  const { arena } = kernels();
  const k = Math.min(m, n);
  const stride = workingStride(m);
  const square = 8 * n * stride;
  return arena.withScratch([square, square, 8 * k, 8 * k], (rows, basis, diagonal, tau) =>
    withBlockRoom(BLOCK, m, n, (room) => {
      const columns = arena.f64(rows, n * stride);
      for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) columns[j * stride + i] = a[i * n + j];
      const problem = { m, k, n, stride, rows, tau };
      reduce(room, problem, diagonal);
      const r = new Float64Array(k * n);
      const rDiagonal = arena.f64(diagonal, k);
      for (let j = 0; j < n; j++) {
        for (let i = 0; i < Math.min(j, k); i++) r[i * n + j] = columns[j * stride + i];
        if (j < k) r[j * n + j] = rDiagonal[j];
      }
      form(room, problem, basis);
      const q = new Float64Array(m * k);
      const qColumns = arena.f64(basis, k * stride);
      for (let j = 0; j < k; j++) for (let i = 0; i < m; i++) q[i * k + j] = qColumns[j * stride + i];
      return { q, r };
    }),
  );
};

interface Problem {
  m: number;
  k: number;
  n: number;
  stride: number;
  rows: number; // (n × m): the columns of A, later R above the reflectors
  tau: number;
}

/** Panel by panel; what is right of a panel gets its reflectors as a block. */
function reduce(room: BlockRoom, problem: Problem, diagonal: number): void {
  const { m, k, n, stride, rows, tau } = problem;
  for (let first = 0; first < k; first += BLOCK) {
    const count = Math.min(BLOCK, k - first);
    kernels().exports.qrPanel64(rows, first, count, m, stride, diagonal, tau);
    fill(room, problem, first, count);
    const rest = rows + 8 * ((first + count) * stride + first);
    applyBlock(room, { count, width: m - first, tau: tau + 8 * first }, rest, stride, n - first - count);
  }
}

/** Rows of `basis` (k × m) ← columns of Q = H_1 … H_k I, from the last block to the first. */
function form(room: BlockRoom, problem: Problem, basis: number): void {
  const { m, k, stride, tau } = problem;
  const q = kernels()
    .arena.f64(basis, k * stride)
    .fill(0);
  for (let j = 0; j < k; j++) q[j * stride + j] = 1;
  for (let first = Math.floor((k - 1) / BLOCK) * BLOCK; first >= 0; first -= BLOCK) {
    const count = Math.min(BLOCK, k - first);
    fill(room, problem, first, count);
    const block = { count, width: m - first, tau: tau + 8 * first, reversed: true };
    applyBlock(room, block, basis + 8 * (first * stride + first), stride, k - first);
  }
}

/** room.u ← reflectors first … first + count − 1, from coordinate `first` on. */
function fill(room: BlockRoom, { m, stride, rows }: Problem, first: number, count: number): void {
  const { arena } = kernels();
  const u = arena.f64(room.u, count * room.lead);
  for (let j = 0; j < count; j++) {
    u.fill(0, j * room.lead, j * room.lead + j);
    const from = first + j;
    u.set(arena.f64(rows + 8 * (from * stride + from), m - from), j * room.lead + j);
  }
}
