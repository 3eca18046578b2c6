/**
 * float32 arithmetic over V, a v128 of 4 lanes or one f32, so that a formula is written once and has the same bits in both.
 * wasm's min and max pass NaN on.
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

// @ts-ignore: decorator
@inline
export function smaller<V>(a: V, b: V): V {
  if (isVector<V>()) return f32x4.min(a, b);
  else return min<f32>(a, b);
}

// @ts-ignore: decorator
@inline
export function larger<V>(a: V, b: V): V {
  if (isVector<V>()) return f32x4.max(a, b);
  else return max<f32>(a, b);
}

// @ts-ignore: decorator
@inline
export function magnitude<V>(a: V): V {
  if (isVector<V>()) return f32x4.abs(a);
  else return abs<f32>(a);
}

/** To the nearest whole number, halves to even. */
// @ts-ignore: decorator
@inline
export function whole<V>(a: V): V {
  if (isVector<V>()) return f32x4.nearest(a);
  else return nearest<f32>(a);
}

/** x·2ⁿ for a whole n from −252 to 254, in two steps, so that results below 2⁻¹²⁶ come out gradually. */
// @ts-ignore: decorator
@inline
export function timesPowerOfTwo<V>(x: V, n: V): V {
  if (isVector<V>()) {
    const power = i32x4.trunc_sat_f32x4_s(n);
    const half = i32x4.shr_s(power, 1);
    const bias = i32x4.splat(127);
    const first = i32x4.shl(i32x4.add(half, bias), 23);
    const second = i32x4.shl(i32x4.add(i32x4.sub(power, half), bias), 23);
    return f32x4.mul(f32x4.mul(x, first), second);
  } else {
    const power = <i32>n; // saturating, NaN to 0, as the vector form
    const half = power >> 1;
    const first = reinterpret<f32>((half + 127) << 23);
    const second = reinterpret<f32>((power - half + 127) << 23);
    return x * first * second;
  }
}
