/**
 * GELU in its tanh form (Hendrycks and Gimpel, arXiv:1606.08415; `gelu_new` of GPT-2 and GPT-Neo), and its slope.
 *
 *   u = √(2/π)·(x + 0.044715 x³),  ½(1 + tanh u) = σ(2u) = 1/(1 + e^{−2u})
 *   gelu(x) = x·σ(2u)              gelu'(x) = σ + 2x·u'·σ(1 − σ),  σ(1 − σ) = e/(1 + e)², e = e^{−2|u|}
 *
 * Through σ and not tanh, the left tail keeps its digits: 1 + tanh u would cancel there.
 * The passes over a row are in activations.ts.
 */
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

/** −2u */
// @ts-ignore: decorator
@inline
export function tanhGeluExponent<V>(x: V): V {
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
export function tanhGeluSlopeExponent<V>(x: V): V {
  return mul<V>(splat<V>(-1.0), magnitude<V>(tanhGeluExponent<V>(near<V>(x))));
}

/** e = e^{−2u} */
// @ts-ignore: decorator
@inline
export function tanhGelu<V>(x: V, e: V): V {
  return div<V>(x, add<V>(splat<V>(1.0), e));
}

/** e = e^{−2|u|} */
// @ts-ignore: decorator
@inline
export function tanhGeluSlope<V>(x: V, e: V): V {
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
