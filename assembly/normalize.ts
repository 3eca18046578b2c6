/**
 * Rows to zero mean and unit variance (LayerNorm before its affine part), or to unit mean square (RMSNorm, not `centred`).
 *
 *   x̂ = (x − μ)·s,  s = 1/√(mean (x − μ)² + ε)          s·(d − mean d − x̂·mean(d∘x̂)): the Jacobian times d, symmetric
 *
 * Means in float64, and the differences too: a row whose mean dwarfs its deviation loses nothing. Three passes over a row.
 */
import { productSum, sumOf, widen } from "./sums";

export function normalize(
  x: usize,
  out: usize,
  inverse: usize,
  rows: i32,
  features: i32,
  epsilon: f64,
  centred: i32,
): void {
  const stride = (<usize>features) << 2;
  for (let r = 0; r < rows; ++r) {
    const mean = centred ? sumOf(x, features) / <f64>features : 0;
    const s =
      1 / sqrt<f64>(productSum(x, x, mean, features) / <f64>features + epsilon);
    store<f32>(inverse, <f32>s);
    let i: usize = 0;
    if (ASC_FEATURE_SIMD) {
      const means = f64x2.splat(mean);
      const scales = f64x2.splat(s);
      for (; i + 8 <= stride; i += 8) {
        const y = f64x2.mul(f64x2.sub(widen(x + i), means), scales);
        v128.store64_lane(out + i, f32x4.demote_f64x2_zero(y), 0);
      }
    }
    for (; i < stride; i += 4)
      store<f32>(out + i, <f32>((<f64>load<f32>(x + i) - mean) * s));
    x += stride;
    out += stride;
    inverse += 4;
  }
}

/** d and out: `copies` blocks of rows × features; normalized: one such block; inverse: rows. */
export function normalizeTangent(
  normalized: usize,
  inverse: usize,
  d: usize,
  out: usize,
  rows: i32,
  features: i32,
  copies: i32,
  centred: i32,
): void {
  const stride = (<usize>features) << 2;
  for (let copy = 0; copy < copies; ++copy) {
    let y = normalized;
    for (let r = 0; r < rows; ++r) {
      const s = <f64>load<f32>(inverse + ((<usize>r) << 2));
      const mean = centred ? sumOf(d, features) / <f64>features : 0;
      const along = productSum(d, y, 0, features) / <f64>features;
      let i: usize = 0;
      if (ASC_FEATURE_SIMD) {
        const means = f64x2.splat(mean);
        const alongs = f64x2.splat(along);
        const scales = f64x2.splat(s);
        for (; i + 8 <= stride; i += 8) {
          const rest = f64x2.sub(
            f64x2.sub(widen(d + i), means),
            f64x2.mul(widen(y + i), alongs),
          );
          v128.store64_lane(
            out + i,
            f32x4.demote_f64x2_zero(f64x2.mul(rest, scales)),
            0,
          );
        }
      }
      for (; i < stride; i += 4) {
        store<f32>(
          out + i,
          <f32>(
            ((<f64>load<f32>(d + i) - mean - <f64>load<f32>(y + i) * along) * s)
          ),
        );
      }
      y += stride;
      d += stride;
      out += stride;
    }
  }
}
