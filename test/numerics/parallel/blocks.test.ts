import { expect, it } from "vitest";
import {
  type Block,
  copyBlock,
  packed,
  sizeOfBlock,
  transposeBlock,
} from "../../../src/numerics/parallel/blocks.ts";

/** Two 2×3 matrices inside two 4×5 ones. */
const inner: Block = { offset: 6, count: 2, step: 20, rows: 2, stride: 5, columns: 3 };
const outer = Float32Array.from({ length: 40 }, (_, i) => i);

it("packs, and puts back where it was", () => {
  const dense = new Float64Array(sizeOfBlock(inner));
  copyBlock(outer, inner, dense, packed(inner));
  expect([...dense]).toEqual([6, 7, 8, 11, 12, 13, 26, 27, 28, 31, 32, 33]);
  const back = new Float32Array(40);
  copyBlock(dense, packed(inner), back, inner);
  expect([...back]).toEqual([...outer].map((value) => (dense.includes(value) ? value : 0)));
});

it("copies whole rows in one piece", () => {
  const whole: Block = { offset: 20, count: 1, step: 0, rows: 4, stride: 5, columns: 5 };
  const dense = new Float32Array(20);
  copyBlock(outer, whole, dense, packed(whole));
  expect(dense).toEqual(outer.subarray(20));
});

it("transposes each matrix, past the span that is read at once", () => {
  const out = new Float32Array(12);
  transposeBlock(outer, inner, out, packed({ ...inner, rows: 3, columns: 2 }));
  expect([...out]).toEqual([6, 11, 7, 12, 8, 13, 26, 31, 27, 32, 28, 33]);
  const [rows, columns] = [3, 130];
  const wide = Float64Array.from({ length: rows * columns }, (_, i) => i);
  const block = { offset: 0, count: 1, step: 0, rows, stride: columns, columns };
  const tall = new Float64Array(rows * columns);
  transposeBlock(wide, block, tall, { ...block, rows: columns, stride: rows, columns: rows });
  for (let c = 0; c < columns; c++) {
    for (let r = 0; r < rows; r++) expect(tall[c * rows + r]).toBe(wide[r * columns + c]);
  }
});
