/** beta·out + alpha·a·aᵀ of a (n×k), or of the transpose of a stored (k×n), as a triple loop: what syrk.ts must equal up to rounding. */
import type { SyrkOptions } from "../syrk.ts";

export function syrkReference(a: Float32Array | Float64Array, options: SyrkOptions): Float64Array {
  const { n, k, transpose, alpha = 1, beta = 0, triangle, offsetA = 0 } = options;
  const { strideA = transpose ? n : k } = options;
  const c = options.out?.slice() ?? new Float64Array(n * n);
  const entry = (i: number, p: number) => a[offsetA + (transpose ? p * strideA + i : i * strideA + p)];
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let p = 0; p < k; p++) sum += entry(i, p) * entry(j, p);
      c[i * n + j] = (beta === 0 ? 0 : beta * c[i * n + j]) + alpha * sum;
      if (triangle !== "lower") c[j * n + i] = c[i * n + j];
    }
  }
  return c;
}
