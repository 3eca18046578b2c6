/** How the numbers of a product reach who computes it: not at all, on shared memory, or moved tile by tile. */
import { isShared } from "../../runtime/index.ts";
import type { WasmContext } from "../wasm/load.ts";
import { type Block, copyBlock, type Numbers, packed, sizeOfBlock } from "./blocks.ts";
import type { Job } from "./crew.ts";
import type { Tile } from "./plan.ts";
import type { Staging } from "./staging.ts";
import { createStation, deliver } from "./station.ts";

/** Tiles of a product of a and b, to be put into out. */
export interface Work {
  tiles: readonly Tile[];
  a: Numbers;
  b: Numbers;
  out: Numbers;
}

/** An array like `array`: on `buffer` at byte `offset` where given, else fresh. */
function like(array: Numbers, length: number, buffer?: SharedArrayBuffer, offset?: number): Numbers {
  const Kind = array.constructor as {
    new (length: number): Numbers;
    new (buffer: SharedArrayBuffer, offset: number | undefined, length: number): Numbers;
  };
  return buffer ? new Kind(buffer, offset, length) : new Kind(length);
}

/** In the caller's thread. */
export function computeHere({ tiles, a, b, out }: Work, context: WasmContext): void {
  const station = createStation(context);
  try {
    let held: Block | undefined;
    for (const tile of tiles) {
      const result = station.compute({ tile, a, b: tile.b === held ? null : b, out: null });
      held = tile.b;
      deliver(tile, result as Numbers, out);
    }
  } finally {
    station.free();
  }
}

/** Workers read the operands and write the result where everybody sees them; `end` once nobody does any more. */
export function sharedJob({ tiles, a, b, out }: Work, staging: Staging): { job: Job; end(): void } {
  const bytes = (array: Numbers) => (isShared(array) ? 0 : array.byteLength);
  const { buffer, offsets } = staging.claim([bytes(a), b === a ? 0 : bytes(b), bytes(out)]);
  const onStage = (array: Numbers, index: number) =>
    isShared(array) ? array : like(array, array.length, buffer, offsets[index]);
  const there = { a: onStage(a, 0), b: onStage(b, b === a ? 0 : 1), out: onStage(out, 2) };
  if (there.a !== a) there.a.set(a);
  if (there.b !== b && b !== a) there.b.set(b);
  const job: Job = {
    tiles,
    pack: (tile, withB) => ({ task: { tile, ...there, b: withB ? there.b : null }, transfer: [] }),
    take(tile) {
      if (there.out === out) return;
      copyBlock(there.out, tile.out, out, tile.out);
      if (tile.mirrored) copyBlock(there.out, tile.mirrored, out, tile.mirrored);
    },
  };
  return { job, end: () => staging.giveBack(buffer) };
}

/** Tiles of the operands are copied out and moved to the worker; tiles of the result are moved back. */
export function movedJob({ tiles, a, b, out }: Work): Job {
  const cut = (source: Numbers, block: Block) => {
    const piece = like(source, sizeOfBlock(block));
    copyBlock(source, block, piece, packed(block));
    return piece;
  };
  return {
    tiles,
    pack(tile, withB) {
      const pieces = [cut(a, tile.a), ...(withB ? [cut(b, tile.b)] : [])];
      return {
        task: {
          tile: { ...tile, a: packed(tile.a), b: packed(tile.b) },
          a: pieces[0],
          b: pieces[1] ?? null,
          out: null,
        },
        transfer: pieces.map((piece) => piece.buffer as ArrayBuffer),
      };
    },
    take: (tile, result) => deliver(tile, result as Numbers, out),
  };
}
