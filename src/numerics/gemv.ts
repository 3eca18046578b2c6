/**
 * Matrix times vector, y = beta·y + alpha·op(A)·x, and the same for a symmetric A of which one triangle is read.
 *
 * Plain TypeScript: every number of A is used once, so a copy into WASM memory would cost as much as the product (a matrix that stays
 * there is matrixOperator's). Sums run in float64 in the order of the index, also for float32, and are rounded once. 2mn operations,
 * working space 8 numbers a row of the result at most. NaN and ∞ go through. x and out may share an array.
 */
import { CallError, complaint } from "../errors.ts";
import { type Block, blockOf, checkWhole, type Floats, isSingle } from "./products/block.ts";

interface VectorOptions<D extends Floats> {
  /** Factor of the product (1). */
  alpha?: number;
  /** Factor of what `out` holds (0: it is not read). */
  beta?: number;
  /** Where the result goes, and what is returned; a fresh array where absent. */
  out?: D;
  /** a inside a longer array: its first number (0), and the numbers from one row to the next (no gap). */
  offsetA?: number;
  strideA?: number;
}

export interface GemvOptions<D extends Floats = Floats> extends VectorOptions<D> {
  /** a is stored m×n, row-major. */
  m: number;
  n: number;
  /** aᵀ·x: x has m numbers, the result n. */
  transpose?: boolean;
}

export interface SymvOptions<D extends Floats = Floats> extends VectorOptions<D> {
  /** a is n×n. */
  n: number;
  /** The triangle of a that is read ("lower"); what is on the other side may be anything. */
  triangle?: "lower" | "upper";
}

/** beta·out + alpha·op(a)·x. @throws CallError if a length is not that of its sides, a view leaves its array, or the types differ. */
export function gemv(a: Float32Array, x: Float32Array, options: GemvOptions<Float32Array>): Float32Array;
export function gemv(a: Float64Array, x: Float64Array, options: GemvOptions<Float64Array>): Float64Array;
export function gemv(a: Floats, x: Floats, options: GemvOptions): Floats {
  const { m, n, transpose = false } = options;
  checkWhole("gemv", "m", m);
  checkWhole("gemv", "n", n);
  const single = isSingle("gemv", [a, x, options.out]);
  const place = { offset: options.offsetA, stride: options.strideA };
  const block = blockOf("gemv", "a", a, [m, n], place);
  blockOf("gemv", "x", x, [1, transpose ? m : n]);
  return combine("gemv", transpose ? columnSums(block, x) : rowSums(block, x), options, single);
}

/** beta·out + alpha·a·x for a symmetric a (n×n). @throws CallError as gemv. */
export function symv(a: Float32Array, x: Float32Array, options: SymvOptions<Float32Array>): Float32Array;
export function symv(a: Float64Array, x: Float64Array, options: SymvOptions<Float64Array>): Float64Array;
export function symv(a: Floats, x: Floats, options: SymvOptions): Floats {
  const { n, triangle = "lower" } = options;
  checkWhole("symv", "n", n);
  if (triangle !== "lower" && triangle !== "upper") {
    throw new CallError(complaint("symv", "the triangle lower or upper", `${triangle satisfies never}`));
  }
  const single = isSingle("symv", [a, x, options.out]);
  const place = { offset: options.offsetA, stride: options.strideA };
  const block = blockOf("symv", "a", a, [n, n], place);
  blockOf("symv", "x", x, [1, n]);
  return combine("symv", symmetricSums(block, x, triangle === "lower"), options, single);
}

function combine(
  where: string,
  sums: Float64Array,
  { alpha = 1, beta = 0, out }: VectorOptions<Floats>,
  single: boolean,
): Floats {
  if (out) blockOf(where, "out", out, [1, sums.length]);
  const target = out ?? (single ? new Float32Array(sums.length) : sums);
  if (out && beta !== 0) for (let i = 0; i < sums.length; i++) target[i] = alpha * sums[i] + beta * out[i];
  else for (let i = 0; i < sums.length; i++) target[i] = alpha * sums[i];
  return target;
}

/** A x. Four rows at a time: four sums that need not wait for each other. */
function rowSums({ data, offset, stride, rows, columns }: Block, x: Floats): Float64Array {
  const sums = new Float64Array(rows);
  let i = 0;
  for (; i + 4 <= rows; i += 4) {
    const [r0, r1, r2, r3] = [0, 1, 2, 3].map((q) => offset + (i + q) * stride);
    let [s0, s1, s2, s3] = [0, 0, 0, 0];
    for (let j = 0; j < columns; j++) {
      const xj = x[j];
      s0 += data[r0 + j] * xj;
      s1 += data[r1 + j] * xj;
      s2 += data[r2 + j] * xj;
      s3 += data[r3 + j] * xj;
    }
    sums[i] = s0;
    sums[i + 1] = s1;
    sums[i + 2] = s2;
    sums[i + 3] = s3;
  }
  for (; i < rows; i++) {
    const row = offset + i * stride;
    let sum = 0;
    for (let j = 0; j < columns; j++) sum += data[row + j] * x[j];
    sums[i] = sum;
  }
  return sums;
}

/** Aᵀ x. Four rows at a time, added one after the other: the sums are read and written a quarter as often. */
function columnSums({ data, offset, stride, rows, columns }: Block, x: Floats): Float64Array {
  const sums = new Float64Array(columns);
  let i = 0;
  for (; i + 4 <= rows; i += 4) {
    const [r0, r1, r2, r3] = [0, 1, 2, 3].map((q) => offset + (i + q) * stride);
    const [x0, x1, x2, x3] = [x[i], x[i + 1], x[i + 2], x[i + 3]];
    for (let j = 0; j < columns; j++) {
      sums[j] = sums[j] + data[r0 + j] * x0 + data[r1 + j] * x1 + data[r2 + j] * x2 + data[r3 + j] * x3;
    }
  }
  for (; i < rows; i++) {
    const row = offset + i * stride;
    const xi = x[i];
    for (let j = 0; j < columns; j++) sums[j] += data[row + j] * xi;
  }
  return sums;
}

/** A x by one triangle: each number off the diagonal serves its row and its column. */
function symmetricSums({ data, offset, stride, rows: n }: Block, x: Floats, lower: boolean): Float64Array {
  const sums = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const row = offset + i * stride;
    const xi = x[i];
    const last = lower ? i : n;
    let sum = 0;
    for (let j = lower ? 0 : i + 1; j < last; j++) {
      const value = data[row + j];
      sum += value * x[j];
      sums[j] += value * xi;
    }
    sums[i] += sum + data[row + i] * xi;
  }
  return sums;
}
