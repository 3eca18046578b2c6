/**
 * The fast symmetric eigensolver: kernels of assembly/ in one arena, put together here. Its plain twin: reference/eigh.ts.
 */
import { kernels } from "../wasm/load.ts";
import { divideAndConquer } from "./divide.ts";
import { workingStride } from "./stride.ts";
import { transformBack } from "./transformBack.ts";

/**
 * Eigenvalues (n), largest first, and eigenvectors (n×n, row i belongs to values[i]; empty without `vectors`) of a finite
 * symmetric matrix of entries about 1 or less, of which the lower triangle is read.
 * Working space 8 n² bytes, 32 n² with vectors, and about 800 n more.
 */
export function symmetricEigen(
  a: Float64Array,
  n: number,
  vectors: boolean,
): { values: Float64Array; vectors: Float64Array } {
  const { exports, arena } = kernels();
  const stride = workingStride(n);
  const square = 8 * n * stride;
  const work = exports.tridiagonalizeWorkspace(n);
  return arena.withScratch([square, 8 * n, 8 * n, 8 * n], (matrix, diagonal, off, tau) => {
    const rows = arena.f64(matrix, n * stride);
    for (let i = 0; i < n; i++) rows.set(a.subarray(i * n, i * n + i + 1), i * stride);
    arena.withScratch([work], (at) => exports.tridiagonalize(matrix, n, stride, diagonal, off, tau, at));
    if (!vectors) {
      if (!exports.rootFreeQr(diagonal, off, n)) throw new Error(`root-free QR did not converge (n = ${n})`);
      return { values: arena.f64(diagonal, n).slice().sort().reverse(), vectors: new Float64Array(0) };
    }
    return arena.withScratch([square], (z) => {
      divideAndConquer(diagonal, off, n, z, stride);
      transformBack(matrix, n, stride, tau, z, n);
      return inOrder(arena.f64(diagonal, n), arena.f64(z, n * stride), stride);
    });
  });
}

/** Copies of the values, largest first, and of the rows that belong to them. */
function inOrder(found: Float64Array, z: Float64Array, stride: number) {
  const n = found.length;
  const order = Array.from(found.keys()).sort((i, j) => found[j] - found[i]);
  const vectors = new Float64Array(n * n);
  order.forEach((from, i) => {
    vectors.set(z.subarray(from * stride, from * stride + n), i * n);
  });
  return { values: Float64Array.from(order, (i) => found[i]), vectors };
}
