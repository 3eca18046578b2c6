import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  ALIGNMENT,
  createArena,
  FIRST_BYTE,
  type GrowableMemory,
  MAX_PAGES,
  PAGE_BYTES,
} from "../../../src/numerics/wasm/arena.ts";

/** Memory that only counts: it reaches 4 GiB without having any. */
function mock(limit = MAX_PAGES): GrowableMemory & { grown: number[] } {
  const grown: number[] = [];
  let pages = 1;
  return {
    grown,
    get buffer() {
      return { byteLength: pages * PAGE_BYTES } as ArrayBuffer;
    },
    grow(more) {
      if (pages + more > limit) throw new RangeError("maximum");
      grown.push(more);
      pages += more;
      return pages - more;
    },
  };
}

describe("arena", () => {
  it("hands out aligned blocks that do not overlap, and never null", () => {
    const arena = createArena(mock());
    const sizes = [0, 1, 63, 64, 65, 1000];
    const blocks = sizes.map((bytes) => arena.allocate(bytes));
    expect(blocks[0]).toBe(FIRST_BYTE);
    blocks.forEach((start, i) => {
      expect(start % ALIGNMENT).toBe(0);
      if (i > 0) expect(start).toBeGreaterThanOrEqual(blocks[i - 1] + Math.max(sizes[i - 1], 1));
    });
    expect(arena.blocks).toBe(6);
  });

  it("joins what was freed, in any order of freeing", () => {
    for (const order of [
      [0, 1, 2],
      [2, 1, 0],
      [1, 0, 2],
      [0, 2, 1],
    ]) {
      const arena = createArena(mock());
      const blocks = [100, 200, 300].map((bytes) => arena.allocate(bytes));
      const fence = arena.allocate(1);
      for (const i of order) arena.free(blocks[i]);
      expect(arena.allocate(128 + 256 + 320)).toBe(blocks[0]); // only whole does it fit before the fence
      arena.free(fence);
    }
  });

  it("refuses to free what is not a block, twice, or inside one", () => {
    const arena = createArena(mock());
    const block = arena.allocate(256);
    expect(() => arena.free(block + 64)).toThrow(/start of a living block/);
    arena.free(block);
    expect(() => arena.free(block)).toThrow(/freed before/);
    expect(() => arena.free(0)).toThrow(/living block/);
    expect(() => arena.allocate(-1)).toThrow(/whole number of bytes/);
    expect(() => arena.allocate(1.5)).toThrow(/whole number of bytes/);
  });

  it("counts bytes in use, and remembers the most", () => {
    const arena = createArena(mock());
    const [a, b] = [arena.allocate(1000), arena.allocate(64)];
    expect(arena.bytesInUse).toBe(1024 + 64);
    arena.free(a);
    expect(arena.bytesInUse).toBe(64);
    expect(arena.peakBytes).toBe(1088);
    arena.free(b);
    expect([arena.bytesInUse, arena.peakBytes, arena.blocks]).toEqual([0, 1088, 0]);
  });

  it("reserves in one step, after which nothing grows", () => {
    const memory = mock();
    const arena = createArena(memory);
    arena.reserve(100 * PAGE_BYTES);
    expect(memory.grown.length).toBe(1);
    for (let i = 0; i < 100; i++) arena.allocate(PAGE_BYTES);
    expect(memory.grown.length).toBe(1);
    arena.reserve(0);
    expect(memory.grown.length).toBe(1);
  });

  it("reaches past 2 GiB, to the last byte of 4 GiB, and not beyond", () => {
    const arena = createArena(mock());
    const low = arena.allocate(2 ** 31);
    const high = arena.allocate(2 ** 31 - FIRST_BYTE - 64);
    expect(high).toBe(FIRST_BYTE + 2 ** 31);
    const last = arena.allocate(64);
    expect(last).toBe(2 ** 32 - 64);
    expect(() => arena.allocate(1)).toThrow(/64 bytes on top of 4294966272 in use: the 4 GiB/);
    arena.free(low);
    expect(arena.allocate(2 ** 31)).toBe(low);
    arena.free(last);
    arena.free(high);
  });

  it("takes what the system gives: the exact need where more is refused, a clear error where that is", () => {
    const arena = createArena(mock(10));
    expect(arena.allocate(9 * PAGE_BYTES)).toBe(FIRST_BYTE);
    expect(() => arena.allocate(PAGE_BYTES)).toThrow(/the system refused to grow memory past 655360 bytes/);
  });

  it("gives scratch back, even when the body throws", () => {
    const arena = createArena(mock());
    expect(arena.withScratch([64, 100], (a, b) => b - a)).toBe(64);
    expect(() =>
      arena.withScratch([64, 2 ** 33], () => {
        throw new Error("never reached");
      }),
    ).toThrow(/4 GiB/);
    expect(() =>
      arena.withScratch([64], () => {
        throw new Error("thrown inside");
      }),
    ).toThrow("thrown inside");
    expect(arena.blocks).toBe(0);
  });

  it("makes views where the numbers are, alive after growth", () => {
    const memory = new WebAssembly.Memory({ initial: 1 });
    const arena = createArena(memory);
    const block = arena.allocate(16);
    arena.f32(block, 4).set([1, 2, 3, 4]);
    arena.reserve(100 * PAGE_BYTES);
    expect([...arena.f32(block, 4)]).toEqual([1, 2, 3, 4]);
    expect(arena.i32(block, 1)[0]).toBe(0x3f800000);
    expect([...arena.u8(block, 4)]).toEqual([0, 0, 0x80, 0x3f]);
    expect(arena.f64(block, 2).byteOffset).toBe(block);
  });

  it("never overlaps, never leaks, whatever the order of calls", () => {
    const call = fc.oneof(fc.record({ allocate: fc.nat(5000) }), fc.record({ free: fc.nat(1000) }));
    fc.assert(
      fc.property(fc.array(call, { maxLength: 200 }), (calls) => {
        const arena = createArena(mock());
        const living: { start: number; end: number }[] = [];
        for (const step of calls) {
          if ("allocate" in step) {
            const start = arena.allocate(step.allocate);
            const end = start + Math.max(step.allocate, 1);
            expect(living.every((other) => end <= other.start || other.end <= start)).toBe(true);
            living.push({ start, end });
          } else if (living.length > 0) arena.free(living.splice(step.free % living.length, 1)[0].start);
        }
        for (const { start } of living) arena.free(start);
        expect(arena.bytesInUse).toBe(0);
        expect(arena.allocate(1)).toBe(FIRST_BYTE);
      }),
      { seed: 1 },
    );
  });
});
