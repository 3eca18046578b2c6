/** a·aᵀ of a (n×k) as a triple loop: what syrk.ts must equal up to rounding. n²k operations. */
export function syrkReference(
  a: Float32Array | Float64Array,
  { n, k }: { n: number; k: number },
): Float64Array {
  const c = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let p = 0; p < k; p++) sum += a[i * k + p] * a[j * k + p];
      c[i * n + j] = sum;
      c[j * n + i] = sum;
    }
  }
  return c;
}
