/** Sums and products of blocks, element by element; b (n numbers) repeats `repeats` times along a. `out` may be a. */
import { add as plus, mul } from "./vector";

/** out = a + scale·b */
export function add(
  a: usize,
  b: usize,
  out: usize,
  n: i32,
  repeats: i32,
  scale: f32,
): void {
  const bytes = (<usize>n) << 2;
  for (; repeats > 0; --repeats) {
    let i: usize = 0;
    if (ASC_FEATURE_SIMD) {
      const scales = f32x4.splat(scale);
      for (; i + 16 <= bytes; i += 16) {
        v128.store(
          out + i,
          plus<v128>(v128.load(a + i), mul<v128>(scales, v128.load(b + i))),
        );
      }
    }
    for (; i < bytes; i += 4)
      store<f32>(out + i, load<f32>(a + i) + scale * load<f32>(b + i));
    a += bytes;
    out += bytes;
  }
}

/** out = a ∘ b */
export function multiply(
  a: usize,
  b: usize,
  out: usize,
  n: i32,
  repeats: i32,
): void {
  const bytes = (<usize>n) << 2;
  for (; repeats > 0; --repeats) {
    let i: usize = 0;
    if (ASC_FEATURE_SIMD) {
      for (; i + 16 <= bytes; i += 16)
        v128.store(out + i, mul<v128>(v128.load(a + i), v128.load(b + i)));
    }
    for (; i < bytes; i += 4)
      store<f32>(out + i, load<f32>(a + i) * load<f32>(b + i));
    a += bytes;
    out += bytes;
  }
}
