/** Matrix times vector as its definition: what gemv.ts must equal up to rounding. */
import type { GemvOptions, SymvOptions } from "../gemv.ts";

type Floats = Float32Array | Float64Array;

export function gemvReference(a: Floats, x: Floats, options: GemvOptions): Float64Array {
  const { m, n, transpose, alpha = 1, beta = 0, out, offsetA = 0, strideA = n } = options;
  return Float64Array.from({ length: transpose ? n : m }, (_, i) => {
    let sum = 0;
    for (let j = 0; j < x.length; j++)
      sum += a[offsetA + (transpose ? j * strideA + i : i * strideA + j)] * x[j];
    return alpha * sum + (out && beta !== 0 ? beta * out[i] : 0);
  });
}

export function symvReference(a: Floats, x: Floats, options: SymvOptions): Float64Array {
  const { n, triangle = "lower", alpha = 1, beta = 0, out, offsetA = 0, strideA = n } = options;
  return Float64Array.from({ length: n }, (_, i) => {
    let sum = 0;
    for (let j = 0; j < n; j++) {
      const [low, high] = [Math.min(i, j), Math.max(i, j)];
      sum += a[offsetA + (triangle === "lower" ? high * strideA + low : low * strideA + high)] * x[j];
    }
    return alpha * sum + (out && beta !== 0 ? beta * out[i] : 0);
  });
}
