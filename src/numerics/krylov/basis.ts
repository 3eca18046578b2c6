/**
 * A growing set of orthonormal rows in the arena, in blocks of rows, so that growing never copies. Its plain twin: reference/basis.ts.
 */
import type { Basis } from "../reference/basis.ts";
import { kernels } from "../wasm/load.ts";

export type { Basis } from "../reference/basis.ts";

const BLOCK = 32;

/** Lives in the shared arena until `free()`. */
export function wasmBasis(n: number): Basis {
  const { exports, arena } = kernels();
  const blocks: number[] = [];
  let size = 0;
  /** [address, rows, index of the first row] of each block. */
  const parts = () =>
    blocks.map((pointer, i) => [pointer, Math.min(BLOCK, size - i * BLOCK), i * BLOCK] as const);
  return {
    n,
    get size() {
      return size;
    },
    append(row) {
      if (size === blocks.length * BLOCK) blocks.push(arena.allocate(8 * BLOCK * n));
      arena.f64(blocks[blocks.length - 1] + 8 * (size % BLOCK) * n, n).set(row);
      size += 1;
    },
    remove(x) {
      return arena.withScratch([8 * n, 8 * size], (vector, h) => {
        arena.f64(vector, n).set(x);
        for (const [q, rows, first] of parts()) exports.basisDot(q, rows, n, vector, h + 8 * first);
        for (const [q, rows, first] of parts()) exports.basisAdd(q, rows, n, h + 8 * first, -1, vector);
        x.set(arena.f64(vector, n));
        return arena.f64(h, size).slice();
      });
    },
    combine(coefficients, rows) {
      const sizes = [8 * rows * size, 8 * rows * n, exports.productWorkspace()] as const;
      return arena.withScratch(sizes, (c, out, workspace) => {
        arena.f64(c, rows * size).set(coefficients);
        arena.f64(out, rows * n).fill(0);
        for (const [q, count, first] of parts()) {
          exports.gemmF64(rows, n, count, 1, c + 8 * first, size, 0, q, n, 0, 1, out, n, 0, workspace);
        }
        return arena.f64(out, rows * n).slice();
      });
    },
    free() {
      for (const pointer of blocks) arena.free(pointer);
      blocks.length = 0;
      size = 0;
    },
  };
}
