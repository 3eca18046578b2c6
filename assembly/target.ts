/** 1 in the SIMD targets, 0 in the scalar one. */
export function usesSimd(): i32 {
  return ASC_FEATURE_SIMD ? 1 : 0;
}

/**
 * x·y + z as the products of this target compute a step, in one lane. The caller's numbers tell one rounding from two: the relaxed
 * instruction may do either, and which it does is known only by asking.
 */
export function multiplyAdd(x: f64, y: f64, z: f64): f64 {
  if (ASC_FEATURE_RELAXED_SIMD) {
    return f64x2.extract_lane(
      f64x2.relaxed_madd(f64x2.splat(x), f64x2.splat(y), f64x2.splat(z)),
      0,
    );
  }
  return x * y + z;
}

/** The same in f32. */
export function multiplyAddSingle(x: f32, y: f32, z: f32): f32 {
  if (ASC_FEATURE_RELAXED_SIMD) {
    return f32x4.extract_lane(
      f32x4.relaxed_madd(f32x4.splat(x), f32x4.splat(y), f32x4.splat(z)),
      0,
    );
  }
  return x * y + z;
}
