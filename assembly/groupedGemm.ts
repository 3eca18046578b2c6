/**
 * Many small f32 products in one call: attention over packed texts of different lengths.
 * table: groups × [aOffset, aStride, bOffset, bStride, outOffset, outStride, m, k, n] in elements of the stored matrices.
 * out = beta·out + alpha·op(a_g)·op(b_g), in the order of the table. beta 1: groups may share a place, callers give zeros;
 * beta 0: every number of `out` belongs to one group, whatever it holds before.
 */
import { product } from "./product";

export function groupedGemm(
  table: usize,
  groups: i32,
  alpha: f32,
  beta: f32,
  a: usize,
  transposeA: i32,
  b: usize,
  transposeB: i32,
  out: usize,
  workspace: usize,
): void {
  for (let g = 0; g < groups; ++g) {
    product<f32, f32>(
      load<i32>(table, 24),
      load<i32>(table, 32),
      load<i32>(table, 28),
      alpha,
      a + ((<usize>load<i32>(table)) << 2),
      load<i32>(table, 4),
      transposeA != 0,
      b + ((<usize>load<i32>(table, 8)) << 2),
      load<i32>(table, 12),
      transposeB != 0,
      beta,
      out + ((<usize>load<i32>(table, 16)) << 2),
      load<i32>(table, 20),
      0,
      false,
      workspace,
    );
    table += 36;
  }
}
