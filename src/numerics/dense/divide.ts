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

/** Up to here implicit QR is as fast. */
const LEAF = 32;

/** Addresses of what all levels share; each merge uses the first part of the buffers. */
interface Room {
  exports: Kernels;
  arena: Arena;
  n: number;
  d: number; // (n) diagonal, becomes the eigenvalues
  e: number; // (n) off-diagonal
  v: number; // (n×n) row i belongs to d[i]
  u: number; // (n×n) eigenvectors of D + ρ z zᵀ; leaves
  kept: number; // (n×n) rows of V that take part, halves one after the other; deflated rows
  small: number; // (6 n) d, z, lambda, work; place
  workspace: number;
}

/**
 * @param d (n) diagonal, becomes the eigenvalues, unordered
 * @param e (n) off-diagonal, destroyed
 * @param v (n×n) becomes the eigenvectors, row i belonging to d[i]
 */
export function divideAndConquer(d: number, e: number, n: number, v: number): void {
  const { exports, arena } = kernels();
  arena.f64(v, n * n).fill(0);
  const sizes = [8 * n * n, 8 * n * n, 48 * n, exports.productWorkspace()] as const;
  arena.withScratch(sizes, (u, kept, small, workspace) => {
    solve({ exports, arena, n, d, e, v, u, kept, small, workspace }, 0, n);
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

function leaf({ exports, arena, n, d, e, v, u }: Room, first: number, count: number): void {
  const rows = arena.f64(u, count * count).fill(0);
  for (let i = 0; i < count; i++) rows[i * count + i] = 1;
  if (!exports.implicitQr(d + 8 * first, e + 8 * first, count, u, count)) {
    throw new Error(`implicit QR did not converge (n = ${count})`);
  }
  const vectors = arena.f64(v, n * n);
  for (let i = 0; i < count; i++) {
    vectors.set(rows.subarray(i * count, i * count + count), (first + i) * n + first);
  }
}

/** Joins [first, first + half) and [first + half, first + count). */
function merge(room: Room, first: number, half: number, count: number, beta: number): void {
  const { exports, arena, n, v, u, kept, small, workspace } = room;
  const other = count - half;
  const d = arena.f64(room.d + 8 * first, count);
  const vectors = arena.f64(v, n * n);
  const row = (i: number) => vectors.subarray((first + i) * n + first, (first + i) * n + first + count);
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
  const bottomStart = k - inBottom.length;

  const top = kept;
  const bottom = top + 8 * inTop.length * half;
  inTop.forEach((i, r) => {
    arena.f64(top + 8 * r * half, half).set(row(i).subarray(0, half));
  });
  inBottom.forEach((i, r) => {
    arena.f64(bottom + 8 * r * other, other).set(row(i).subarray(half));
  });
  const restingRows = resting.map((i) => row(i).slice());
  const restingValues = resting.map((i) => d[i]);

  const [dAt, zAt, lambdaAt, placeAt, workAt] = [0, 1, 2, 3, 4].map((part) => small + 8 * part * k);
  arena.f64(dAt, k).set(active.map((i) => d[i]));
  arena.f64(zAt, k).set(active.map((i) => z[i]));
  arena.i32(placeAt, k).set(place);
  exports.secular(k, dAt, zAt, rho, placeAt, lambdaAt, u, workAt);

  const out = v + 8 * (first * n + first);
  const fromBottom = u + 8 * bottomStart;
  exports.gemmF64(k, half, inTop.length, 1, u, k, 0, top, half, 0, 0, out, n, 0, workspace);
  exports.gemmF64(
    k,
    other,
    inBottom.length,
    1,
    fromBottom,
    k,
    0,
    bottom,
    other,
    0,
    0,
    out + 8 * half,
    n,
    0,
    workspace,
  );
  d.set(arena.f64(lambdaAt, k));
  restingRows.forEach((vector, r) => {
    row(k + r).set(vector);
    d[k + r] = restingValues[r];
  });
}
