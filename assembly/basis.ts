// What Krylov methods do with their basis: coordinates h = Q x and combinations x ← x + α Qᵀ h, over contiguous rows of Q (k×n).
// Four rows at a time, so that x is read and written once for four. Cost 2 k n each.
import { axpy64, dot64 } from "./rows64";

/** h (k) ← Q x. Q: k rows of n. */
export function basisDot(q: usize, k: i32, n: i32, x: usize, h: usize): void {
  const stride = (<usize>n) << 3;
  let r = 0;
  if (ASC_FEATURE_SIMD) {
    for (; r + 4 <= k; r += 4) {
      const q0 = q + <usize>r * stride;
      const q1 = q0 + stride;
      const q2 = q1 + stride;
      const q3 = q2 + stride;
      let s0 = f64x2.splat(0);
      let s1 = f64x2.splat(0);
      let s2 = f64x2.splat(0);
      let s3 = f64x2.splat(0);
      let at: usize = 0;
      const even = (<usize>(n & ~1)) << 3;
      for (; at < even; at += 16) {
        const v = v128.load(x + at);
        s0 = f64x2.add(s0, f64x2.mul(v, v128.load(q0 + at)));
        s1 = f64x2.add(s1, f64x2.mul(v, v128.load(q1 + at)));
        s2 = f64x2.add(s2, f64x2.mul(v, v128.load(q2 + at)));
        s3 = f64x2.add(s3, f64x2.mul(v, v128.load(q3 + at)));
      }
      const out = h + ((<usize>r) << 3);
      const odd: f64 = at < stride ? load<f64>(x + at) : 0;
      const last: usize = at < stride ? at : 0;
      store<f64>(
        out,
        f64x2.extract_lane(s0, 0) +
          f64x2.extract_lane(s0, 1) +
          odd * load<f64>(q0 + last),
      );
      store<f64>(
        out,
        f64x2.extract_lane(s1, 0) +
          f64x2.extract_lane(s1, 1) +
          odd * load<f64>(q1 + last),
        8,
      );
      store<f64>(
        out,
        f64x2.extract_lane(s2, 0) +
          f64x2.extract_lane(s2, 1) +
          odd * load<f64>(q2 + last),
        16,
      );
      store<f64>(
        out,
        f64x2.extract_lane(s3, 0) +
          f64x2.extract_lane(s3, 1) +
          odd * load<f64>(q3 + last),
        24,
      );
    }
  }
  for (; r < k; r++)
    store<f64>(h + ((<usize>r) << 3), dot64(q + <usize>r * stride, x, n));
}

/** x ← x + factor · Qᵀ h. Q: k rows of n. */
export function basisAdd(
  q: usize,
  k: i32,
  n: i32,
  h: usize,
  factor: f64,
  x: usize,
): void {
  const stride = (<usize>n) << 3;
  let r = 0;
  if (ASC_FEATURE_SIMD) {
    for (; r + 4 <= k; r += 4) {
      const q0 = q + <usize>r * stride;
      const q1 = q0 + stride;
      const q2 = q1 + stride;
      const q3 = q2 + stride;
      const from = h + ((<usize>r) << 3);
      const f0 = factor * load<f64>(from);
      const f1 = factor * load<f64>(from, 8);
      const f2 = factor * load<f64>(from, 16);
      const f3 = factor * load<f64>(from, 24);
      const v0 = f64x2.splat(f0);
      const v1 = f64x2.splat(f1);
      const v2 = f64x2.splat(f2);
      const v3 = f64x2.splat(f3);
      let at: usize = 0;
      const even = (<usize>(n & ~1)) << 3;
      for (; at < even; at += 16) {
        const pair = f64x2.add(
          f64x2.mul(v0, v128.load(q0 + at)),
          f64x2.mul(v1, v128.load(q1 + at)),
        );
        const other = f64x2.add(
          f64x2.mul(v2, v128.load(q2 + at)),
          f64x2.mul(v3, v128.load(q3 + at)),
        );
        v128.store(
          x + at,
          f64x2.add(v128.load(x + at), f64x2.add(pair, other)),
        );
      }
      if (at < stride) {
        const pair = f0 * load<f64>(q0 + at) + f1 * load<f64>(q1 + at);
        const other = f2 * load<f64>(q2 + at) + f3 * load<f64>(q3 + at);
        store<f64>(x + at, load<f64>(x + at) + (pair + other));
      }
    }
  }
  for (; r < k; r++)
    axpy64(
      factor * load<f64>(h + ((<usize>r) << 3)),
      q + <usize>r * stride,
      x,
      n,
    );
}
