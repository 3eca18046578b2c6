/**
 * How a product is cut into tiles: by its shape alone, whoever computes them. An element of a product depends on its row of op(A) and
 * its column of op(B) only (assembly/tile.ts), so a tile has the bits it has in the whole.
 *
 * Tiles are 256 × 512: as many columns as the kernel packs at once, and rows enough that packing them costs 1 %. They shrink
 * where there would be fewer than 8 (several threads want work) or where one would take too long (an abort waits for it).
 */
import { type Block, packed } from "./blocks.ts";

export interface Tile {
  kernel: "gemmF32" | "gemmF64" | "gramF32" | "gramF64";
  m: number;
  n: number;
  k: number;
  /** Products of this tile, one after the other (more than one only where products are small). */
  count: number;
  a: Block;
  transposeA: boolean;
  /** The same object in tiles that follow each other: a worker keeps it. */
  b: Block;
  transposeB: boolean;
  out: Block;
  /** Gram sums off the diagonal: where the transposed tile goes. */
  mirrored?: Block;
  /** Gram sums on the diagonal: one triangle is computed, then mirrored inside the tile. */
  diagonal?: boolean;
}

const ROWS = 256;
const COLUMNS = 512;
const LEAST_ROWS = 64;
const LEAST_COLUMNS = 128;
const TILES = 8;
/** Operations below which a tile is not worth a message, and above which it holds an abort up for long: ~1 ms and ~100 ms. */
const LEAST_WORK = 2 ** 25;
const MOST_WORK = 2 ** 32;

export interface ProductShape {
  m: number;
  k: number;
  n: number;
  batch: number;
  /** Numbers from one block to the next; 0 where one serves all. */
  aStep: number;
  bStep: number;
  transposeA: boolean;
  transposeB: boolean;
}

const tilesOf = (size: number, side: number) => Math.ceil(size / side);

/** Tiles of C_i = op(A_i)·op(B_i), columns of C outermost, so that what they read of B changes seldom. */
export function productTiles(kernel: "gemmF32" | "gemmF64", shape: ProductShape): Tile[] {
  const { m, k, n, batch, aStep, bStep, transposeA, transposeB } = shape;
  let [rows, columns] = [Math.min(ROWS, m), Math.min(COLUMNS, n)];
  const work = () => 2 * k * rows * columns;
  while (work() > MOST_WORK && (rows > LEAST_ROWS || columns > LEAST_COLUMNS)) {
    rows = Math.max(LEAST_ROWS, rows >> 1);
    columns = Math.max(LEAST_COLUMNS, columns >> 1);
  }
  const few = () => batch * tilesOf(m, rows) * tilesOf(n, columns) < TILES && work() >= 2 * LEAST_WORK;
  while (few() && rows > LEAST_ROWS) rows >>= 1;
  while (few() && columns > LEAST_COLUMNS) columns >>= 1;

  const together = rows >= m && columns >= n ? Math.max(1, Math.floor((2 * LEAST_WORK) / work())) : 1;
  const tiles: Tile[] = [];
  for (let first = 0; first < batch; first += together) {
    const count = Math.min(together, batch - first);
    for (let left = 0; left < n; left += columns) {
      const width = Math.min(columns, n - left);
      const bCount = bStep === 0 ? 1 : count;
      const b: Block = transposeB
        ? { offset: left * k, count: bCount, step: bStep, rows: width, stride: k, columns: k }
        : { offset: left, count: bCount, step: bStep, rows: k, stride: n, columns: width };
      b.offset += first * bStep;
      for (let top = 0; top < m; top += rows) {
        const height = Math.min(rows, m - top);
        const aCount = aStep === 0 ? 1 : count;
        const a: Block = transposeA
          ? { offset: top, count: aCount, step: aStep, rows: k, stride: m, columns: height }
          : { offset: top * k, count: aCount, step: aStep, rows: height, stride: k, columns: k };
        a.offset += first * aStep;
        const offset = first * m * n + top * n + left;
        const out = { offset, count, step: m * n, rows: height, stride: n, columns: width };
        tiles.push({ kernel, m: height, n: width, k, count, a, transposeA, b, transposeB, out });
      }
    }
  }
  return tiles;
}

/** Tiles of a·aᵀ (a: n×k) that touch the lower triangle, and where their mirror images go. */
export function gramTiles(kernel: "gramF32" | "gramF64", { n, k }: { n: number; k: number }): Tile[] {
  let side = Math.min(ROWS, n);
  const work = () => 2 * k * side * side;
  while (work() > MOST_WORK && side > LEAST_ROWS) side >>= 1;
  const few = () => tilesOf(n, side) * (tilesOf(n, side) + 1) < 2 * TILES && work() >= 2 * LEAST_WORK;
  while (few() && side > LEAST_ROWS) side >>= 1;

  const tiles: Tile[] = [];
  const band = (top: number): Block => {
    const rows = Math.min(side, n - top);
    return { offset: top * k, count: 1, step: 0, rows, stride: k, columns: k };
  };
  for (let left = 0; left < n; left += side) {
    const b = band(left);
    for (let top = left; top < n; top += side) {
      const a = band(top);
      const sizes = { m: a.rows, n: b.rows, k, count: 1 };
      const out = { ...packed({ ...b, rows: a.rows, columns: b.rows }), offset: top * n + left, stride: n };
      const mirrored = { ...out, offset: left * n + top, rows: b.rows, columns: a.rows };
      const rest = top === left ? { diagonal: true } : { mirrored };
      tiles.push({ kernel, ...sizes, a, transposeA: false, b, transposeB: true, out, ...rest });
    }
  }
  return tiles;
}
