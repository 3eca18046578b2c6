/** Matrix products as triple loops: out = op(a)·op(b), op(a) m×k, op(b) k×n. Cost m·k·n. */
import { PRODUCT_GROUP_FIELDS } from "../backend.ts";

interface Transposes {
  transposeA?: boolean;
  transposeB?: boolean;
}

export function matmul(
  a: Float64Array,
  b: Float64Array,
  out: Float64Array, // m×n
  { m, k, n, bias, ...options }: { m: number; k: number; n: number; bias: Float64Array | null } & Transposes,
): void {
  const aStride = options.transposeA ? m : k;
  const bStride = options.transposeB ? k : n;
  const row = [0, aStride, 0, bStride, 0, n, m, k, n];
  groupedMatmul(a, b, Int32Array.from(row), out, options);
  if (!bias) return;
  for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) out[i * n + j] += bias[j];
}

/** out_g += alpha · op(a_g)·op(b_g), groups in order. */
export function groupedMatmul(
  a: Float64Array,
  b: Float64Array,
  table: Int32Array,
  out: Float64Array,
  { transposeA, transposeB, alpha = 1 }: Transposes & { alpha?: number },
): void {
  for (let g = 0; g < table.length; g += PRODUCT_GROUP_FIELDS) {
    const [aOffset, aStride, bOffset, bStride, outOffset, outStride, m, k, n] = table.subarray(
      g,
      g + PRODUCT_GROUP_FIELDS,
    );
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let p = 0; p < k; p++) {
          const left = transposeA ? a[aOffset + p * aStride + i] : a[aOffset + i * aStride + p];
          const right = transposeB ? b[bOffset + j * bStride + p] : b[bOffset + p * bStride + j];
          sum += left * right;
        }
        out[outOffset + i * outStride + j] += alpha * sum;
      }
    }
  }
}

/** target (rows×columns) += a (rows×k) · b (columns×k)ᵀ. */
export function gramInto(
  target: Float64Array,
  a: Float64Array,
  b: Float64Array,
  { rows, columns, k }: { rows: number; columns: number; k: number },
): void {
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      let sum = 0;
      for (let p = 0; p < k; p++) sum += a[i * k + p] * b[j * k + p];
      target[i * columns + j] += sum;
    }
  }
}
