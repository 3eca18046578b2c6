/**
 * float32 arithmetic over V, a v128 of 4 lanes or one f32, so that a formula is written once and has the same bits in both.
 */

// @ts-ignore: decorator
@inline
export function splat<V>(x: f32): V {
  if (isVector<V>()) return f32x4.splat(x);
  else return x;
}

// @ts-ignore: decorator
@inline
export function add<V>(a: V, b: V): V {
  if (isVector<V>()) return f32x4.add(a, b);
  else return a + b;
}

// @ts-ignore: decorator
@inline
export function sub<V>(a: V, b: V): V {
  if (isVector<V>()) return f32x4.sub(a, b);
  else return a - b;
}

// @ts-ignore: decorator
@inline
export function mul<V>(a: V, b: V): V {
  if (isVector<V>()) return f32x4.mul(a, b);
  else return a * b;
}

// @ts-ignore: decorator
@inline
export function div<V>(a: V, b: V): V {
  if (isVector<V>()) return f32x4.div(a, b);
  else return a / b;
}

/** x where it is at most the limit, else the limit; NaN in x stays. (One instruction; wasm's own min is eight on x64.) */
// @ts-ignore: decorator
@inline
export function atMost<V>(x: V, limit: V): V {
  if (isVector<V>()) return f32x4.pmin(x, limit);
  else return limit < x ? limit : x;
}

// @ts-ignore: decorator
@inline
export function atLeast<V>(x: V, limit: V): V {
  if (isVector<V>()) return f32x4.pmax(x, limit);
  else return x < limit ? limit : x;
}

// @ts-ignore: decorator
@inline
export function magnitude<V>(a: V): V {
  if (isVector<V>()) return f32x4.abs(a);
  else return abs<f32>(a);
}

/**
 * x·2ᵗ for t = shifted − WHOLE, a whole number from −252 to 254: in two steps, so that results below 2⁻¹²⁶ come out gradually.
 * Adding WHOLE = 1.5·2²³ rounds |t| < 2²² to the nearest whole number and leaves it in the low bits: no conversion is needed.
 */
export const WHOLE: f32 = 12582912.0;

// @ts-ignore: decorator
@inline
export function timesPowerOfTwo<V>(x: V, shifted: V): V {
  if (isVector<V>()) {
    const power = i32x4.sub(shifted, f32x4.splat(WHOLE));
    const half = i32x4.shr_s(power, 1);
    const bias = i32x4.splat(127);
    const first = i32x4.shl(i32x4.add(half, bias), 23);
    const second = i32x4.shl(i32x4.add(i32x4.sub(power, half), bias), 23);
    return f32x4.mul(f32x4.mul(x, first), second);
  } else {
    const power = reinterpret<i32>(shifted) - reinterpret<i32>(WHOLE);
    const half = power >> 1;
    const first = reinterpret<f32>((half + 127) << 23);
    const second = reinterpret<f32>((power - half + 127) << 23);
    return x * first * second;
  }
}
