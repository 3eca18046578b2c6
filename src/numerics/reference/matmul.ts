/**
 * beta·out + alpha·op(a)·op(b) + bias as a triple loop with float64 sums: what matmul.ts must equal up to rounding. 2mkn operations a
 * product. Returns all of `out`, as float64; where there is none, the products one after the other.
 */
import type { BatchedMatmulOptions, MatmulOptions } from "../matmul.ts";

type Floats = Float32Array | Float64Array;

export function matmulReference(a: Floats, b: Floats, options: MatmulOptions): Float64Array {
  return batchedMatmulReference(a, b, { ...options, batch: 1 });
}

export function batchedMatmulReference(a: Floats, b: Floats, options: BatchedMatmulOptions): Float64Array {
  const { m, k, n, batch, transposeA, transposeB, alpha = 1, beta = 0, bias } = options;
  const { offsetA = 0, offsetB = 0, offsetOut = 0 } = options;
  const { strideA = transposeA ? m : k, strideB = transposeB ? k : n, strideOut = n } = options;
  const { batchStrideA = a.length === batch * m * k ? m * k : 0 } = options;
  const { batchStrideB = b.length === batch * k * n ? k * n : 0 } = options;
  const { batchStrideOut = m * strideOut } = options;
  const out = Float64Array.from(options.out ?? new Float64Array(batch * m * n));
  for (let q = 0; q < batch; q++) {
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let p = 0; p < k; p++) {
          const left = offsetA + q * batchStrideA + (transposeA ? p * strideA + i : i * strideA + p);
          const right = offsetB + q * batchStrideB + (transposeB ? j * strideB + p : p * strideB + j);
          sum += a[left] * b[right];
        }
        const place = offsetOut + q * batchStrideOut + i * strideOut + j;
        out[place] = (beta === 0 ? 0 : beta * out[place]) + alpha * sum + (bias ? bias[j] : 0);
      }
    }
  }
  return out;
}
