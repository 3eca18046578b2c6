/** Tiles cover a result once, read what they need, and follow from the shape. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Block, sizeOfBlock } from "../../../src/numerics/parallel/blocks.ts";
import {
  gramTiles,
  type ProductShape,
  productTiles,
  type Tile,
} from "../../../src/numerics/parallel/plan.ts";

function visit({ offset, count, step, rows, stride, columns }: Block, body: (index: number) => void): void {
  for (let i = 0; i < count; i++) {
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) body(offset + i * step + r * stride + c);
    }
  }
}

function covers(size: number, blocks: Block[]): boolean {
  const times = new Uint8Array(size);
  let strays = 0;
  for (const block of blocks)
    visit(block, (i) => {
      if (i < size) times[i]++;
      else strays++;
    });
  return strays === 0 && times.every((count) => count === 1);
}

const shapeOf = (m: number, k: number, n: number, batch = 1, transposes = {}): ProductShape => ({
  ...{ m, k, n, batch, aStep: m * k, bStep: k * n, transposeA: false, transposeB: false },
  ...transposes,
});
const work = ({ count, m, n, k }: Tile) => 2 * count * m * n * k;

describe("productTiles", () => {
  it("cover every element once, whatever the shape", () => {
    const side = fc.integer({ min: 0, max: 600 });
    const flags = fc.record({ transposeA: fc.boolean(), transposeB: fc.boolean() });
    fc.assert(
      fc.property(
        side,
        fc.constantFrom(1, 30, 1e4, 1e6),
        side,
        fc.integer({ min: 1, max: 3 }),
        flags,
        (...shape) => {
          const [m, k, n, batch] = shape;
          const tiles = productTiles("gemmF32", shapeOf(...shape));
          expect(
            covers(
              batch * m * n,
              tiles.map(({ out }) => out),
            ),
          ).toBe(true);
          for (const tile of tiles) {
            expect(sizeOfBlock(tile.a)).toBe(tile.count * tile.m * k);
            expect(sizeOfBlock(tile.b)).toBe(tile.count * k * tile.n);
            expect(sizeOfBlock(tile.out)).toBe(tile.count * tile.m * tile.n);
          }
        },
      ),
      { numRuns: 60, seed: 1 },
    );
  });

  it("read all of both factors for the whole result", () => {
    for (const transposes of [{}, { transposeA: true }, { transposeB: true }]) {
      const [m, k, n] = [300, 40, 1100];
      const tiles = productTiles("gemmF64", shapeOf(m, k, n, 1, transposes));
      const columns = new Set(tiles.map(({ b }) => b));
      expect(covers(k * n, [...columns])).toBe(true);
      const rows = tiles.filter(({ b }) => b === tiles[0].b);
      expect(
        covers(
          m * k,
          rows.map(({ a }) => a),
        ),
      ).toBe(true);
    }
  });

  it("are 8 or more where that leaves each worth a message, and short enough for an abort", () => {
    expect(productTiles("gemmF32", shapeOf(1024, 1024, 1024))).toHaveLength(8);
    expect(productTiles("gemmF32", shapeOf(512, 1024, 256)).length).toBe(8);
    expect(productTiles("gemmF32", shapeOf(64, 4096, 4096)).length).toBeGreaterThanOrEqual(8);
    expect(productTiles("gemmF32", shapeOf(4096, 4096, 64)).length).toBeGreaterThanOrEqual(8);
    for (const tile of productTiles("gemmF32", shapeOf(1000, 1e5, 1000))) {
      expect(work(tile)).toBeLessThanOrEqual(2 ** 32);
    }
  });

  it("take small products of a batch together, one factor for all where it serves all", () => {
    const shape = { ...shapeOf(32, 64, 32, 1000), bStep: 0 };
    const tiles = productTiles("gemmF32", shape);
    expect(tiles.length).toBeLessThan(5);
    expect(
      covers(
        1000 * 32 * 32,
        tiles.map(({ out }) => out),
      ),
    ).toBe(true);
    for (const { b } of tiles)
      expect(b).toEqual({ offset: 0, count: 1, step: 0, rows: 64, stride: 32, columns: 32 });
  });
});

describe("gramTiles", () => {
  it("and their mirror images cover every element once", () => {
    for (const n of [0, 1, 65, 256, 257, 700]) {
      for (const k of [1, 1000, 1e6]) {
        const tiles = gramTiles("gramF64", { n, k });
        const blocks = tiles.flatMap(({ out, mirrored }) => (mirrored ? [out, mirrored] : [out]));
        expect(covers(n * n, blocks)).toBe(true);
        for (const { diagonal, m, n: width } of tiles) if (diagonal) expect(m).toBe(width);
      }
    }
  });
});
