/** The upper triangle of a (n×n) becomes that of the lower, in place: what Gram kernels leave half done. */
export function mirror(a: Float64Array, n: number): void {
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) a[j * n + i] = a[i * n + j];
}
