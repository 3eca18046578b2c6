/**
 * Rotary position embedding in the half-split layout (Su et al., arXiv:2104.09864; `rotate_half` of Hugging Face): in every block of
 * 2·half features the pairs (x_j, x_{j+half}) turn by the angle of their row, whose cosines and sines are rows × half.
 *
 *   (x, y) → (x·c − y·s, y·c + x·s); `sign` −1 turns back, which is the transpose
 *
 * x: `copies` blocks of rows × heads·2·half.
 */
import { add, mul, sub } from "./vector";

// @ts-ignore: decorator
@inline
function turn<V>(x: usize, out: usize, span: usize, c: V, s: V): void {
  const a = load<V>(x);
  const b = load<V>(x + span);
  store<V>(out, sub<V>(mul<V>(a, c), mul<V>(b, s)));
  store<V>(out + span, add<V>(mul<V>(b, c), mul<V>(a, s)));
}

export function rotate(
  x: usize,
  cos: usize,
  sin: usize,
  out: usize,
  rows: i32,
  heads: i32,
  half: i32,
  copies: i32,
  sign: f32,
): void {
  const span = (<usize>half) << 2;
  for (let copy = 0; copy < copies; ++copy) {
    let angles: usize = 0;
    for (let r = 0; r < rows; ++r) {
      for (let h = 0; h < heads; ++h) {
        let i: usize = 0;
        if (ASC_FEATURE_SIMD) {
          for (; i + 16 <= span; i += 16) {
            const s = mul<v128>(v128.load(sin + angles + i), f32x4.splat(sign));
            turn<v128>(x + i, out + i, span, v128.load(cos + angles + i), s);
          }
        }
        for (; i < span; i += 4) {
          const s = load<f32>(sin + angles + i) * sign;
          turn<f32>(x + i, out + i, span, load<f32>(cos + angles + i), s);
        }
        x += 2 * span;
        out += 2 * span;
      }
      angles += span;
    }
  }
}
