/**
 * GELU in its tanh form (Hendrycks and Gimpel, arXiv:1606.08415; `gelu_new` of GPT-2 and GPT-Neo), and its slope.
 *
 *   u = √(2/π)·(x + 0.044715 x³),  ½(1 + tanh u) = σ(2u) = 1/(1 + e^{−2u})
 *   gelu(x) = x·σ(2u)              gelu'(x) = σ + 2x·u'·σ(1 − σ),  σ(1 − σ) = e/(1 + e)², e = e^{−2|u|}
 *
 * Through σ and not tanh, the left tail keeps its digits: 1 + tanh u would cancel there.
 * Both run in three passes over pieces that stay in the cache: the exponent, its e^x, the rest.
 */
import { expInPlace } from "./exp";
import {
  add,
  atLeast,
  atMost,
  div,
  magnitude,
  mul,
  splat,
  whereNegative,
} from "./vector";

const TWO_ROOT: f32 = 1.5957691216057308; // 2·√(2/π)
const CUBIC: f32 = 0.044715;
/** Beyond ±16 the slope is 1 or 0 in float32; the clamp keeps 0·∞ out of it. */
const FAR: f32 = 16;
const PIECE: i32 = 1024;

/** −2u */
// @ts-ignore: decorator
@inline
function exponent<V>(x: V): V {
  const inner = add<V>(splat<V>(1.0), mul<V>(splat<V>(CUBIC), mul<V>(x, x)));
  return mul<V>(splat<V>(-TWO_ROOT), mul<V>(x, inner));
}

// @ts-ignore: decorator
@inline
function near<V>(x: V): V {
  return atLeast<V>(atMost<V>(x, splat<V>(FAR)), splat<V>(-FAR));
}

/** −2|u| */
// @ts-ignore: decorator
@inline
function slopeExponent<V>(x: V): V {
  return mul<V>(splat<V>(-1.0), magnitude<V>(exponent<V>(near<V>(x))));
}

/** e = e^{−2u} */
// @ts-ignore: decorator
@inline
function value<V>(x: V, e: V): V {
  return div<V>(x, add<V>(splat<V>(1.0), e));
}

/** e = e^{−2|u|} */
// @ts-ignore: decorator
@inline
function slope<V>(x: V, e: V): V {
  const one = splat<V>(1.0);
  const y = near<V>(x);
  const part = div<V>(one, add<V>(one, e));
  const sigma = mul<V>(part, whereNegative<V>(x, e, one));
  const bell = mul<V>(e, mul<V>(part, part));
  const rise = mul<V>(
    splat<V>(TWO_ROOT),
    add<V>(one, mul<V>(splat<V>(3 * CUBIC), mul<V>(y, y))),
  );
  return add<V>(sigma, mul<V>(mul<V>(y, rise), bell));
}

export function gelu(x: usize, out: usize, n: i32): void {
  for (; n > 0; n -= PIECE) {
    const piece = min(n, PIECE);
    const bytes = (<usize>piece) << 2;
    let i: usize = 0;
    if (ASC_FEATURE_SIMD) {
      for (; i + 16 <= bytes; i += 16)
        v128.store(out + i, exponent<v128>(v128.load(x + i)));
    }
    for (; i < bytes; i += 4)
      store<f32>(out + i, exponent<f32>(load<f32>(x + i)));
    expInPlace(out, piece);
    i = 0;
    if (ASC_FEATURE_SIMD) {
      for (; i + 16 <= bytes; i += 16) {
        v128.store(out + i, value<v128>(v128.load(x + i), v128.load(out + i)));
      }
    }
    for (; i < bytes; i += 4)
      store<f32>(out + i, value<f32>(load<f32>(x + i), load<f32>(out + i)));
    x += bytes;
    out += bytes;
  }
}

export function geluSlope(x: usize, out: usize, n: i32): void {
  for (; n > 0; n -= PIECE) {
    const piece = min(n, PIECE);
    const bytes = (<usize>piece) << 2;
    let i: usize = 0;
    if (ASC_FEATURE_SIMD) {
      for (; i + 16 <= bytes; i += 16)
        v128.store(out + i, slopeExponent<v128>(v128.load(x + i)));
    }
    for (; i < bytes; i += 4)
      store<f32>(out + i, slopeExponent<f32>(load<f32>(x + i)));
    expInPlace(out, piece);
    i = 0;
    if (ASC_FEATURE_SIMD) {
      for (; i + 16 <= bytes; i += 16) {
        v128.store(out + i, slope<v128>(v128.load(x + i), v128.load(out + i)));
      }
    }
    for (; i < bytes; i += 4)
      store<f32>(out + i, slope<f32>(load<f32>(x + i), load<f32>(out + i)));
    x += bytes;
    out += bytes;
  }
}
