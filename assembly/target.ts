/** 1 in the SIMD targets, 0 in the scalar one. */
export function usesSimd(): i32 {
  return ASC_FEATURE_SIMD ? 1 : 0;
}
