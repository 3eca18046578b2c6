/**
 * The innermost product: a tile of 4 rows by 2 vectors, Σ_p a[i, p]·b[p, j] for p = 0 … k−1 in this order, from 0.
 *
 * Every element of every product is such a sum, whatever the target, the path or the place of its row: one multiplication and one
 * addition a step, both rounded (the relaxed target: one operation, rounded once). So a row alone and the same row in a batch have
 * the same bits, and so have SIMD and scalar. The tile of products whose factors are both packed is packedTile.ts.
 * 8 accumulators + 2 of b + a splat + a product fit the 15 registers V8 has on x64; 6 rows would spill.
 *
 * `tileColumns` reads the 4 values of a step side by side (packed, or a stored transposed); `tileRows` follows 4 rows.
 */

/** Numbers in a vector; the scalar target has "vectors" of 1. */
// @ts-ignore: decorator
@inline
export function lanes<T>(): i32 {
  return ASC_FEATURE_SIMD ? 16 / <i32>sizeof<T>() : 1;
}

export const TILE_ROWS: i32 = 4;

// @ts-ignore: decorator
@inline
export function tileColumnsOf<T>(): i32 {
  return 2 * lanes<T>();
}

// splat0 … splat5: number 0 … 5 at a pointer, in every lane. Offsets must be literals.
// @ts-ignore: decorator
@inline
export function splat0<T>(a: usize): v128 {
  return sizeof<T>() == 4 ? v128.load32_splat(a, 0) : v128.load64_splat(a, 0);
}

// @ts-ignore: decorator
@inline
export function splat1<T>(a: usize): v128 {
  return sizeof<T>() == 4 ? v128.load32_splat(a, 4) : v128.load64_splat(a, 8);
}

// @ts-ignore: decorator
@inline
export function splat2<T>(a: usize): v128 {
  return sizeof<T>() == 4 ? v128.load32_splat(a, 8) : v128.load64_splat(a, 16);
}

// @ts-ignore: decorator
@inline
export function splat3<T>(a: usize): v128 {
  return sizeof<T>() == 4 ? v128.load32_splat(a, 12) : v128.load64_splat(a, 24);
}

// @ts-ignore: decorator
@inline
export function splat4<T>(a: usize): v128 {
  return sizeof<T>() == 4 ? v128.load32_splat(a, 16) : v128.load64_splat(a, 32);
}

// @ts-ignore: decorator
@inline
export function splat5<T>(a: usize): v128 {
  return sizeof<T>() == 4 ? v128.load32_splat(a, 20) : v128.load64_splat(a, 40);
}

// @ts-ignore: decorator
@inline
function step<T>(sum: v128, a: v128, b: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return v128.relaxed_madd<T>(a, b, sum);
  return v128.add<T>(sum, v128.mul<T>(a, b));
}

/** a: 4 neighbours a step, steps `aStep` bytes apart; b: 2 vectors a step, `bStep` bytes apart; out: 4 × 2 vectors, dense. */
export function tileColumns<T>(
  k: i32,
  a: usize,
  aStep: usize,
  b: usize,
  bStep: usize,
  out: usize,
): void {
  if (ASC_FEATURE_SIMD) {
    let c00 = v128.splat<T>(<T>0);
    let c01 = c00;
    let c10 = c00;
    let c11 = c00;
    let c20 = c00;
    let c21 = c00;
    let c30 = c00;
    let c31 = c00;
    for (; k > 0; --k) {
      const b0 = v128.load(b);
      const b1 = v128.load(b, 16);
      const a0 = splat0<T>(a);
      c00 = step<T>(c00, a0, b0);
      c01 = step<T>(c01, a0, b1);
      const a1 = splat1<T>(a);
      c10 = step<T>(c10, a1, b0);
      c11 = step<T>(c11, a1, b1);
      const a2 = splat2<T>(a);
      c20 = step<T>(c20, a2, b0);
      c21 = step<T>(c21, a2, b1);
      const a3 = splat3<T>(a);
      c30 = step<T>(c30, a3, b0);
      c31 = step<T>(c31, a3, b1);
      a += aStep;
      b += bStep;
    }
    v128.store(out, c00, 0);
    v128.store(out, c01, 16);
    v128.store(out, c10, 32);
    v128.store(out, c11, 48);
    v128.store(out, c20, 64);
    v128.store(out, c21, 80);
    v128.store(out, c30, 96);
    v128.store(out, c31, 112);
  } else {
    tileRows<T>(
      k,
      a,
      a + sizeof<T>(),
      a + 2 * sizeof<T>(),
      a + 3 * sizeof<T>(),
      aStep,
      b,
      bStep,
      out,
    );
  }
}

