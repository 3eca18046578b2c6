/**
 * Stored numbers → numbers to compute with, exactly: f16 and bf16 are subsets of f32, f64 stays f64, integers become int32,
 * quantised blocks what their format says (dequantize/).
 * Bytes are little-endian and may begin anywhere in their buffer. The result is always a copy of its own. O(bytes).
 */
import { complaint, DataError } from "../errors.ts";
import { BLOCKS, isQuantized, type QuantizedDType } from "./dequantize/index.ts";
import { DTYPE_BYTES, type FloatDType, type IntegerDType } from "./dtypes.ts";

/** What weights may be stored as. */
export type WeightDType = FloatDType | QuantizedDType;

export function widen(dtype: "F64", bytes: Uint8Array): Float64Array<ArrayBuffer>;
export function widen(dtype: Exclude<WeightDType, "F64">, bytes: Uint8Array): Float32Array<ArrayBuffer>;
export function widen(
  dtype: WeightDType,
  bytes: Uint8Array,
): Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;
export function widen(dtype: WeightDType, bytes: Uint8Array) {
  if (isQuantized(dtype)) {
    const block = BLOCKS[dtype];
    if (bytes.length % block.bytes === 0) return block.widen(bytes);
    throw new DataError(
      complaint("widen", `a multiple of ${block.bytes} bytes of ${dtype}`, String(bytes.length)),
    );
  }
  switch (dtype) {
    case "F64":
      return new Float64Array(aligned(dtype, bytes));
    case "F32":
      return new Float32Array(aligned(dtype, bytes));
    case "BF16": {
      const halves = halvesOf(dtype, bytes);
      const bits = new Uint32Array(halves.length);
      for (let i = 0; i < halves.length; i++) bits[i] = halves[i] << 16; // the upper half of an f32
      return new Float32Array(bits.buffer);
    }
    case "F16": {
      const halves = halvesOf(dtype, bytes);
      const bits = new Uint32Array(halves.length);
      for (let i = 0; i < halves.length; i++) bits[i] = f32BitsOfF16(halves[i]);
      return new Float32Array(bits.buffer);
    }
  }
}

/** To read from: a view of the bytes where they begin at an even place, as weights in memory do, or a copy. */
function halvesOf(dtype: "F16" | "BF16", bytes: Uint8Array): Uint16Array {
  if (bytes.byteOffset % 2 !== 0 || bytes.length % 2 !== 0) return new Uint16Array(aligned(dtype, bytes));
  return new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
}

/** Integers as int32; DataError for a value that does not fit. Booleans are 0 and 1. */
export function widenIntegers(dtype: IntegerDType, bytes: Uint8Array): Int32Array<ArrayBuffer> {
  const buffer = aligned(dtype, bytes);
  switch (dtype) {
    case "I8":
      return Int32Array.from(new Int8Array(buffer));
    case "U8":
    case "BOOL":
      return Int32Array.from(new Uint8Array(buffer));
    case "I16":
      return Int32Array.from(new Int16Array(buffer));
    case "U16":
      return Int32Array.from(new Uint16Array(buffer));
    case "I32":
      return new Int32Array(buffer);
    case "U32":
      return Int32Array.from(new Uint32Array(buffer), fitting);
    case "I64":
      return Int32Array.from(Array.from(new BigInt64Array(buffer), fitting));
    case "U64":
      return Int32Array.from(Array.from(new BigUint64Array(buffer), fitting));
  }
}

function fitting(value: number | bigint): number {
  const number = Number(value);
  if (number < -(2 ** 31) || number >= 2 ** 31) {
    throw new DataError(complaint("widenIntegers", "integers of 32 bits", String(value)));
  }
  return number;
}

/** A copy of the bytes that begins at 0, as views of wider types need. */
function aligned(dtype: FloatDType | IntegerDType, bytes: Uint8Array): ArrayBuffer {
  if (bytes.length % DTYPE_BYTES[dtype] !== 0) {
    throw new DataError(
      complaint("widen", `a multiple of ${DTYPE_BYTES[dtype]} bytes of ${dtype}`, String(bytes.length)),
    );
  }
  return new Uint8Array(bytes).buffer;
}

/** IEEE 754 binary16 → bits of the same number in binary32: sign 1, exponent 5 → 8 (bias 15 → 127), fraction 10 → 23. */
function f32BitsOfF16(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return sign | 0x7f800000 | (fraction << 13); // ±∞, NaN
  if (exponent !== 0) return sign | ((exponent + 112) << 23) | (fraction << 13);
  if (fraction === 0) return sign; // ±0
  // Subnormal: fraction · 2⁻²⁴, normal in f32. Its leading 1 at bit p becomes the hidden one, the exponent is p − 24.
  const p = 31 - Math.clz32(fraction);
  return sign | ((p - 24 + 127) << 23) | ((fraction << (23 - p)) & 0x7fffff);
}
