// A few long rows against one vector: h = Q x and x ← x + Qᵀ h, Q (k×n) with rows `stride` bytes apart, four rows a pass.
import { axpy64, dot64 } from "./rows64";

/** h (k) ← Q x. */
export function panelDot64(
  q: usize,
  stride: usize,
  k: i32,
  n: i32,
  x: usize,
  h: usize,
): void {
  for (let r = 0; r < k; r++)
    store<f64>(h + ((<usize>r) << 3), dot64(q + <usize>r * stride, x, n));
}

/** x (n) ← x + Qᵀ h. */
export function panelAdd64(
  q: usize,
  stride: usize,
  k: i32,
  n: i32,
  h: usize,
  x: usize,
): void {
  let r = 0;
  for (; r + 4 <= k; r += 4) {
    const row = q + <usize>r * stride;
    addFour(row, stride, n, h + ((<usize>r) << 3), x);
  }
  for (; r < k; r++)
    axpy64(load<f64>(h + ((<usize>r) << 3)), q + <usize>r * stride, x, n);
}

function addFour(row: usize, stride: usize, n: i32, h: usize, x: usize): void {
  const row1 = row + stride;
  const row2 = row1 + stride;
  const row3 = row2 + stride;
  const h0 = load<f64>(h);
  const h1 = load<f64>(h, 8);
  const h2 = load<f64>(h, 16);
  const h3 = load<f64>(h, 24);
  const end = (<usize>n) << 3;
  let at: usize = 0;
  if (ASC_FEATURE_SIMD) {
    const hh0 = f64x2.splat(h0);
    const hh1 = f64x2.splat(h1);
    const hh2 = f64x2.splat(h2);
    const hh3 = f64x2.splat(h3);
    for (; at + 16 <= end; at += 16) {
      const first = f64x2.add(
        f64x2.mul(hh0, v128.load(row + at)),
        f64x2.mul(hh1, v128.load(row1 + at)),
      );
      const second = f64x2.add(
        f64x2.mul(hh2, v128.load(row2 + at)),
        f64x2.mul(hh3, v128.load(row3 + at)),
      );
      v128.store(
        x + at,
        f64x2.add(v128.load(x + at), f64x2.add(first, second)),
      );
    }
  }
  for (; at < end; at += 8) {
    const first = h0 * load<f64>(row + at) + h1 * load<f64>(row1 + at);
    const second = h2 * load<f64>(row2 + at) + h3 * load<f64>(row3 + at);
    store<f64>(x + at, load<f64>(x + at) + (first + second));
  }
}
