/**
 * z ← z Qᵀ for the Q = H_{n−1} … H_1 that tridiagonalize leaves in the rows of a, in blocks, so that products do the work:
 *   H_a H_{a+1} … H_b = I − Uᵀ T U,   U the reflectors as rows, T upper triangular,
 *   T_jj = τ_j,   T_{0…j−1, j} = −τ_j T_{0…j−1, 0…j−1} (U u_j)_{0…j−1}      (Schreiber & Van Loan, SISSC 10(1), 1989)
 *   z ← z − (z Uᵀ) (T U). Cost 2 n² rows.
 */
import { kernels } from "../wasm/load.ts";
import { workingStride } from "./stride.ts";

/** Reflectors a block: wide ones pass over z rarely, but T U and the inner products of U grow with the width. */
const blockFor = (n: number) => (n < 768 ? 32 : 64);

/**
 * a: (n×n) reflectors and z: (rows × n), rows `stride` numbers apart; tau (n): addresses in the arena.
 * Working space 8 · 64 · (2 n + rows) bytes and the panels of a product.
 */
export function transformBack(
  a: number,
  n: number,
  stride: number,
  tau: number,
  z: number,
  rows: number,
): void {
  const { exports, arena } = kernels();
  const block = blockFor(n);
  const lead = workingStride(n);
  const sizes = [
    8 * block * lead,
    8 * block * lead,
    8 * block * block,
    8 * block * block,
    8 * block * rows,
    exports.productWorkspace(),
  ] as const;
  arena.withScratch(sizes, (u, mixed, gram, triangle, coordinates, workspace) => {
    const { gemmF64 } = exports;
    for (let first = 1; first < n; first += block) {
      const count = Math.min(block, n - first);
      const width = first + count - 1; // the last reflector of the block, row `width`, has that many entries
      const reflectors = arena.f64(u, count * lead);
      for (let j = 0; j < count; j++) {
        reflectors.set(arena.f64(a + 8 * (first + j) * stride, first + j), j * lead);
        reflectors.fill(0, j * lead + first + j, j * lead + width);
      }
      gemmF64(count, count, width, 1, u, lead, 0, u, lead, 1, 0, gram, count, 0, workspace);
      blockFactor(
        arena.f64(gram, count * count),
        arena.f64(tau + 8 * first, count),
        arena.f64(triangle, count * count),
      );
      gemmF64(count, width, count, 1, triangle, count, 0, u, lead, 0, 0, mixed, lead, 0, workspace);
      gemmF64(rows, count, width, 1, z, stride, 0, u, lead, 1, 0, coordinates, count, 0, workspace);
      gemmF64(rows, width, count, -1, coordinates, count, 0, mixed, lead, 0, 1, z, stride, 0, workspace);
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
