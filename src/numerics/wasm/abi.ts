import type { DenseKernels } from "./denseAbi.ts";

/**
 * The ABI: what the kernels of assembly/ export, by hand, in the order of assembly/index.ts. All targets export the same names.
 *
 * Pointers are byte addresses below 2³² given by the arena; counts and strides are in elements; flags are 0 or 1.
 * Kernels allocate nothing, keep nothing, and check nothing: callers do.
 */
export interface Kernels extends DenseKernels {
  /** out = a + scale·b; b (n) repeats along a (n·repeats). */
  add(a: number, b: number, out: number, n: number, repeats: number, scale: number): void;
  /** out = a ∘ b, as `add`. */
  multiply(a: number, b: number, out: number, n: number, repeats: number): void;

  /** ids: i32. */
  gatherRows(table: number, ids: number, out: number, rows: number, features: number): void;
  scatterAddRows(target: number, ids: number, x: number, rows: number, features: number): void;

  gelu: Elementwise;
  geluSlope: Elementwise;
  geluErf: Elementwise;
  geluErfSlope: Elementwise;
  silu: Elementwise;
  siluSlope: Elementwise;
  tanh: Elementwise;
  tanhSlope: Elementwise;
  relu: Elementwise;
  reluSlope: Elementwise;

  /** c (m×n) = beta·c + alpha·op(a)·op(b) + bias; strides of stored rows; bias 0 for none; workspace: productWorkspace() bytes. */
  gemmF32: Gemm;
  gemmF64: Gemm;

  /** c (rows×columns, f64) += a·bᵀ; `lower`: only tiles that touch the lower triangle. */
  gramF32: Gram;
  gramF64: Gram;
  /** c (n×n, f64) = beta·c + alpha·a·aᵀ, or aᵀ·a of a stored k×n: only tiles that touch the lower triangle. */
  syrkF64(
    n: number,
    k: number,
    alpha: number,
    a: number,
    aStride: number,
    transposed: number,
    beta: number,
    c: number,
    cStride: number,
    workspace: number,
  ): void;

  /** out = beta·out + alpha·op(a_g)·op(b_g); table: groups × 9 i32, as ProductGroups. */
  groupedGemm(
    table: number,
    groups: number,
    alpha: number,
    beta: number,
    a: number,
    transposeA: number,
    b: number,
    transposeB: number,
    out: number,
    workspace: number,
  ): void;

  normalize(
    x: number,
    out: number,
    inverse: number,
    rows: number,
    features: number,
    epsilon: number,
    centred: number,
  ): void;
  normalizeTangent(
    normalized: number,
    inverse: number,
    d: number,
    out: number,
    rows: number,
    features: number,
    copies: number,
    centred: number,
  ): void;

  /** Bytes the products want for packed panels. */
  productWorkspace(): number;

  /** x: copies × rows × heads·2·half; cos, sin: rows × half; sign −1 turns back. */
  rotate(
    x: number,
    cos: number,
    sin: number,
    out: number,
    rows: number,
    heads: number,
    half: number,
    copies: number,
    sign: number,
  ): void;

  /** table: segments × 2 i32, scale: segments f64. */
  segmentSum: SegmentKernel;
  /** Adds to out. */
  segmentSpread: SegmentKernel;

  /** table: groups × 3 i32, as ScoreGroups. Writes the allowed places of out only. */
  softmax(x: number, out: number, table: number, groups: number, causal: number, window: number): void;
  softmaxTangent(
    p: number,
    d: number,
    out: number,
    size: number,
    copies: number,
    table: number,
    groups: number,
    causal: number,
    window: number,
  ): void;

  /** out (columns) = scale·Σ of the rows of x. */
  columnSums(x: number, rows: number, columns: number, scale: number, out: number): void;

  /** b (n×columns) ← A⁻¹ b, or A b where `solve` is 0, for a small triangle A; steps in elements. */
  triangleF32: Triangle;
  triangleF64: Triangle;

  /** 1 in the SIMD targets, 0 in the scalar one. */
  usesSimd(): number;
  /** x·y + z as products do it: rounded twice, or once. */
  multiplyAdd(x: number, y: number, z: number): number;
  multiplyAddSingle(x: number, y: number, z: number): number;
}

type Elementwise = (x: number, out: number, n: number) => void;

type Gemm = (
  m: number,
  n: number,
  k: number,
  alpha: number,
  a: number,
  aStride: number,
  transposeA: number,
  b: number,
  bStride: number,
  transposeB: number,
  beta: number,
  c: number,
  cStride: number,
  bias: number,
  workspace: number,
) => void;

type Gram = (
  rows: number,
  columns: number,
  k: number,
  a: number,
  aStride: number,
  b: number,
  bStride: number,
  c: number,
  cStride: number,
  lower: number,
  workspace: number,
) => void;

type Triangle = (
  solve: number,
  n: number,
  lower: number,
  unit: number,
  a: number,
  rowStep: number,
  columnStep: number,
  b: number,
  bStride: number,
  columns: number,
) => void;

type SegmentKernel = (
  x: number,
  out: number,
  table: number,
  scale: number,
  segments: number,
  rows: number,
  features: number,
  copies: number,
) => void;
