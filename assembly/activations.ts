/**
 * Elementwise functions and their slopes; the tanh form of GELU is in gelu.ts. All but ReLU take three passes over pieces that stay
 * in the cache: an exponent, its e^x, the rest.
 *
 *   gelu(x) = x·Φ(x)        slope Φ + x·φ        Φ(−|x|) = e·R(t), e = e^{−x²/2}, t = 1/(1 + 0.4·|x|); φ = e/√(2π)
 *   silu(x) = x·σ(x)        slope σ + xσ(1 − σ)  e = e^{−x}, and e^{−|x|} for the slope
 *   tanh(x)                 slope 1 − tanh²      e = e^{−2|x|}: ±(1 − e)/(1 + e), and 4e/(1 + e)²
 *
 * R is the polynomial in t − 0.6 that is nearest to ½·e^{x²/2}·erfc(|x|/√2) where e is not 0, |x| ≤ 13.3: fitted here, relative
 * error 7·10⁻⁸, with float32's own rounding 1.2·10⁻⁷ absolute. Near 0 tanh is its own polynomial, x·P(x²), as 1 − e cancels there.
 */
import { expInPlace } from "./exp";
import {
  tanhGelu,
  tanhGeluExponent,
  tanhGeluSlope,
  tanhGeluSlopeExponent,
} from "./gelu";
import {
  add,
  atLeast,
  div,
  magnitude,
  mul,
  splat,
  sub,
  whereNegative,
} from "./vector";

const PIECE: i32 = 1024;

const GELU: i32 = 0;
const GELU_SLOPE: i32 = 1;
const SILU: i32 = 2;
const SILU_SLOPE: i32 = 3;
const TANH: i32 = 4;
const TANH_SLOPE: i32 = 5;
const TANH_GELU: i32 = 6;
const TANH_GELU_SLOPE: i32 = 7;

/** What e^x is taken of. */
// @ts-ignore: decorator
@inline
function exponent<V>(kind: i32, x: V): V {
  if (kind == GELU || kind == GELU_SLOPE)
    return mul<V>(splat<V>(-0.5), mul<V>(x, x));
  if (kind == TANH_GELU) return tanhGeluExponent<V>(x);
  if (kind == TANH_GELU_SLOPE) return tanhGeluSlopeExponent<V>(x);
  if (kind == SILU) return mul<V>(splat<V>(-1), x);
  if (kind == SILU_SLOPE) return mul<V>(splat<V>(-1), magnitude<V>(x));
  return mul<V>(splat<V>(-2), magnitude<V>(x));
}

/** Φ(x), with e = e^{−x²/2}. */
// @ts-ignore: decorator
@inline
function normalShare<V>(x: V, e: V): V {
  const one = splat<V>(1);
  const t = div<V>(one, add<V>(one, mul<V>(splat<V>(0.4), magnitude<V>(x))));
  const u = sub<V>(t, splat<V>(0.6));
  let r = add<V>(mul<V>(splat<V>(-0.04007525), u), splat<V>(0.010286975));
  r = add<V>(mul<V>(r, u), splat<V>(0.06976642));
  r = add<V>(mul<V>(r, u), splat<V>(-0.056700394));
  r = add<V>(mul<V>(r, u), splat<V>(-0.1200751));
  r = add<V>(mul<V>(r, u), splat<V>(0.1553622));
  r = add<V>(mul<V>(r, u), splat<V>(0.50568575));
  r = add<V>(mul<V>(r, u), splat<V>(0.55216803));
  r = add<V>(mul<V>(r, u), splat<V>(0.19165802));
  const tail = mul<V>(e, r);
  return whereNegative<V>(x, tail, sub<V>(one, tail));
}

// @ts-ignore: decorator
@inline
function tanhOf<V>(x: V, e: V): V {
  const one = splat<V>(1);
  const far = div<V>(sub<V>(one, e), add<V>(one, e));
  const square = mul<V>(x, x);
  let p = add<V>(mul<V>(splat<V>(-0.00560273), square), splat<V>(0.020539928));
  p = add<V>(mul<V>(p, square), splat<V>(-0.053705316));
  p = add<V>(mul<V>(p, square), splat<V>(0.13330932));
  p = add<V>(mul<V>(p, square), splat<V>(-0.33333252));
  // x + x·(x²·…): the large part is added last
  const close = add<V>(x, mul<V>(x, mul<V>(p, square)));
  const signed = whereNegative<V>(x, mul<V>(splat<V>(-1), far), far);
  return whereNegative<V>(
    sub<V>(magnitude<V>(x), splat<V>(0.6)),
    close,
    signed,
  );
}

