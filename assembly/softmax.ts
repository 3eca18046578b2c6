/**
 * Softmax over the rows of score blocks, and its Jacobian times a vector (symmetric: vjp and jvp alike).
 *
 *   p_j = e^{x_j − max x} / Σ e^{x − max x}       p∘(d − Σ_j p_j d_j)
 *
 * table: groups × [offset, rows, columns], a dense block each. With `causal` row i sees columns j ≤ i, and with `window` > 0 only
 * i − j < window. What a row does not see is left as it is in `out`: callers give zeros. Sums in float64. A NaN is passed over in the maximum and makes the sum, so the whole row, NaN.
 */
import { expInPlace } from "./exp";
import { productSum, sumOf } from "./sums";
import { atLeast, div, mul, splat, sub } from "./vector";

// @ts-ignore: decorator
@inline
function firstSeen(row: i32, window: i32): i32 {
  return window > 0 ? max(0, row - window + 1) : 0;
}

export function softmax(
  x: usize,
  out: usize,
  table: usize,
  groups: i32,
  causal: i32,
  window: i32,
): void {
  for (let g = 0; g < groups; ++g) {
    const offset = (<usize>load<i32>(table)) << 2;
    const rows = load<i32>(table, 4);
    const columns = load<i32>(table, 8);
    for (let i = 0; i < rows; ++i) {
      const first = causal ? firstSeen(i, window) : 0;
      const end = causal ? min(i + 1, columns) : columns;
      const at = offset + ((<usize>(i * columns + first)) << 2);
      if (first < end) softmaxRow(x + at, out + at, end - first);
    }
    table += 12;
  }
}

function softmaxRow(x: usize, out: usize, n: i32): void {
  const bytes = (<usize>n) << 2;
  let i: usize = 0;
  let top = -(<f32>Infinity);
  if (ASC_FEATURE_SIMD) {
    let tops = f32x4.splat(top);
    for (; i + 16 <= bytes; i += 16)
      tops = atLeast<v128>(tops, v128.load(x + i));
    top = atLeast<f32>(
      atLeast<f32>(f32x4.extract_lane(tops, 0), f32x4.extract_lane(tops, 1)),
      atLeast<f32>(f32x4.extract_lane(tops, 2), f32x4.extract_lane(tops, 3)),
    );
  }
  for (; i < bytes; i += 4) top = atLeast<f32>(top, load<f32>(x + i));

  i = 0;
  if (ASC_FEATURE_SIMD) {
    const tops = f32x4.splat(top);
    for (; i + 16 <= bytes; i += 16)
      v128.store(out + i, sub<v128>(v128.load(x + i), tops));
  }
  for (; i < bytes; i += 4) store<f32>(out + i, load<f32>(x + i) - top);
  expInPlace(out, n);

  const sum = <f32>sumOf(out, n);
  i = 0;
  if (ASC_FEATURE_SIMD) {
    const sums = f32x4.splat(sum);
    for (; i + 16 <= bytes; i += 16)
      v128.store(out + i, div<v128>(v128.load(out + i), sums));
  }
  for (; i < bytes; i += 4) store<f32>(out + i, load<f32>(out + i) / sum);
}

/** d and out: `copies` blocks of `size` numbers, each of the shape of p. */
export function softmaxTangent(
  p: usize,
  d: usize,
  out: usize,
  size: i32,
  copies: i32,
  table: usize,
  groups: i32,
  causal: i32,
  window: i32,
): void {
  for (let copy = 0; copy < copies; ++copy) {
    const start = (<usize>copy * <usize>size) << 2;
    for (let g = 0; g < groups; ++g) {
      const row = table + <usize>g * 12;
      const offset = (<usize>load<i32>(row)) << 2;
      const rows = load<i32>(row, 4);
      const columns = load<i32>(row, 8);
      for (let i = 0; i < rows; ++i) {
        const first = causal ? firstSeen(i, window) : 0;
        const end = causal ? min(i + 1, columns) : columns;
        const at = offset + ((<usize>(i * columns + first)) << 2);
        if (first < end)
          tangentRow(p + at, d + start + at, out + start + at, end - first);
      }
    }
  }
}

function tangentRow(p: usize, d: usize, out: usize, n: i32): void {
  const bytes = (<usize>n) << 2;
  const mean = <f32>productSum(p, d, 0, n);
  let i: usize = 0;
  if (ASC_FEATURE_SIMD) {
    const means = splat<v128>(mean);
    for (; i + 16 <= bytes; i += 16) {
      v128.store(
        out + i,
        mul<v128>(v128.load(p + i), sub<v128>(v128.load(d + i), means)),
      );
    }
  }
  for (; i < bytes; i += 4)
    store<f32>(out + i, load<f32>(p + i) * (load<f32>(d + i) - mean));
}
