/** The types of numbers in safetensors files, with their bytes. The float types are those a network can be made of. */
export const DTYPE_BYTES = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  F8_E4M3: 1,
  F8_E5M2: 1,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U64: 8,
  U32: 4,
  U16: 2,
  U8: 1,
  BOOL: 1,
} as const;

export type StoredDType = keyof typeof DTYPE_BYTES;
export type FloatDType = "F64" | "F32" | "F16" | "BF16";
export type IntegerDType = Exclude<StoredDType, FloatDType | "F8_E4M3" | "F8_E5M2">;

export function isFloat(dtype: StoredDType): dtype is FloatDType {
  return dtype === "F64" || dtype === "F32" || dtype === "F16" || dtype === "BF16";
}
