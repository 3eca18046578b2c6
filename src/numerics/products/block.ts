/**
 * Matrices that lie inside longer arrays: what the products take, check, copy into WASM memory and copy back.
 * Copies are dense there; one `set` where the rows touch, one a row elsewhere.
 */
import { CallError, complaint } from "../../errors.ts";

export type Floats = Float32Array | Float64Array;

/** rows×columns numbers of `data`: row i starts at offset + i·stride. */
export interface Block<D extends Floats = Floats> {
  data: D;
  offset: number;
  stride: number;
  rows: number;
  columns: number;
}

/** Where a block lies; both absent: it is the whole array. */
export interface Place {
  /** Index of the first number (0). */
  offset?: number;
  /** Numbers from one stored row to the next (as many as a row has). */
  stride?: number;
}

/** A block as far as it is one. @throws CallError if it does not fit its array, or is the whole of one of another length. */
export function blockOf<D extends Floats>(
  where: string,
  name: string,
  data: D,
  [rows, columns]: readonly [number, number],
  place: Place = {},
): Block<D> {
  const { offset = 0, stride = columns } = place;
  const block = { data, offset, stride, rows, columns };
  if (place.offset === undefined && place.stride === undefined) {
    if (data.length !== rows * columns) {
      const expected = `${name} of ${rows}×${columns} = ${rows * columns} numbers`;
      throw new CallError(complaint(where, expected, `${data.length}`));
    }
    return block;
  }
  checkWhole(where, `the offset of ${name}`, offset);
  checkWhole(where, `the stride of ${name}`, stride);
  checkInside(where, name, block);
  return block;
}

/** The block lies in its array, and its rows do not overlap. */
export function checkInside(
  where: string,
  name: string,
  { data, offset, stride, rows, columns }: Block,
): void {
  if (rows === 0 || columns === 0) return;
  if (rows > 1 && stride < columns) {
    throw new CallError(complaint(where, `a stride of ${name} of at least ${columns}`, `${stride}`));
  }
  const end = offset + (rows - 1) * stride + columns;
  if (end > data.length) {
    const expected = `${name}, ${rows}×${columns}, inside ${data.length} numbers`;
    throw new CallError(complaint(where, expected, `one that ends at ${end}`));
  }
}

export function checkWhole(where: string, name: string, value: number): void {
  if (!Number.isInteger(value) || value < 0) {
    throw new CallError(complaint(where, `${name} a whole number, 0 or more`, `${value}`));
  }
}

/** All of one kind of numbers; true for float32. */
export function isSingle(where: string, arrays: readonly (Floats | undefined)[]): boolean {
  const given = arrays.filter((array) => array !== undefined);
  const single = given[0] instanceof Float32Array;
  if (given.every((array) => (single ? array instanceof Float32Array : array instanceof Float64Array))) {
    return single;
  }
  const got = given.map((array) => Object.prototype.toString.call(array).slice(8, -1)).join(" and ");
  throw new CallError(complaint(where, "Float32Array throughout or Float64Array throughout", got));
}

/** Rows shorter than this are copied number by number: a view of each would cost more. */
const SHORT = 16;

/** target (rows×columns, dense) ← block. */
export function copyIn({ data, offset, stride, rows, columns }: Block, target: Floats): void {
  if (stride === columns || rows === 1) {
    target.set(data.subarray(offset, offset + rows * columns));
    return;
  }
  for (let i = 0; i < rows; i++) {
    const from = offset + i * stride;
    if (columns >= SHORT) target.set(data.subarray(from, from + columns), i * columns);
    else for (let j = 0; j < columns; j++) target[i * columns + j] = data[from + j];
  }
}

/** block ← source (rows×columns, dense). What lies between the rows is left alone. */
export function copyOut(source: Floats, { data, offset, stride, rows, columns }: Block): void {
  if (stride === columns || rows === 1) {
    data.set(source, offset);
    return;
  }
  for (let i = 0; i < rows; i++) {
    const to = offset + i * stride;
    if (columns >= SHORT) data.set(source.subarray(i * columns, (i + 1) * columns), to);
    else for (let j = 0; j < columns; j++) data[to + j] = source[i * columns + j];
  }
}

const TILE = 32;

/** target (columns×rows) ← sourceᵀ of source (rows×columns), in tiles that stay in the cache. */
export function transposeInto(source: Floats, rows: number, columns: number, target: Floats): void {
  for (let top = 0; top < rows; top += TILE) {
    for (let left = 0; left < columns; left += TILE) {
      const right = Math.min(left + TILE, columns);
      for (let i = top; i < Math.min(top + TILE, rows); i++) {
        for (let j = left; j < right; j++) target[j * rows + i] = source[i * columns + j];
      }
    }
  }
}
