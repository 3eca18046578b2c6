/**
 * Numbers → how a file stores them: the nearest of that type, ties to even (IEEE 754); the opposite of `widen`. Little-endian. O(n).
 */
import { complaint, DataError } from "../errors.ts";
import type { FloatDType } from "./dtypes.ts";

/** DataError for a number that is finite and too large for the type. */
export function narrow(dtype: FloatDType, data: Float32Array | Float64Array): Uint8Array<ArrayBuffer> {
  switch (dtype) {
    case "F64":
      return new Uint8Array(Float64Array.from(data).buffer);
    case "F32":
      return new Uint8Array(
        Float32Array.from(data, (value) => within(dtype, value, Math.fround(value))).buffer,
      );
    case "BF16":
      return halves(dtype, data, { fraction: 7, least: -126, largest: 127 });
    case "F16":
      return halves(dtype, data, { fraction: 10, least: -14, largest: 15 });
  }
}

function within(dtype: FloatDType, value: number, rounded: number): number {
  if (Number.isFinite(rounded) || !Number.isFinite(value)) return rounded;
  throw new DataError(complaint("narrow", `numbers within the range of ${dtype}`, String(value)));
}

/** 16 bits: sign, exponent, `fraction` bits; exponents of normal numbers from `least` to `largest`. */
function halves(
  dtype: "F16" | "BF16",
  data: Float32Array | Float64Array,
  { fraction, least, largest }: { fraction: number; least: number; largest: number },
): Uint8Array<ArrayBuffer> {
  const top = (2 * largest + 1) << fraction; // the bits of ∞
  const bits = Uint16Array.from(data, (value) => {
    const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
    const size = Math.abs(value);
    if (Number.isNaN(size)) return top | (1 << (fraction - 1));
    if (size === Infinity) return sign | top;
    if (size === 0) return sign;
    // In units of the last place, which below the least normal exponent no longer shrinks.
    const exponent = Math.max(Math.floor(Math.log2(size)), least);
    let units = size / 2 ** (exponent - fraction);
    let biased = exponent - least; // + 1 comes with the leading bit of `units`
    if (units < 1 << fraction && biased > 0) {
      // log2 rounded up to the next whole number.
      units *= 2;
      biased--;
    }
    // A fraction that rounds up to the next power of two carries into the exponent.
    const code = (biased << fraction) + roundEven(units);
    if (code >= top) within(dtype, value, Infinity);
    return sign | code;
  });
  return new Uint8Array(bits.buffer);
}

function roundEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return floor + (rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? 1 : 0);
}
