/**
 * eˣ in float32, error below 1.5 units in the last place; no tables, as the module must carry no data.
 *
 *   x = t·ln 2 + r, t whole, |r| ≤ ln 2 / 2;  eˣ = 2ᵗ·eʳ,  eʳ by its Taylor sum to r⁷ (the rest is below 6·10⁻⁹).
 *
 * ln 2 is split in two (Cody and Waite, Software Manual for the Elementary Functions, 1980): 355/512 has 9 bits, so that
 * t·355/512 is exact. ∞, 0 and NaN come out where they should: beyond the clamps the result has over- or underflowed.
 */
import {
  add,
  atLeast,
  atMost,
  mul,
  splat,
  sub,
  timesPowerOfTwo,
  WHOLE,
} from "./vector";

// @ts-ignore: decorator
@inline
export function exp<V>(x: V): V {
  x = atLeast<V>(atMost<V>(x, splat<V>(89.0)), splat<V>(-104.0));
  const shifted = add<V>(
    mul<V>(x, splat<V>(1.4426950408889634)),
    splat<V>(WHOLE),
  );
  const t = sub<V>(shifted, splat<V>(WHOLE));
  let r = sub<V>(x, mul<V>(t, splat<V>(0.693359375)));
  r = sub<V>(r, mul<V>(t, splat<V>(-2.12194440054690583e-4)));
  let q = splat<V>(<f32>(1.0 / 5040.0));
  q = add<V>(mul<V>(q, r), splat<V>(<f32>(1.0 / 720.0)));
  q = add<V>(mul<V>(q, r), splat<V>(<f32>(1.0 / 120.0)));
  q = add<V>(mul<V>(q, r), splat<V>(<f32>(1.0 / 24.0)));
  q = add<V>(mul<V>(q, r), splat<V>(<f32>(1.0 / 6.0)));
  q = add<V>(mul<V>(q, r), splat<V>(0.5));
  // 1 + (r + r²·q): the large part is added last
  const e = add<V>(splat<V>(1.0), add<V>(r, mul<V>(mul<V>(r, r), q)));
  return timesPowerOfTwo<V>(e, shifted);
}
