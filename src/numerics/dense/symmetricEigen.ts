/**
 * The fast symmetric eigensolver: kernels of assembly/ in one arena, put together here. Its plain twin: reference/eigh.ts.
 */
import { kernels } from "../wasm/load.ts";
import { divideAndConquer } from "./divide.ts";
import { transformBack } from "./transformBack.ts";

/**
 * Eigenvalues (n), unordered, and eigenvectors (n×n, row i belongs to values[i]; empty without `vectors`) of a finite
 * symmetric matrix of entries about 1 or less.
 */
export function symmetricEigen(
  a: Float64Array,
  n: number,
  vectors: boolean,
): { values: Float64Array; vectors: Float64Array } {
  const { exports, arena } = kernels();
  const square = 8 * n * n;
  const sizes = [square, 8 * n, 8 * n, 8 * n, 24 * n, vectors ? square : 0] as const;
  return arena.withScratch(sizes, (pointer, diagonal, off, tau, work, z) => {
    arena.f64(pointer, n * n).set(a);
    exports.tridiagonalize(pointer, n, diagonal, off, tau, work);
    if (vectors) {
      divideAndConquer(diagonal, off, n, z);
      transformBack(pointer, n, tau, z, n);
    } else if (!exports.implicitQr(diagonal, off, n, 0, 0)) {
      throw new Error(`implicit QR did not converge (n = ${n})`);
    }
    return { values: arena.f64(diagonal, n).slice(), vectors: arena.f64(z, vectors ? n * n : 0).slice() };
  });
}
