/**
 * eˣ in float32, error below 1 unit in the last place down to 2⁻¹²⁶, 0 below; no tables, as the module must carry no data.
 *
 *   x = t·ln 2 + r, t whole, |r| ≤ ln 2 / 2;  eˣ = 2ᵗ·eʳ,  eʳ by its Taylor sum to r⁷ (the rest is below 6·10⁻⁹).
 *
 * ln 2 is split in two (Cody and Waite, Software Manual for the Elementary Functions, 1980): 355/512 has 9 bits, so that
 * t·355/512 is exact. Adding 1.5·2²³ + 127 rounds t to a whole number and leaves t + 127 in the low bits: shifted left by 23 they
 * are 2ᵗ. ∞ and NaN come out where they should.
 *
 * A whole row at a time, for V8's sake: it builds a v128 literal anew at each use, four instructions for one. Here the constants
 * hang on `one`, which no compiler knows to be 1, and stay in registers: 1.0 instead of 2.1 ns a number (AMD EPYC, Node 24).
 */
import {
  add,
  atLeast,
  atMost,
  mul,
  powerOfTwo,
  splat,
  sub,
  zeroBelow,
} from "./vector";

/** x ← eˣ for n numbers in place. */
export function expInPlace(x: usize, n: i32): void {
  const end = x + ((<usize>n) << 2);
  const one: f32 = n > 0 ? 1 : 0;
  if (ASC_FEATURE_SIMD) {
    const ones = f32x4.splat(one);
    const log2e = mul<v128>(ones, splat<v128>(LOG2E));
    const shift = mul<v128>(ones, splat<v128>(SHIFT));
    const high = mul<v128>(ones, splat<v128>(LN2_HIGH));
    const low = mul<v128>(ones, splat<v128>(LN2_LOW));
    const c7 = mul<v128>(ones, splat<v128>(C7));
    const c6 = mul<v128>(ones, splat<v128>(C6));
    const c5 = mul<v128>(ones, splat<v128>(C5));
    const c4 = mul<v128>(ones, splat<v128>(C4));
    const c3 = mul<v128>(ones, splat<v128>(C3));
    const c2 = mul<v128>(ones, splat<v128>(C2));
    const top = mul<v128>(ones, splat<v128>(TOP));
    const bottom = mul<v128>(ones, splat<v128>(BOTTOM));
    for (; x + 16 <= end; x += 16) {
      const y = v128.load(x);
      v128.store(
        x,
        exp<v128>(
          y,
          ones,
          log2e,
          shift,
          high,
          low,
          c7,
          c6,
          c5,
          c4,
          c3,
          c2,
          top,
          bottom,
        ),
      );
    }
  }
  for (; x < end; x += 4) {
    const y = load<f32>(x);
    store<f32>(
      x,
      exp<f32>(
        y,
        one,
        LOG2E,
        SHIFT,
        LN2_HIGH,
        LN2_LOW,
        C7,
        C6,
        C5,
        C4,
        C3,
        C2,
        TOP,
        BOTTOM,
      ),
    );
  }
}

const LOG2E: f32 = 1.4426950408889634;
const SHIFT: f32 = 12583039.0; // 1.5·2²³ + 127
const LN2_HIGH: f32 = 0.693359375;
const LN2_LOW: f32 = -2.12194440054690583e-4;
const C7: f32 = <f32>(1.0 / 5040.0);
const C6: f32 = <f32>(1.0 / 720.0);
const C5: f32 = <f32>(1.0 / 120.0);
const C4: f32 = <f32>(1.0 / 24.0);
const C3: f32 = <f32>(1.0 / 6.0);
const C2: f32 = 0.5;
const TOP: f32 = 89.0; // e⁸⁹ is ∞ in float32
const BOTTOM: f32 = -87.33654; // 2⁻¹²⁶

// @ts-ignore: decorator
@inline
function exp<V>(
  x: V,
  one: V,
  log2e: V,
  shift: V,
  high: V,
  low: V,
  c7: V,
  c6: V,
  c5: V,
  c4: V,
  c3: V,
  c2: V,
  top: V,
  bottom: V,
): V {
  const y = atLeast<V>(atMost<V>(x, top), bottom);
  const shifted = add<V>(mul<V>(y, log2e), shift);
  const t = sub<V>(shifted, shift);
  const r = sub<V>(sub<V>(y, mul<V>(t, high)), mul<V>(t, low));
  let q = add<V>(mul<V>(c7, r), c6);
  q = add<V>(mul<V>(q, r), c5);
  q = add<V>(mul<V>(q, r), c4);
  q = add<V>(mul<V>(q, r), c3);
  q = add<V>(mul<V>(q, r), c2);
  // 1 + (r + r²·q): the large part is added last
  const e = add<V>(one, add<V>(r, mul<V>(mul<V>(r, r), q)));
  return zeroBelow<V>(mul<V>(e, powerOfTwo<V>(shifted)), x, bottom);
}
