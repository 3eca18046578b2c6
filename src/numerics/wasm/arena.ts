/**
 * Allocator over one WebAssembly.Memory: all that kernels read and write lives in blocks it hands out.
 *
 * Address-ordered first fit with coalescing: free blocks are kept sorted by address and never touch each other, so that what
 * a scope freed is whole again for the next. Blocks start and end on 64 bytes (a cache line; SIMD needs 16).
 * Cost: allocate O(free blocks), free O(log free blocks) plus one splice; a network leaves a handful of free blocks.
 *
 *     0      1024                                   top                 memory end
 *     | null | block | free | block | block | free? | not yet handed out |
 *
 * Views: growing memory kills every typed array over it. Make views at use (`f32(pointer, n)`) and let go of them at once.
 */
import { CallError, complaint } from "../../errors.ts";

/** The part of WebAssembly.Memory the arena needs; tests put a mock here to reach the last bytes of 4 GiB. */
export interface GrowableMemory {
  readonly buffer: ArrayBufferLike;
  grow(pages: number): number;
}

export interface Arena {
  /** A block of at least `bytes` bytes on 64; its content is arbitrary. 0 bytes is a block as well. */
  allocate(bytes: number): number;
  /** Throws unless `pointer` is the start of a living block. */
  free(pointer: number): void;
  /** Makes room for `bytes` more in one step, so that allocations up to that do not grow memory. */
  reserve(bytes: number): void;
  /** Allocates one block per size, runs `body` with their pointers and frees them, even if it throws. */
  withScratch<const S extends readonly number[], R>(
    sizes: S,
    body: (...pointers: { [I in keyof S]: number }) => R,
  ): R;
  readonly bytesInUse: number;
  /** The largest `bytesInUse` so far. */
  readonly peakBytes: number;
  readonly blocks: number;
  f32(pointer: number, length: number): Float32Array<ArrayBuffer>;
  f64(pointer: number, length: number): Float64Array<ArrayBuffer>;
  i32(pointer: number, length: number): Int32Array<ArrayBuffer>;
  u8(pointer: number, length: number): Uint8Array<ArrayBuffer>;
}

export const ALIGNMENT = 64;
export const PAGE_BYTES = 65536;
export const MAX_PAGES = 65536; // 4 GiB, the end of 32-bit addresses
/** Below this nothing is handed out: 0 stays a null pointer, and a kernel that strays from one hits nothing. */
export const FIRST_BYTE = 1024;
/** Memory grows by at least this, so that many small blocks do not each ask the engine for pages. */
const GROWTH_PAGES = 64;

interface FreeBlock {
  start: number;
  bytes: number;
}

export function createArena(memory: GrowableMemory): Arena {
  const living = new Map<number, number>(); // start → bytes
  const holes: FreeBlock[] = []; // by address, none adjacent
  let top = FIRST_BYTE;
  let inUse = 0;
  let peak = 0;

  /** Memory reaches at least to byte `end`. */
  function growTo(end: number, wanted: number): void {
    const have = memory.buffer.byteLength / PAGE_BYTES;
    const need = Math.ceil(end / PAGE_BYTES) - have;
    if (need <= 0) return;
    if (have + need > MAX_PAGES) throw tooMuch(wanted, "the 4 GiB of one WASM memory are the limit");
    const generous = Math.min(Math.max(need, GROWTH_PAGES), MAX_PAGES - have);
    for (const pages of new Set([generous, need])) {
      try {
        memory.grow(pages);
        return;
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
      }
    }
    throw tooMuch(wanted, `the system refused to grow memory past ${have * PAGE_BYTES} bytes`);
  }

  function tooMuch(wanted: number, why: string): CallError {
    const got = `${wanted} bytes on top of ${inUse} in use: ${why}`;
    return new CallError(complaint("wasm memory", "a block that fits", got, "smaller batches or tiles"));
  }

  function take(bytes: number): number {
    const index = holes.findIndex((hole) => hole.bytes >= bytes);
    if (index >= 0) {
      const hole = holes[index];
      const start = hole.start;
      if (hole.bytes === bytes) holes.splice(index, 1);
      else {
        hole.start += bytes;
        hole.bytes -= bytes;
      }
      return start;
    }
    growTo(top + bytes, bytes);
    const start = top;
    top += bytes;
    return start;
  }

  /** Where a hole that starts at `start` belongs in `holes`. */
  function placeOf(start: number): number {
    let low = 0;
    let high = holes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (holes[middle].start < start) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  function give(start: number, bytes: number): void {
    let place = placeOf(start);
    const before = holes[place - 1];
    if (before && before.start + before.bytes === start) {
      before.bytes += bytes;
      place -= 1;
    } else holes.splice(place, 0, { start, bytes });
    const hole = holes[place];
    const after = holes[place + 1];
    if (after && hole.start + hole.bytes === after.start) {
      hole.bytes += after.bytes;
      holes.splice(place + 1, 1);
    }
    if (hole.start + hole.bytes === top) {
      top = hole.start;
      holes.splice(place, 1);
    }
  }

  const arena: Arena = {
    allocate(bytes) {
      const rounded = roundUp(bytes);
      const pointer = take(rounded);
      living.set(pointer, rounded);
      inUse += rounded;
      if (inUse > peak) peak = inUse;
      return pointer;
    },
    free(pointer) {
      const bytes = living.get(pointer);
      if (bytes === undefined) {
        const got = `${pointer}, which is not one (freed before?)`;
        throw new CallError(complaint("arena.free", "the start of a living block", got));
      }
      living.delete(pointer);
      inUse -= bytes;
      give(pointer, bytes);
    },
    reserve(bytes) {
      growTo(top + roundUp(bytes), bytes);
    },
    withScratch(sizes, body) {
      const pointers: number[] = [];
      try {
        for (const bytes of sizes) pointers.push(arena.allocate(bytes));
        return body(...(pointers as { [I in keyof typeof sizes]: number }));
      } finally {
        for (const pointer of pointers) arena.free(pointer);
      }
    },
    get bytesInUse() {
      return inUse;
    },
    get peakBytes() {
      return peak;
    },
    get blocks() {
      return living.size;
    },
    f32: (pointer, length) => new Float32Array(memory.buffer as ArrayBuffer, pointer, length),
    f64: (pointer, length) => new Float64Array(memory.buffer as ArrayBuffer, pointer, length),
    i32: (pointer, length) => new Int32Array(memory.buffer as ArrayBuffer, pointer, length),
    u8: (pointer, length) => new Uint8Array(memory.buffer as ArrayBuffer, pointer, length),
  };
  return arena;
}

function roundUp(bytes: number): number {
  if (!Number.isInteger(bytes) || bytes < 0) {
    throw new CallError(complaint("wasm memory", "a whole number of bytes, 0 or more", `${bytes}`));
  }
  return Math.max(Math.ceil(bytes / ALIGNMENT), 1) * ALIGNMENT;
}
