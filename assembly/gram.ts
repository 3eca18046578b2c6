/**
 * Sums of inner products in float64: c += a·bᵀ, a rows×k, b columns×k, c rows×columns.
 *
 * `gramF32`: f32 factors; products and sums inside a panel of 256 steps in f32 (relative error ~10⁻⁶ of |a||b|), panels added in f64.
 * `gramF64`: f64 throughout. With `lower` only tiles that touch the lower triangle are computed: half the work where b is a.
 */
import { product } from "./product";

export function gramF32(
  rows: i32,
  columns: i32,
  k: i32,
  a: usize,
  aStride: i32,
  b: usize,
  bStride: i32,
  c: usize,
  cStride: i32,
  lower: i32,
  workspace: usize,
): void {
  product<f32, f64>(
    rows,
    columns,
    k,
    1,
    a,
    aStride,
    false,
    b,
    bStride,
    true,
    1,
    c,
    cStride,
    0,
    lower != 0,
    workspace,
  );
}

export function gramF64(
  rows: i32,
  columns: i32,
  k: i32,
  a: usize,
  aStride: i32,
  b: usize,
  bStride: i32,
  c: usize,
  cStride: i32,
  lower: i32,
  workspace: usize,
): void {
  product<f64, f64>(
    rows,
    columns,
    k,
    1,
    a,
    aStride,
    false,
    b,
    bStride,
    true,
    1,
    c,
    cStride,
    0,
    lower != 0,
    workspace,
  );
}

/** c (n×n, f64) = beta·c + alpha·a·aᵀ (transposed: aᵀ·a, a stored k×n): tiles that touch the lower triangle only. */
export function syrkF64(
  n: i32,
  k: i32,
  alpha: f64,
  a: usize,
  aStride: i32,
  transposed: i32,
  beta: f64,
  c: usize,
  cStride: i32,
  workspace: usize,
): void {
  product<f64, f64>(
    n,
    n,
    k,
    alpha,
    a,
    aStride,
    transposed != 0,
    a,
    aStride,
    transposed == 0,
    beta,
    c,
    cStride,
    0,
    true,
    workspace,
  );
}
