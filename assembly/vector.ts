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

/** The low 8 bits as the exponent of a float32: 2^(bits − 127). */
// @ts-ignore: decorator
@inline
export function powerOfTwo<V>(bits: V): V {
  if (isVector<V>()) return i32x4.shl(bits, 23);
  else return reinterpret<f32>(reinterpret<i32>(bits) << 23);
}

/** y, but 0 where x < limit. */
// @ts-ignore: decorator
@inline
export function zeroBelow<V>(y: V, x: V, limit: V): V {
  if (isVector<V>()) return v128.andnot(y, f32x4.lt(x, limit));
  else return x < limit ? <f32>0 : y;
}

/** a where x < 0, else b. */
// @ts-ignore: decorator
@inline
export function whereNegative<V>(x: V, a: V, b: V): V {
  if (isVector<V>()) return v128.bitselect(a, b, f32x4.lt(x, f32x4.splat(0)));
  else return x < 0 ? a : b;
}
