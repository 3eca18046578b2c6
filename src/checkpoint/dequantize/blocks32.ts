/**
 * The ggml types with blocks of 32 numbers y. d and m are f16; q are 4, 5 or 8 bits; in 16 bytes `qs` byte j holds the low bits of
 * q_j (lower half) and of q_{j+16} (upper half); bit j of the 32-bit `qh` is the fifth bit of q_j.
 *
 *   Q4_0  18 bytes  d, qs            y = d (q − 8)
 *   Q4_1  20 bytes  d, m, qs         y = d q + m
 *   Q5_0  22 bytes  d, qh, qs        y = d (q − 16)
 *   Q5_1  24 bytes  d, m, qh, qs     y = d q + m
 *   Q8_0  34 bytes  d, 32 × int8 q   y = d q
 *
 * The products are exact in float32, the sums exact in float64, so that each y is rounded once, as ggml does. O(numbers).
 */
import { halfAt } from "./half.ts";

function nibbles(bytes: Uint8Array, withMinimum: boolean, fifth: boolean): Float32Array<ArrayBuffer> {
  const head = withMinimum ? 4 : 2;
  const stride = head + (fifth ? 4 : 0) + 16;
  const middle = fifth ? 16 : 8;
  const out = new Float32Array((bytes.length / stride) * 32);
  for (let at = 0, o = 0; at < bytes.length; at += stride, o += 32) {
    const d = halfAt(bytes, at);
    const m = withMinimum ? halfAt(bytes, at + 2) : 0;
    const qs = at + stride - 16;
    for (let j = 0; j < 16; j++) {
      let low = bytes[qs + j] & 15;
      let high = bytes[qs + j] >> 4;
      if (fifth) {
        low |= ((bytes[at + head + (j >> 3)] >> (j & 7)) & 1) << 4;
        high |= ((bytes[at + head + 2 + (j >> 3)] >> (j & 7)) & 1) << 4;
      }
      out[o + j] = withMinimum ? d * low + m : d * (low - middle);
      out[o + 16 + j] = withMinimum ? d * high + m : d * (high - middle);
    }
  }
  return out;
}

export const q4_0 = (bytes: Uint8Array) => nibbles(bytes, false, false);
export const q4_1 = (bytes: Uint8Array) => nibbles(bytes, true, false);
export const q5_0 = (bytes: Uint8Array) => nibbles(bytes, false, true);
export const q5_1 = (bytes: Uint8Array) => nibbles(bytes, true, true);

export function q8_0(bytes: Uint8Array): Float32Array<ArrayBuffer> {
  const out = new Float32Array((bytes.length / 34) * 32);
  for (let at = 0, o = 0; at < bytes.length; at += 34, o += 32) {
    const d = halfAt(bytes, at);
    for (let j = 0; j < 32; j++) out[o + j] = d * ((bytes[at + 2 + j] << 24) >> 24);
  }
  return out;
}
