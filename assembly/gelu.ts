/**
 * GELU in its tanh form (Hendrycks and Gimpel, arXiv:1606.08415; `gelu_new` of GPT-2 and GPT-Neo), and its slope.
 *
 *   u = √(2/π)·(x + 0.044715 x³),  ½(1 + tanh u) = σ(2u) = 1/(1 + e^{−2u})
 *   gelu(x) = x·σ(2u)              gelu'(x) = σ + 2x·u'·σ(1 − σ),  σ(1 − σ) = e/(1 + e)², e = e^{−2|u|}
 *
 * Through σ and not tanh, the left tail keeps its digits: 1 + tanh u would cancel there.
 */
import { exp } from "./exp";
import { add, atLeast, atMost, div, magnitude, mul, splat } from "./vector";

const TWO_ROOT: f32 = 1.5957691216057308; // 2·√(2/π)
const CUBIC: f32 = 0.044715;

/** −2u */
// @ts-ignore: decorator
@inline
function exponent<V>(x: V): V {
  const inner = add<V>(splat<V>(1.0), mul<V>(splat<V>(CUBIC), mul<V>(x, x)));
  return mul<V>(splat<V>(-TWO_ROOT), mul<V>(x, inner));
}

// @ts-ignore: decorator
@inline
function valueAt<V>(x: V): V {
  return div<V>(x, add<V>(splat<V>(1.0), exp<V>(exponent<V>(x))));
}

// @ts-ignore: decorator
@inline
function slopeAt<V>(x: V): V {
  const one = splat<V>(1.0);
  const sigma = div<V>(one, add<V>(one, exp<V>(exponent<V>(x))));
  // beyond ±16 the second term is 0 in float32; the clamp keeps 0·∞ out of it
  const y = atLeast<V>(atMost<V>(x, splat<V>(16.0)), splat<V>(-16.0));
  const e = exp<V>(mul<V>(splat<V>(-1.0), magnitude<V>(exponent<V>(y))));
  const both = add<V>(one, e);
  const bell = div<V>(e, mul<V>(both, both));
  const rise = mul<V>(
    splat<V>(TWO_ROOT),
    add<V>(one, mul<V>(splat<V>(3 * CUBIC), mul<V>(y, y))),
  );
  return add<V>(sigma, mul<V>(mul<V>(y, rise), bell));
}

export function gelu(x: usize, out: usize, n: i32): void {
  const bytes = (<usize>n) << 2;
  let i: usize = 0;
  if (ASC_FEATURE_SIMD)
    for (; i + 16 <= bytes; i += 16)
      v128.store(out + i, valueAt<v128>(v128.load(x + i)));
  for (; i < bytes; i += 4) store<f32>(out + i, valueAt<f32>(load<f32>(x + i)));
}

export function geluSlope(x: usize, out: usize, n: i32): void {
  const bytes = (<usize>n) << 2;
  let i: usize = 0;
  if (ASC_FEATURE_SIMD)
    for (; i + 16 <= bytes; i += 16)
      v128.store(out + i, slopeAt<v128>(v128.load(x + i)));
  for (; i < bytes; i += 4) store<f32>(out + i, slopeAt<f32>(load<f32>(x + i)));
}
