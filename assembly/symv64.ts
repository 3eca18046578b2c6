// y = A x from the lower triangle of a symmetric matrix, each entry read once and used for its mirror as well. Cost 4 flops an entry,
// n²/2 entries: what the memory gives decides, so four rows share every pass over x and y.
import { dot64 } from "./rows64";

/** y (n) ← A x; a: n rows, `stride` bytes apart, entries right of the diagonal are not read. */
export function symvLower64(
  a: usize,
  stride: usize,
  n: i32,
  x: usize,
  y: usize,
): void {
  let r = 0;
  memory.fill(y, 0, (<usize>n) << 3);
  for (; r + 4 <= n; r += 4) {
    fourRows(a + <usize>r * stride, stride, r, x, y);
    for (let i = r; i < r + 4; i++) diagonalRow(a, stride, r, i, x, y);
  }
  for (let i = r; i < n; i++) {
    const row = a + <usize>i * stride;
    const at = (<usize>i) << 3;
    const xi = load<f64>(x + at);
    const sum = dot64(row, x, r);
    for (let j: usize = 0; j < (<usize>r) << 3; j += 8)
      store<f64>(y + j, load<f64>(y + j) + xi * load<f64>(row + j));
    store<f64>(y + at, load<f64>(y + at) + sum);
    diagonalRow(a, stride, r, i, x, y);
  }
}

/** Row i from column `from` to the diagonal. */
@inline
function diagonalRow(
  a: usize,
  stride: usize,
  from: i32,
  i: i32,
  x: usize,
  y: usize,
): void {
  const row = a + <usize>i * stride;
  const end = (<usize>i) << 3;
  const xi = load<f64>(x + end);
  let sum: f64 = load<f64>(y + end) + load<f64>(row + end) * xi;
  for (let at = (<usize>from) << 3; at < end; at += 8) {
    const value = load<f64>(row + at);
    sum += value * load<f64>(x + at);
    store<f64>(y + at, load<f64>(y + at) + value * xi);
  }
  store<f64>(y + end, sum);
}

/** Rows r … r + 3, columns 0 … r − 1 (r a multiple of 4). */
function fourRows(row: usize, stride: usize, r: i32, x: usize, y: usize): void {
  const end = (<usize>r) << 3;
  const row1 = row + stride;
  const row2 = row1 + stride;
  const row3 = row2 + stride;
  const x0 = load<f64>(x + end);
  const x1 = load<f64>(x + end, 8);
  const x2 = load<f64>(x + end, 16);
  const x3 = load<f64>(x + end, 24);
  let sum0: f64 = 0;
  let sum1: f64 = 0;
  let sum2: f64 = 0;
  let sum3: f64 = 0;
  if (ASC_FEATURE_SIMD) {
    const xx0 = f64x2.splat(x0);
    const xx1 = f64x2.splat(x1);
    const xx2 = f64x2.splat(x2);
    const xx3 = f64x2.splat(x3);
    let s0 = f64x2.splat(0);
    let s1 = f64x2.splat(0);
    let s2 = f64x2.splat(0);
    let s3 = f64x2.splat(0);
    for (let at: usize = 0; at < end; at += 16) {
      const xj = v128.load(x + at);
      const a0 = v128.load(row + at);
      const a1 = v128.load(row1 + at);
      s0 = f64x2.add(s0, f64x2.mul(a0, xj));
      s1 = f64x2.add(s1, f64x2.mul(a1, xj));
      const a2 = v128.load(row2 + at);
      const a3 = v128.load(row3 + at);
      s2 = f64x2.add(s2, f64x2.mul(a2, xj));
      s3 = f64x2.add(s3, f64x2.mul(a3, xj));
      v128.store(
        y + at,
        f64x2.add(
          v128.load(y + at),
          f64x2.add(
            f64x2.add(f64x2.mul(xx0, a0), f64x2.mul(xx1, a1)),
            f64x2.add(f64x2.mul(xx2, a2), f64x2.mul(xx3, a3)),
          ),
        ),
      );
    }
    sum0 = f64x2.extract_lane(s0, 0) + f64x2.extract_lane(s0, 1);
    sum1 = f64x2.extract_lane(s1, 0) + f64x2.extract_lane(s1, 1);
    sum2 = f64x2.extract_lane(s2, 0) + f64x2.extract_lane(s2, 1);
    sum3 = f64x2.extract_lane(s3, 0) + f64x2.extract_lane(s3, 1);
  } else {
    for (let at: usize = 0; at < end; at += 8) {
      const xj = load<f64>(x + at);
      const a0 = load<f64>(row + at);
      const a1 = load<f64>(row1 + at);
      const a2 = load<f64>(row2 + at);
      const a3 = load<f64>(row3 + at);
      sum0 += a0 * xj;
      sum1 += a1 * xj;
      sum2 += a2 * xj;
      sum3 += a3 * xj;
      store<f64>(
        y + at,
        load<f64>(y + at) + (x0 * a0 + x1 * a1 + (x2 * a2 + x3 * a3)),
      );
    }
  }
  const out = y + end;
  store<f64>(out, load<f64>(out) + sum0);
  store<f64>(out, load<f64>(out, 8) + sum1, 8);
  store<f64>(out, load<f64>(out, 16) + sum2, 16);
  store<f64>(out, load<f64>(out, 24) + sum3, 24);
}
