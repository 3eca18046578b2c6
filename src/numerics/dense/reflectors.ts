/**
 * A block of Householder reflectors as two products (Schreiber & Van Loan, SISSC 10(1), 1989):
 *   H_1 H_2 … H_k = I − Uᵀ T U,   H_k … H_1 = I − Uᵀ Tᵀ U,   U the reflectors as rows, T upper triangular,
 *   T_jj = τ_j,   T_{0…j−1, j} = −τ_j T_{0…j−1, 0…j−1} (U u_j)_{0…j−1}
 *   z ← z − (z Uᵀ) (T U). Cost 4 rows · k · width.
 */
import { kernels } from "../wasm/load.ts";
import { workingStride } from "./stride.ts";

/** Addresses a block needs; `u` is filled by the caller. */
export interface BlockRoom {
  u: number; // (k × width, rows `lead` apart)
  lead: number;
  mixed: number; // T U, as u
  gram: number; // (k × k)
  triangle: number; // (k × k)
  coordinates: number; // (rows × k)
  workspace: number;
}

/** Room for blocks of up to k reflectors of `width` on `rows` rows: 8 k (2 width + 2 k + rows) bytes and the panels of a product. */
export function withBlockRoom<R>(k: number, width: number, rows: number, body: (room: BlockRoom) => R): R {
  const { exports, arena } = kernels();
  const lead = workingStride(width);
  const square = 8 * k * k;
  return arena.withScratch(
    [8 * k * lead, 8 * k * lead, square, square, 8 * k * rows, exports.productWorkspace()],
    (u, mixed, gram, triangle, coordinates, workspace) =>
      body({ u, lead, mixed, gram, triangle, coordinates, workspace }),
  );
}

/**
 * z (rows × width, rows `stride` apart) ← z H_1 … H_k, or z H_k … H_1 where `reversed`.
 * @param count k
 * @param tau address of k factors
 */
export function applyBlock(
  room: BlockRoom,
  { count, width, tau, reversed = false }: { count: number; width: number; tau: number; reversed?: boolean },
  z: number,
  stride: number,
  rows: number,
): void {
  if (rows === 0) return;
  const { exports, arena } = kernels();
  const { gemmF64 } = exports;
  const { u, lead, mixed, gram, triangle, coordinates, workspace } = room;
  gemmF64(count, count, width, 1, u, lead, 0, u, lead, 1, 0, gram, count, 0, workspace);
  blockFactor(arena.f64(gram, count * count), arena.f64(tau, count), arena.f64(triangle, count * count));
  const transposed = Number(reversed);
  gemmF64(count, width, count, 1, triangle, count, transposed, u, lead, 0, 0, mixed, lead, 0, workspace);
  gemmF64(rows, count, width, 1, z, stride, 0, u, lead, 1, 0, coordinates, count, 0, workspace);
  gemmF64(rows, width, count, -1, coordinates, count, 0, mixed, lead, 0, 1, z, stride, 0, workspace);
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
