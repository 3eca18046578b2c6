/** z ← z Qᵀ for the Q = H_{n−1} … H_1 that tridiagonalize leaves in the rows of a, in blocks: reflectors.ts. Cost 2 n² rows. */
import { kernels } from "../wasm/load.ts";
import { applyBlock, withBlockRoom } from "./reflectors.ts";

/** Reflectors a block: wide ones pass over z rarely, but T U and the inner products of U grow with the width. Chosen by measurement. */
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
  const { arena } = kernels();
  const block = blockFor(n);
  withBlockRoom(block, n, rows, (room) => {
    for (let first = 1; first < n; first += block) {
      const count = Math.min(block, n - first);
      const width = first + count - 1; // the last reflector of the block, row `width`, has that many entries
      const u = arena.f64(room.u, count * room.lead);
      for (let j = 0; j < count; j++) {
        u.set(arena.f64(a + 8 * (first + j) * stride, first + j), j * room.lead);
        u.fill(0, j * room.lead + first + j, j * room.lead + width);
      }
      applyBlock(room, { count, width, tau: tau + 8 * first }, z, stride, rows);
    }
  });
}
