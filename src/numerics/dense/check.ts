/** What the dense routines ask of a matrix before they start: its size, finite entries, symmetry, a safe scale. */
import { CallError, complaint, DataError } from "../../errors.ts";

/** Products in float32 leave a_ij and a_ji about this far apart, relative to the largest entry; more is another matrix. */
export const ASYMMETRY = 2 ** -20;
const BLOCK = 32;

export function checkSize(where: string, name: string, value: number): void {
  if (!Number.isInteger(value) || value < 0) {
    throw new CallError(complaint(where, `${name} to be a whole number, 0 or more`, `${value}`));
  }
}

/** `a` holds rows × columns numbers and all are finite; the first that is not is named. */
export function checkFinite(
  where: string,
  name: string,
  a: Float64Array,
  rows: number,
  columns: number,
): void {
  if (!(a instanceof Float64Array)) {
    throw new CallError(complaint(where, `${name} to be a Float64Array`, Object.prototype.toString.call(a)));
  }
  if (a.length !== rows * columns) {
    const got = `${a.length} numbers`;
    throw new CallError(complaint(where, `${name} of ${rows}×${columns} = ${rows * columns} numbers`, got));
  }
  for (let i = 0; i < a.length; i++) {
    if (Number.isFinite(a[i])) continue;
    const place = `row ${Math.floor(i / columns)}, column ${i % columns}`;
    throw new DataError(complaint(where, `finite numbers in ${name}`, `${a[i]} at ${place}`));
  }
}

/** Largest |a_i|; 0 for none. */
export function largestEntry(a: Float64Array): number {
  let largest = 0;
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs(a[i]));
  return largest;
}

/**
 * The power of two that brings `largest` to [½, 1): then squares and sums of squares neither overflow nor vanish, and scaling rounds
 * nothing. 1 for 0; at most 2¹⁰²², the largest whose inverse is exact.
 */
export function powerScale(largest: number): number {
  return largest === 0 ? 1 : 2 ** Math.min(1022, -Math.floor(Math.log2(largest)) - 1);
}

/** scale · (A + Aᵀ)/2 of a (n×n). @throws DataError as checkSymmetric. */
export function symmetricPart(where: string, a: Float64Array, n: number, scale = 1): Float64Array {
  const part = new Float64Array(n * n);
  eachPair(where, a, n, (lower, upper, i, j) => {
    const mean = lower === upper ? lower * scale : (lower * scale) / 2 + (upper * scale) / 2;
    part[i * n + j] = mean;
    part[j * n + i] = mean;
  });
  return part;
}

/** @throws DataError where a (n×n) and aᵀ differ by more than products in float32 would make them. */
export function checkSymmetric(where: string, a: Float64Array, n: number): void {
  eachPair(where, a, n, () => {});
}

/** Calls `visit` with a_ij and a_ji for every i ≥ j, in blocks: a row of one triangle is a column of the other. */
function eachPair(
  where: string,
  a: Float64Array,
  n: number,
  visit: (lower: number, upper: number, i: number, j: number) => void,
): void {
  const allowed = ASYMMETRY * largestEntry(a);
  for (let top = 0; top < n; top += BLOCK) {
    for (let left = 0; left <= top; left += BLOCK) {
      for (let i = top; i < Math.min(top + BLOCK, n); i++) {
        for (let j = left; j < Math.min(left + BLOCK, i + 1); j++) {
          const lower = a[i * n + j];
          const upper = a[j * n + i];
          if (Math.abs(lower - upper) > allowed) throw asymmetric(where, a, n, i, j);
          visit(lower, upper, i, j);
        }
      }
    }
  }
}

function asymmetric(where: string, a: Float64Array, n: number, i: number, j: number): DataError {
  const got = `${a[i * n + j]} at row ${i}, column ${j} and ${a[j * n + i]} at row ${j}, column ${i}`;
  return new DataError(complaint(where, "a symmetric matrix", got, "(A + Aᵀ)/2 if the difference is noise"));
}
