/**
 * z ← z Qᵀ for the Q = H_{n−1} … H_1 that tridiagonalize leaves in the rows of a, in blocks, so that products do the work:
 *   H_a H_{a+1} … H_b = I − Uᵀ T U,   U the reflectors as rows, T upper triangular,
 *   T_jj = τ_j,   T_{0…j−1, j} = −τ_j T_{0…j−1, 0…j−1} (U u_j)_{0…j−1}      (Schreiber & Van Loan, SISSC 10(1), 1989)
 *   z ← z − ((z Uᵀ) T) U. Cost 2 n² rows.
 */
import { kernels } from "../wasm/load.ts";

/** Wide enough to pass over z rarely, narrow enough to stay in cache: 64 was fastest of 32 … 128 at n = 1000. */
const BLOCK = 64;

/** a: (n×n) reflectors; tau (n); z (rows × n): addresses in the arena. */
export function transformBack(a: number, n: number, tau: number, z: number, rows: number): void {
  const { exports, arena } = kernels();
  const block = 8 * BLOCK;
  const sizes = [
    block * n,
    block * BLOCK,
    block * BLOCK,
    block * rows,
    block * rows,
    exports.productWorkspace(),
  ] as const;
  arena.withScratch(sizes, (u, gram, triangle, coordinates, mixed, workspace) => {
    for (let first = 1; first < n; first += BLOCK) {
      const count = Math.min(BLOCK, n - first);
      const width = first + count - 1; // the last reflector of the block, row `width`, has that many entries
      const reflectors = arena.f64(u, count * width).fill(0);
      for (let j = 0; j < count; j++) {
        reflectors.set(arena.f64(a + 8 * (first + j) * n, first + j), j * width);
      }
      exports.gemmF64(count, count, width, 1, u, width, 0, u, width, 1, 0, gram, count, 0, workspace);
      blockFactor(
        arena.f64(gram, count * count),
        arena.f64(tau + 8 * first, count),
        arena.f64(triangle, count * count),
      );
      exports.gemmF64(rows, count, width, 1, z, n, 0, u, width, 1, 0, coordinates, count, 0, workspace);
      exports.gemmF64(
        rows,
        count,
        count,
        1,
        coordinates,
        count,
        0,
        triangle,
        count,
        0,
        0,
        mixed,
        count,
        0,
        workspace,
      );
      exports.gemmF64(rows, width, count, -1, mixed, count, 0, u, width, 0, 1, z, n, 0, workspace);
    }
  });
}

/** T (k×k) from the inner products of the reflectors and their factors. */
function blockFactor(gram: Float64Array, tau: Float64Array, triangle: Float64Array): void {
  const k = tau.length;
  triangle.fill(0);
  for (let j = 0; j < k; j++) {
    for (let i = 0; i < j; i++) {
      let sum = 0;
      for (let l = i; l < j; l++) sum += triangle[i * k + l] * gram[l * k + j];
      triangle[i * k + j] = -tau[j] * sum;
    }
    triangle[j * k + j] = tau[j];
  }
}
