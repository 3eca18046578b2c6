/**
 * Sums over segments of the rows of a packed batch, and their transpose. table: segments × [start, end); scale: one f64 a segment.
 * x is `copies` blocks of `rows` rows, d `copies` blocks of `segments` rows, both `features` wide. Sums in float64.
 */
import { add } from "./elements";
import { columnSums } from "./sums";

/** out[c, s] = scale_s·Σ_{r from start_s to end_s − 1} x[c, r] */
export function segmentSum(
  x: usize,
  out: usize,
  table: usize,
  scale: usize,
  segments: i32,
  rows: i32,
  features: i32,
  copies: i32,
): void {
  const bytes = (<usize>features) << 2;
  for (let copy = 0; copy < copies; ++copy) {
    for (let s = 0; s < segments; ++s) {
      const start = load<i32>(table + ((<usize>s) << 3));
      const end = load<i32>(table + ((<usize>s) << 3), 4);
      columnSums(
        x + <usize>start * bytes,
        end - start,
        features,
        load<f64>(scale + ((<usize>s) << 3)),
        out,
      );
      out += bytes;
    }
    x += <usize>rows * bytes;
  }
}

/** out[c, r] += scale_s·d[c, s] for r from start_s to end_s − 1; `out` starts as zeros. */
export function segmentSpread(
  d: usize,
  out: usize,
  table: usize,
  scale: usize,
  segments: i32,
  rows: i32,
  features: i32,
  copies: i32,
): void {
  const bytes = (<usize>features) << 2;
  for (let copy = 0; copy < copies; ++copy) {
    for (let s = 0; s < segments; ++s) {
      const start = load<i32>(table + ((<usize>s) << 3));
      const end = load<i32>(table + ((<usize>s) << 3), 4);
      const weight = <f32>load<f64>(scale + ((<usize>s) << 3));
      for (let r = start; r < end; ++r) {
        const row = out + <usize>r * bytes;
        add(row, d, row, features, 1, weight);
      }
      d += bytes;
    }
    out += <usize>rows * bytes;
  }
}
