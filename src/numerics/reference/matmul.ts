/** op(a)·op(b) as a triple loop with float64 sums: what matmul.ts must equal up to rounding. 2mkn operations. */
import type { MatmulSizes } from "../matmul.ts";

export function matmulReference(
  a: Float32Array | Float64Array,
  b: Float32Array | Float64Array,
  { m, k, n, transposeA = false, transposeB = false }: MatmulSizes,
): Float64Array {
  const c = new Float64Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let p = 0; p < k; p++) {
        sum += a[transposeA ? p * m + i : i * k + p] * b[transposeB ? j * k + p : p * n + j];
      }
      c[i * n + j] = sum;
    }
  }
  return c;
}
