/**
 * Where tiles are computed: kernels with a memory of their own, in a worker or in the caller's thread. What it holds: (m·k + n·k) numbers
 * of the factors, m·n of the result, and the workspace of the kernels (1.2 MB); the b of the last tile stays for the next.
 */

import type { WasmContext } from "../wasm/load.ts";
import { mirror } from "../wasm/mirror.ts";
import { type Block, copyBlock, type Numbers, packed, sizeOfBlock, transposeBlock } from "./blocks.ts";
import type { Tile } from "./plan.ts";

/** A tile and the arrays its blocks lie in. */
export interface Task {
  tile: Tile;
  a: Numbers;
  /** null: the b of the task before. */
  b: Numbers | null;
  /** On shared memory; null: the result is returned instead. */
  out: Numbers | null;
}

export interface Station {
  /** The result without gaps (count × m × n) where the task has no `out`. */
  compute(task: Task): Numbers | null;
  free(): void;
}

export function createStation({ arena, exports }: WasmContext): Station {
  let held: number | undefined;

  function hold(bytes: number): number {
    if (held !== undefined) arena.free(held);
    held = undefined; // allocate may throw
    held = arena.allocate(bytes);
    return held;
  }

  return {
    compute({ tile, a, b, out }) {
      const { kernel, m, n, k, count } = tile;
      const single = kernel === "gemmF32" || kernel === "gramF32";
      const gram = kernel === "gramF32" || kernel === "gramF64";
      const view = single ? arena.f32 : arena.f64;
      const resultView = kernel === "gemmF32" ? arena.f32 : arena.f64;
      const bytes = single ? 4 : 8;
      const resultBytes = kernel === "gemmF32" ? 4 : 8;
      const load = (pointer: number, source: Numbers, block: Block) =>
        copyBlock(source, block, view(pointer, sizeOfBlock(block)), packed(block));

      if (b) load(hold(bytes * sizeOfBlock(tile.b)), b, tile.b);
      const right = held as number;
      const aBytes = bytes * sizeOfBlock(tile.a);
      const sizes = [aBytes, resultBytes * count * m * n, exports.productWorkspace()] as const;
      return arena.withScratch(sizes, (left, result, workspace) => {
        load(left, a, tile.a);
        const [aRow, bRow] = [tile.a.columns, tile.b.columns];
        if (gram) resultView(result, m * n).fill(0);
        for (let i = 0; i < count; i++) {
          const aBlock = left + (tile.a.count > 1 ? bytes * m * k * i : 0);
          const bBlock = right + (tile.b.count > 1 ? bytes * n * k * i : 0);
          const c = result + resultBytes * m * n * i;
          if (kernel === "gramF32" || kernel === "gramF64") {
            const lower = Number(tile.diagonal ?? false);
            exports[kernel](m, n, k, aBlock, aRow, bBlock, bRow, c, n, lower, workspace);
          } else {
            exports[kernel](
              ...([m, n, k, 1] as const),
              ...([aBlock, aRow, Number(tile.transposeA)] as const),
              ...([bBlock, bRow, Number(tile.transposeB)] as const),
              ...([0, c, n, 0, workspace] as const),
            );
          }
        }
        const values = resultView(result, count * m * n);
        if (tile.diagonal) mirror(values as Float64Array, n);
        if (!out) return values.slice();
        deliver(tile, values, out);
        return null;
      });
    },
    free() {
      if (held !== undefined) arena.free(held);
      held = undefined;
    },
  };
}

/** Puts the numbers of a tile where they belong in the whole result. */
export function deliver(tile: Tile, values: Numbers, out: Numbers): void {
  const dense = packed(tile.out);
  copyBlock(values, dense, out, tile.out);
  if (tile.mirrored) transposeBlock(values, dense, out, tile.mirrored);
}