/** a0 … a3: the 4 rows, steps `aStep` bytes apart; the rest as in tileColumns. */
export function tileRows<T>(
  k: i32,
  a0: usize,
  a1: usize,
  a2: usize,
  a3: usize,
  aStep: usize,
  b: usize,
  bStep: usize,
  out: usize,
): void {
  if (ASC_FEATURE_SIMD) {
    let c00 = v128.splat<T>(<T>0);
    let c01 = c00;
    let c10 = c00;
    let c11 = c00;
    let c20 = c00;
    let c21 = c00;
    let c30 = c00;
    let c31 = c00;
    for (; k > 0; --k) {
      const b0 = v128.load(b);
      const b1 = v128.load(b, 16);
      const x0 = splat0<T>(a0);
      c00 = step<T>(c00, x0, b0);
      c01 = step<T>(c01, x0, b1);
      const x1 = splat0<T>(a1);
      c10 = step<T>(c10, x1, b0);
      c11 = step<T>(c11, x1, b1);
      const x2 = splat0<T>(a2);
      c20 = step<T>(c20, x2, b0);
      c21 = step<T>(c21, x2, b1);
      const x3 = splat0<T>(a3);
      c30 = step<T>(c30, x3, b0);
      c31 = step<T>(c31, x3, b1);
      a0 += aStep;
      a1 += aStep;
      a2 += aStep;
      a3 += aStep;
      b += bStep;
    }
    v128.store(out, c00, 0);
    v128.store(out, c01, 16);
    v128.store(out, c10, 32);
    v128.store(out, c11, 48);
    v128.store(out, c20, 64);
    v128.store(out, c21, 80);
    v128.store(out, c30, 96);
    v128.store(out, c31, 112);
  } else {
    let c00: T = 0;
    let c01: T = 0;
    let c10: T = 0;
    let c11: T = 0;
    let c20: T = 0;
    let c21: T = 0;
    let c30: T = 0;
    let c31: T = 0;
    for (; k > 0; --k) {
      const b0 = load<T>(b);
      const b1 = load<T>(b, sizeof<T>());
      const x0 = load<T>(a0);
      c00 += x0 * b0;
      c01 += x0 * b1;
      const x1 = load<T>(a1);
      c10 += x1 * b0;
      c11 += x1 * b1;
      const x2 = load<T>(a2);
      c20 += x2 * b0;
      c21 += x2 * b1;
      const x3 = load<T>(a3);
      c30 += x3 * b0;
      c31 += x3 * b1;
      a0 += aStep;
      a1 += aStep;
      a2 += aStep;
      a3 += aStep;
      b += bStep;
    }
    store<T>(out, c00);
    store<T>(out, c01, sizeof<T>());
    store<T>(out, c10, 2 * sizeof<T>());
    store<T>(out, c11, 3 * sizeof<T>());
    store<T>(out, c20, 4 * sizeof<T>());
    store<T>(out, c21, 5 * sizeof<T>());
    store<T>(out, c30, 6 * sizeof<T>());
    store<T>(out, c31, 7 * sizeof<T>());
  }
}
