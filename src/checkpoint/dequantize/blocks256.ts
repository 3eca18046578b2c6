/**
 * The ggml "K" types: blocks of 256 numbers y in groups with scales of their own.
 *
 *   Q4_K  144 bytes  d, dmin (f16), scales (12), qs (128)            y = (d·s_g) q − dmin·m_g, eight groups g of 32
 *   Q5_K  176 bytes  d, dmin (f16), scales (12), qh (32), qs (128)   the same with a fifth bit
 *   Q6_K  210 bytes  ql (128), qh (64), scales (16 × int8), d (f16)  y = (d·s_g) (q − 32), sixteen groups of 16
 *
 * The 12 bytes hold eight pairs of 6 bits: s_g, m_g of groups 0–3 in the low 6 bits of bytes g and g + 4; those of 4–7 in the two
 * halves of byte g + 4, with their upper two bits on top of bytes g − 4 and g. Group 2c is the lower halves of qs bytes
 * [32c, 32c + 32), group 2c + 1 the upper; bit g of qh byte l is the fifth bit of the group's number l.
 * Each y is rounded once: products are exact in float32, the difference in float64. O(numbers).
 */
import { halfAt } from "./half.ts";

function fourOrFive(bytes: Uint8Array, fifth: boolean): Float32Array<ArrayBuffer> {
  const stride = fifth ? 176 : 144;
  const out = new Float32Array((bytes.length / stride) * 256);
  for (let at = 0, o = 0; at < bytes.length; at += stride, o += 256) {
    const d = halfAt(bytes, at);
    const dmin = halfAt(bytes, at + 2);
    const scales = at + 4;
    const qh = at + 16;
    const qs = at + stride - 128;
    for (let g = 0; g < 8; g++) {
      const inFirst = g < 4;
      const pair = bytes[scales + g + 4];
      const s = inFirst ? bytes[scales + g] & 63 : (pair & 15) | ((bytes[scales + g - 4] >> 6) << 4);
      const m = inFirst ? pair & 63 : (pair >> 4) | ((bytes[scales + g] >> 6) << 4);
      for (let l = 0; l < 32; l++) {
        let q = (bytes[qs + 32 * (g >> 1) + l] >> (4 * (g & 1))) & 15;
        if (fifth) q |= ((bytes[qh + l] >> g) & 1) << 4;
        out[o + 32 * g + l] = d * s * q - dmin * m;
      }
    }
  }
  return out;
}

export const q4_K = (bytes: Uint8Array) => fourOrFive(bytes, false);
export const q5_K = (bytes: Uint8Array) => fourOrFive(bytes, true);

/** Each half of 128 has four quarters k of 32: ql bytes 32(k mod 2) + l, lower half for k < 2; bits 2k of qh byte l. */
export function q6_K(bytes: Uint8Array): Float32Array<ArrayBuffer> {
  const out = new Float32Array((bytes.length / 210) * 256);
  for (let at = 0, o = 0; at < bytes.length; at += 210, o += 256) {
    const d = halfAt(bytes, at + 208);
    for (let y = 0; y < 256; y++) {
      const half = y >> 7;
      const k = (y >> 5) & 3;
      const l = y & 31;
      const low = (bytes[at + 64 * half + 32 * (k & 1) + l] >> (k < 2 ? 0 : 4)) & 15;
      const q = low | (((bytes[at + 128 + 32 * half + l] >> (2 * k)) & 3) << 4);
      const s = (bytes[at + 192 + (y >> 4)] << 24) >> 24;
      out[o + y] = d * s * (q - 32);
    }
  }
  return out;
}
