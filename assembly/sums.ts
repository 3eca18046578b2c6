/**
 * Sums of float32 rows in float64. Four running sums, element i in sum i mod 4, then (s0 + s1) + (s2 + s3):
 * the order is the same in SIMD and scalar, and the error is that of rounding the result.
 */

/** The two floats at a pointer, widened. */
// @ts-ignore: decorator
@inline
export function widen(x: usize): v128 {
  return f64x2.promote_low_f32x4(v128.load64_zero(x));
}

/** Σ x_i over n floats. */
export function sumOf(x: usize, n: i32): f64 {
  let s0: f64 = 0;
  let s1: f64 = 0;
  let s2: f64 = 0;
  let s3: f64 = 0;
  let i = 0;
  if (ASC_FEATURE_SIMD) {
    let low = f64x2.splat(0);
    let high = low;
    for (; i + 4 <= n; i += 4) {
      low = f64x2.add(low, widen(x));
      high = f64x2.add(high, widen(x + 8));
      x += 16;
    }
    s0 = f64x2.extract_lane(low, 0);
    s1 = f64x2.extract_lane(low, 1);
    s2 = f64x2.extract_lane(high, 0);
    s3 = f64x2.extract_lane(high, 1);
  } else {
    for (; i + 4 <= n; i += 4) {
      s0 += <f64>load<f32>(x);
      s1 += <f64>load<f32>(x, 4);
      s2 += <f64>load<f32>(x, 8);
      s3 += <f64>load<f32>(x, 12);
      x += 16;
    }
  }
  if (i < n) s0 += <f64>load<f32>(x);
  if (i + 1 < n) s1 += <f64>load<f32>(x, 4);
  if (i + 2 < n) s2 += <f64>load<f32>(x, 8);
  return s0 + s1 + (s2 + s3);
}

/** Σ (x_i − c)·(y_i − c) over n floats: a product sum for c = 0, the square sum about a mean for x = y. */
export function productSum(x: usize, y: usize, c: f64, n: i32): f64 {
  let s0: f64 = 0;
  let s1: f64 = 0;
  let s2: f64 = 0;
  let s3: f64 = 0;
  let i = 0;
  if (ASC_FEATURE_SIMD) {
    const centre = f64x2.splat(c);
    let low = f64x2.splat(0);
    let high = low;
    for (; i + 4 <= n; i += 4) {
      low = f64x2.add(
        low,
        f64x2.mul(f64x2.sub(widen(x), centre), f64x2.sub(widen(y), centre)),
      );
      high = f64x2.add(
        high,
        f64x2.mul(
          f64x2.sub(widen(x + 8), centre),
          f64x2.sub(widen(y + 8), centre),
        ),
      );
      x += 16;
      y += 16;
    }
    s0 = f64x2.extract_lane(low, 0);
    s1 = f64x2.extract_lane(low, 1);
    s2 = f64x2.extract_lane(high, 0);
    s3 = f64x2.extract_lane(high, 1);
  } else {
    for (; i + 4 <= n; i += 4) {
      s0 += (<f64>load<f32>(x) - c) * (<f64>load<f32>(y) - c);
      s1 += (<f64>load<f32>(x, 4) - c) * (<f64>load<f32>(y, 4) - c);
      s2 += (<f64>load<f32>(x, 8) - c) * (<f64>load<f32>(y, 8) - c);
      s3 += (<f64>load<f32>(x, 12) - c) * (<f64>load<f32>(y, 12) - c);
      x += 16;
      y += 16;
    }
  }
  if (i < n) s0 += (<f64>load<f32>(x) - c) * (<f64>load<f32>(y) - c);
  if (i + 1 < n) s1 += (<f64>load<f32>(x, 4) - c) * (<f64>load<f32>(y, 4) - c);
  if (i + 2 < n) s2 += (<f64>load<f32>(x, 8) - c) * (<f64>load<f32>(y, 8) - c);
  return s0 + s1 + (s2 + s3);
}

/** out_j = scale·Σ_r x[r, j] for the `columns` columns of `rows` rows of x, in float64 down the rows. */
export function columnSums(
  x: usize,
  rows: i32,
  columns: i32,
  scale: f64,
  out: usize,
): void {
  const stride = (<usize>columns) << 2;
  let j = 0;
  if (ASC_FEATURE_SIMD) {
    // 16 columns are one cache line; 8 sums of 2 lanes fit the registers
    const scales = f64x2.splat(scale);
    for (; j + 8 <= columns; j += 8) {
      let s0 = f64x2.splat(0);
      let s1 = s0;
      let s2 = s0;
      let s3 = s0;
      let row = x + ((<usize>j) << 2);
      for (let r = 0; r < rows; ++r) {
        s0 = f64x2.add(s0, widen(row));
        s1 = f64x2.add(s1, widen(row + 8));
        s2 = f64x2.add(s2, widen(row + 16));
        s3 = f64x2.add(s3, widen(row + 24));
        row += stride;
      }
      const to = out + ((<usize>j) << 2);
      v128.store64_lane(to, f32x4.demote_f64x2_zero(f64x2.mul(s0, scales)), 0);
      v128.store64_lane(
        to + 8,
        f32x4.demote_f64x2_zero(f64x2.mul(s1, scales)),
        0,
      );
      v128.store64_lane(
        to + 16,
        f32x4.demote_f64x2_zero(f64x2.mul(s2, scales)),
        0,
      );
      v128.store64_lane(
        to + 24,
        f32x4.demote_f64x2_zero(f64x2.mul(s3, scales)),
        0,
      );
    }
  }
  for (; j < columns; ++j) {
    let sum: f64 = 0;
    let row = x + ((<usize>j) << 2);
    for (let r = 0; r < rows; ++r) {
      sum += <f64>load<f32>(row);
      row += stride;
    }
    store<f32>(out + ((<usize>j) << 2), <f32>(sum * scale));
  }
}
