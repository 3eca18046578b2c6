/** Eigenvalues of a symmetric tridiagonal matrix, with as much of the eigenvectors as is asked for. Cost about 3 n² (10 + columns). */
import { kernels } from "../wasm/load.ts";
import { largestEntry, powerScale } from "./check.ts";

/**
 * What to carry along: `all` of each eigenvector (n×n, row i belongs to values[i]), its `first` coordinate (n; squared, these are the
 * weights of Gauss quadrature), its `last` (n; times the next off-diagonal, the residual of a Ritz pair).
 */
export type Coordinates = "all" | "first" | "last";

/**
 * @param diagonal (n)
 * @param off (n − 1 or longer) off[i] stands between i and i + 1
 * @returns values (n), largest first, and the coordinates asked for
 */
export function eighTridiagonal(
  diagonal: ArrayLike<number>,
  off: ArrayLike<number>,
  coordinates: Coordinates,
): { values: Float64Array; vectors: Float64Array } {
  const n = diagonal.length;
  const width = coordinates === "all" ? n : 1;
  const { exports, arena } = kernels();
  return arena.withScratch([8 * n, 8 * n, 8 * n * width], (d, e, z) => {
    const side = Float64Array.from({ length: n }, (_, i) => (i < n - 1 ? off[i] : 0));
    const main = Float64Array.from(diagonal);
    const scale = powerScale(Math.max(largestEntry(main), largestEntry(side)));
    arena.f64(d, n).set(main.map((value) => value * scale));
    arena.f64(e, n).set(side.map((value) => value * scale));
    const rows = arena.f64(z, n * width).fill(0);
    if (coordinates === "all") for (let i = 0; i < n; i++) rows[i * n + i] = 1;
    else if (n > 0) rows[coordinates === "first" ? 0 : n - 1] = 1;
    if (!exports.implicitQr(d, e, n, z, width)) throw new Error(`implicit QR did not converge (n = ${n})`);

    const found = arena.f64(d, n);
    const order = Array.from(found.keys()).sort((i, j) => found[j] - found[i]);
    const vectors = new Float64Array(n * width);
    for (let i = 0; i < n; i++) {
      vectors.set(rows.subarray(order[i] * width, (order[i] + 1) * width), i * width);
    }
    return { values: Float64Array.from(order, (i) => found[i] / scale), vectors };
  });
}
