/** Blocks of matrices inside flat arrays: what is copied between the caller's arrays, shared memory and the kernels' memory. */

export type Numbers = Float32Array | Float64Array;

/** `count` matrices of rows × columns: row r of matrix i starts at number offset + i·step + r·stride. */
export interface Block {
  offset: number;
  count: number;
  step: number;
  rows: number;
  stride: number;
  columns: number;
}

export const sizeOfBlock = ({ count, rows, columns }: Block) => count * rows * columns;

/** The same matrices one after the other without gaps, from 0. */
export function packed({ count, rows, columns }: Block): Block {
  return { offset: 0, count, step: rows * columns, rows, stride: columns, columns };
}

/** target[to] = source[from]; blocks of the same sizes, arrays of any float kind. Runs of whole rows go in one piece. */
export function copyBlock(source: Numbers, from: Block, target: Numbers, to: Block): void {
  const whole = from.stride === from.columns && to.stride === to.columns;
  const [rows, columns] = whole ? [1, from.rows * from.columns] : [from.rows, from.columns];
  for (let i = 0; i < from.count; i++) {
    let read = from.offset + i * from.step;
    let write = to.offset + i * to.step;
    for (let r = 0; r < rows; r++) {
      target.set(source.subarray(read, read + columns), write);
      read += from.stride;
      write += to.stride;
    }
  }
}

/** Columns of this many rows stay in the cache while they are read across. */
const SPAN = 64;

/** target[to] = source[from]ᵀ, matrix by matrix: `to` has the rows and columns of `from` exchanged. */
export function transposeBlock(source: Numbers, from: Block, target: Numbers, to: Block): void {
  for (let i = 0; i < from.count; i++) {
    const read = from.offset + i * from.step;
    const write = to.offset + i * to.step;
    for (let left = 0; left < from.columns; left += SPAN) {
      const right = Math.min(left + SPAN, from.columns);
      for (let r = 0; r < from.rows; r++) {
        for (let c = left; c < right; c++)
          target[write + c * to.stride + r] = source[read + r * from.stride + c];
      }
    }
  }
}