/** The value of `kind` at x, with e = e^exponent. */
// @ts-ignore: decorator
@inline
function finish<V>(kind: i32, x: V, e: V): V {
  const one = splat<V>(1);
  if (kind == GELU) return mul<V>(x, normalShare<V>(x, e));
  if (kind == GELU_SLOPE) {
    const density = mul<V>(splat<V>(0.3989423), e); // 1/√(2π)
    return add<V>(normalShare<V>(x, e), mul<V>(x, density));
  }
  if (kind == TANH_GELU) return tanhGelu<V>(x, e);
  if (kind == TANH_GELU_SLOPE) return tanhGeluSlope<V>(x, e);
  if (kind == SILU) return div<V>(x, add<V>(one, e));
  if (kind == TANH) return tanhOf<V>(x, e);
  const part = div<V>(one, add<V>(one, e));
  const bell = mul<V>(e, mul<V>(part, part));
  if (kind == TANH_SLOPE) return mul<V>(splat<V>(4), bell);
  const sigma = mul<V>(part, whereNegative<V>(x, e, one));
  return add<V>(sigma, mul<V>(x, bell));
}

// @ts-ignore: decorator
@inline
function threePasses(kind: i32, x: usize, out: usize, n: i32): void {
  for (; n > 0; n -= PIECE) {
    const piece = min(n, PIECE);
    const bytes = (<usize>piece) << 2;
    let i: usize = 0;
    if (ASC_FEATURE_SIMD) {
      for (; i + 16 <= bytes; i += 16)
        v128.store(out + i, exponent<v128>(kind, v128.load(x + i)));
    }
    for (; i < bytes; i += 4)
      store<f32>(out + i, exponent<f32>(kind, load<f32>(x + i)));
    expInPlace(out, piece);
    i = 0;
    if (ASC_FEATURE_SIMD) {
      for (; i + 16 <= bytes; i += 16) {
        v128.store(
          out + i,
          finish<v128>(kind, v128.load(x + i), v128.load(out + i)),
        );
      }
    }
    for (; i < bytes; i += 4)
      store<f32>(
        out + i,
        finish<f32>(kind, load<f32>(x + i), load<f32>(out + i)),
      );
    x += bytes;
    out += bytes;
  }
}

export function geluErf(x: usize, out: usize, n: i32): void {
  threePasses(GELU, x, out, n);
}

export function geluErfSlope(x: usize, out: usize, n: i32): void {
  threePasses(GELU_SLOPE, x, out, n);
}

export function gelu(x: usize, out: usize, n: i32): void {
  threePasses(TANH_GELU, x, out, n);
}

export function geluSlope(x: usize, out: usize, n: i32): void {
  threePasses(TANH_GELU_SLOPE, x, out, n);
}

export function silu(x: usize, out: usize, n: i32): void {
  threePasses(SILU, x, out, n);
}

export function siluSlope(x: usize, out: usize, n: i32): void {
  threePasses(SILU_SLOPE, x, out, n);
}

export function tanh(x: usize, out: usize, n: i32): void {
  threePasses(TANH, x, out, n);
}

export function tanhSlope(x: usize, out: usize, n: i32): void {
  threePasses(TANH_SLOPE, x, out, n);
}

/** NaN stays NaN. */
export function relu(x: usize, out: usize, n: i32): void {
  const bytes = (<usize>n) << 2;
  let i: usize = 0;
  if (ASC_FEATURE_SIMD) {
    for (; i + 16 <= bytes; i += 16)
      v128.store(out + i, atLeast<v128>(v128.load(x + i), splat<v128>(0)));
  }
  for (; i < bytes; i += 4)
    store<f32>(out + i, atLeast<f32>(load<f32>(x + i), 0));
}

/** 1 where x > 0, else 0. */
export function reluSlope(x: usize, out: usize, n: i32): void {
  const bytes = (<usize>n) << 2;
  for (let i: usize = 0; i < bytes; i += 4)
    store<f32>(out + i, load<f32>(x + i) > 0 ? 1 : 0);
}
