/**
 * Numbers from one row to the next of an n×n working matrix: rows start on cache lines, and never a multiple of 1 KiB apart, where
 * the rows of a tile would fall on the same few lines of the cache.
 */
export function workingStride(n: number): number {
  const whole = Math.ceil(n / 8) * 8;
  return whole % 128 === 0 ? whole + 8 : whole;
}

/** n rows of n numbers, from rows `fromStride` apart to rows `toStride` apart. */
export function copyRows(
  from: Float64Array,
  fromStride: number,
  to: Float64Array,
  toStride: number,
  n: number,
): void {
  for (let i = 0; i < n; i++) to.set(from.subarray(i * fromStride, i * fromStride + n), i * toStride);
}
