/** Dense symmetric eigendecomposition in plain TypeScript: reduce, iterate, transform back. See tridiagonal.ts. Cost about 9 n³. */
import { applyReflectors, implicitQr, tridiagonalize } from "./tridiagonal.ts";

/**
 * Eigenvalues (n), largest first, and eigenvectors (n×n, row i belongs to values[i]; empty without `vectors`) of a finite
 * symmetric matrix of entries about 1 or less. `a` is overwritten.
 */
export function symmetricEigen(
  a: Float64Array,
  n: number,
  vectors: boolean,
): { values: Float64Array; vectors: Float64Array } {
  const tau = new Float64Array(n);
  const t = tridiagonalize(a, n, tau);
  const z = new Float64Array(vectors ? n * n : 0);
  if (vectors) for (let i = 0; i < n; i++) z[i * n + i] = 1;
  implicitQr(t, z, vectors ? n : 0);
  if (vectors) applyReflectors(a, n, tau, z, n);
  const order = Array.from(t.diagonal.keys()).sort((i, j) => t.diagonal[j] - t.diagonal[i]);
  return {
    values: Float64Array.from(order, (i) => t.diagonal[i]),
    vectors: Float64Array.from(z, (_, at) => z[order[Math.floor(at / n)] * n + (at % n)]),
  };
}
