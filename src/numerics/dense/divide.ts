/**
 * Eigenpairs of a symmetric tridiagonal matrix by divide and conquer (Cuppen, Numer. Math. 36, 1981), on the arena.
 *
 * With β between the halves, T = diag(T₁, T₂) + |β| v vᵀ, v = e_{m₁−1} ± e_{m₁}. The halves solved, T_h = V_hᵀ D_h V_h, what remains is
 * D + ρ z zᵀ with z = V v / √2, ρ = 2|β|. Coordinates with a negligible z_i, and one of each pair of d_i too close to tell apart (after a
 * rotation that empties its z_i), are eigenpairs already: deflate.ts. The others: assembly/secular.ts; their vectors U V are products.
 * Cost at most (4/3) n³ in products at full speed, often far less through deflation; implicit QR takes about 6 n³ in rotations.
 */

import type { Kernels } from "../wasm/abi.ts";
import type { Arena } from "../wasm/arena.ts";
import { kernels } from "../wasm/load.ts";
import { BOTTOM, deflate, MIXED, TOP } from "./deflate.ts";
import { workingStride } from "./stride.ts";

/** Up to here implicit QR is as fast. */
const LEAF = 32;

/** Addresses of what all levels share; each merge uses the first part of the buffers. */
interface Room {
  exports: Kernels;
  arena: Arena;
  n: number;
  stride: number; // of v
  d: number; // (n) diagonal, becomes the eigenvalues
  e: number; // (n) off-diagonal
  v: number; // (n×n, rows `stride` apart) row i belongs to d[i]
  u: number; // (n×n) eigenvectors of D + ρ z zᵀ; leaves
  kept: number; // (n×n) rows of V that take part, halves one after the other
  small: number; // (6 n) d, z, lambda, work; place
  workspace: number;
}

/**
 * Working space 16 n² bytes, 48 n more and the panels of a product.
 * @param d (n) diagonal, becomes the eigenvalues, unordered
 * @param e (n) off-diagonal, destroyed
 * @param v (n×n, rows `stride` apart) becomes the eigenvectors, row i belonging to d[i]
 */
export function divideAndConquer(d: number, e: number, n: number, v: number, stride: number): void {
  const { exports, arena } = kernels();
  arena.f64(v, n * stride).fill(0);
  const square = 8 * n * workingStride(n);
  const sizes = [square, square, 48 * n, exports.productWorkspace()] as const;
  arena.withScratch(sizes, (u, kept, small, workspace) => {
    solve({ exports, arena, n, stride, d, e, v, u, kept, small, workspace }, 0, n);
  });
}

function solve(room: Room, first: number, count: number): void {
  if (count <= LEAF) {
    leaf(room, first, count);
    return;
  }
  const half = count >> 1;
  const middle = first + half;
  const d = room.arena.f64(room.d, room.n);
  const beta = room.arena.f64(room.e, room.n)[middle - 1];
  d[middle - 1] -= Math.abs(beta);
  d[middle] -= Math.abs(beta);
  solve(room, first, half);
  solve(room, middle, count - half);
  if (beta !== 0) merge(room, first, half, count, beta);
}

function leaf({ exports, arena, n, stride, d, e, v, u }: Room, first: number, count: number): void {
  const rows = arena.f64(u, count * count).fill(0);
  for (let i = 0; i < count; i++) rows[i * count + i] = 1;
  if (!exports.implicitQr(d + 8 * first, e + 8 * first, count, u, count)) {
    throw new Error(`implicit QR did not converge (n = ${count})`);
  }
  const vectors = arena.f64(v, n * stride);
  for (let i = 0; i < count; i++) {
    vectors.set(rows.subarray(i * count, i * count + count), (first + i) * stride + first);
  }
}

/** Joins [first, first + half) and [first + half, first + count). */
function merge(room: Room, first: number, half: number, count: number, beta: number): void {
  const { exports, arena, n, stride, v, u, kept, small, workspace } = room;
  const other = count - half;
  const middle = first + half;
  const d = arena.f64(room.d + 8 * first, count);
  const vectors = arena.f64(v, n * stride);
  const row = (i: number) => {
    const start = (first + i) * stride + first;
    return vectors.subarray(start, start + count);
  };
  const z = Float64Array.from({ length: count }, (_, i) =>
    i < half ? row(i)[half - 1] * Math.SQRT1_2 : row(i)[half] * Math.SQRT1_2 * Math.sign(beta),
  );
  const rho = 2 * Math.abs(beta);
  const { active, resting, kind } = deflate(d, z, rho, half, row);
  const k = active.length;
  if (k === 0) return;

  // Columns of U in the order top, mixed, bottom: then each half of V takes part as one block of rows.
  const place = new Int32Array(k);
  const grouped: number[] = [];
  for (const wanted of [TOP, MIXED, BOTTOM]) {
    active.forEach((i, position) => {
      if (kind[i] !== wanted) return;
      place[position] = grouped.length;
      grouped.push(i);
    });
  }
  const inTop = grouped.filter((i) => kind[i] !== BOTTOM);
  const inBottom = grouped.filter((i) => kind[i] !== TOP);

  const [topStride, bottomStride, uStride] = [half, other, k].map(workingStride);
  const top = kept;
  const bottom = top + 8 * inTop.length * topStride;
  const rows = arena.f64(kept, inTop.length * topStride + inBottom.length * bottomStride);
  inTop.forEach((i, r) => {
    rows.set(row(i).subarray(0, half), r * topStride);
  });
  inBottom.forEach((i, r) => {
    rows.set(row(i).subarray(half), inTop.length * topStride + r * bottomStride);
  });
  const restingRows = resting.map((i) => row(i).slice());
  const restingValues = resting.map((i) => d[i]);

  const [dAt, zAt, lambdaAt, placeAt, workAt] = [0, 1, 2, 3, 4].map((part) => small + 8 * part * k);
  arena.f64(dAt, k).set(active.map((i) => d[i]));
  arena.f64(zAt, k).set(active.map((i) => z[i]));
  arena.i32(placeAt, k).set(place);
  exports.secular(k, dAt, zAt, rho, placeAt, lambdaAt, u, uStride, workAt);

  /** The columns of the result that belong to one half: those columns of U that take part, times the kept rows. */
  const multiply = (
    from: number,
    taking: number,
    keptAt: number,
    keptStride: number,
    to: number,
    width: number,
  ) =>
    exports.gemmF64(
      ...([k, width, taking, 1] as const),
      ...([u + 8 * from, uStride, 0, keptAt, keptStride, 0] as const),
      ...([0, v + 8 * (first * stride + to), stride, 0, workspace] as const),
    );
  multiply(0, inTop.length, top, topStride, first, half);
  multiply(k - inBottom.length, inBottom.length, bottom, bottomStride, middle, other);
  d.set(arena.f64(lambdaAt, k));
  restingRows.forEach((vector, r) => {
    row(k + r).set(vector);
    d[k + r] = restingValues[r];
  });
}
