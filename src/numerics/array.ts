/** A block of numbers with a shape, row-major: what the package takes and gives at its doors. */
export interface Tensor<D extends Float32Array | Float64Array = Float32Array | Float64Array> {
  data: D;
  shape: number[];
}

/** Product of the sides; 1 for a scalar. */
export function sizeOf(shape: readonly number[]): number {
  let size = 1;
  for (const side of shape) size *= side;
  return size;
}
