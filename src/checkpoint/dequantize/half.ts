/** IEEE 754 binary16 → number, exactly: (−1)^s · 2^(e − 15) · (1 + f/1024), or (−1)^s · 2⁻²⁴ · f where e = 0. */
export function halfAt(bytes: Uint8Array, at: number): number {
  const half = bytes[at] | (bytes[at + 1] << 8);
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  const sign = half & 0x8000 ? -1 : 1;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Infinity;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}
