/**
 * A symmetric matrix in the arena, once, as the tiles of its lower triangle, in the order of assembly/symmetric.ts.
 * Space: 4 n² bytes and a little (8 n · 128 at most), plus 16 n per vector while applying.
 */
import { CallError, complaint } from "../../errors.ts";
import { ASYMMETRY, checkSymmetric, largestEntry } from "../dense/check.ts";
import { kernels } from "../wasm/load.ts";

/** 128 KiB a tile: read from memory once, it waits in the L2 cache for its second use. */
const SIDE = 128;

export interface SymmetricTiles {
  /** out (count×n) ← the rows of x (count×n), each times A; the bits of a row do not depend on the others. */
  apply(x: Float64Array, out: Float64Array, count: number): void;
  /** Gives the memory back; the second call does nothing. */
  free(): void;
}

/**
 * @param a (n×n, row-major), finite; its symmetric part is taken
 * @throws DataError where a and aᵀ differ by more than products in float32 would make them
 */
export function symmetricTiles(where: string, a: Float64Array, n: number): SymmetricTiles {
  const { exports, arena } = kernels();
  const side = Math.min(SIDE, 4 * Math.ceil(n / 4));
  const blocks = side === 0 ? 0 : Math.ceil(n / side);
  const padded = blocks * side;
  const tileBytes = 8 * side * side;
  let tiles = arena.allocate((tileBytes * blocks * (blocks + 1)) / 2);
  try {
    fill(where, a, n, side, (index) => arena.f64(tiles + tileBytes * index, side * side));
  } catch (error) {
    arena.free(tiles);
    throw error;
  }

  return {
    apply(x, out, count) {
      if (tiles === 0) throw new CallError(complaint(where, "an operator in use", "a freed one"));
      const bytes = 8 * padded * count;
      arena.withScratch([bytes, bytes], (from, to) => {
        for (let c = 0; c < count; c++) {
          const row = arena.f64(from + 8 * padded * c, padded);
          row.set(x.subarray(c * n, c * n + n));
          row.fill(0, n);
        }
        exports.symmetricApply(tiles, blocks, side, from, to, count);
        for (let c = 0; c < count; c++) out.set(arena.f64(to + 8 * padded * c, n), c * n);
      });
    },
    free() {
      if (tiles !== 0) arena.free(tiles);
      tiles = 0;
    },
  };
}

/** (A + Aᵀ)/2 into the tiles, zero past the edge. One pass over both triangles. */
function fill(
  where: string,
  a: Float64Array,
  n: number,
  side: number,
  tileAt: (index: number) => Float64Array,
): void {
  const allowed = ASYMMETRY * largestEntry(a);
  let index = 0;
  for (let top = 0; top < n; top += side) {
    const bottom = Math.min(top + side, n);
    for (let left = 0; left <= top; left += side) {
      const right = Math.min(left + side, n);
      const tile = tileAt(index++);
      if (bottom - top < side || right - left < side) tile.fill(0);
      for (let i = top; i < bottom; i++) {
        const r = i - top;
        const first = (r & ~3) * side + (r & 3) * 2; // 4 rows × 2 columns lie together
        for (let j = left; j < right; j++) {
          const c = j - left;
          const place = first + (c >> 1) * 8 + (c & 1);
          const lower = a[i * n + j];
          const upper = a[j * n + i];
          if (lower === upper) tile[place] = lower;
          else if (Math.abs(lower - upper) <= allowed) tile[place] = lower / 2 + upper / 2;
          else checkSymmetric(where, a, n); // throws, and says where
        }
      }
    }
  }
}
