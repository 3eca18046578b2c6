/**
 * Products with a triangle and solutions of triangular systems, by halves:
 *
 *   [L₁  0 ] [X₁]   [B₁]      solve L₁ X₁ = B₁, subtract L₂₁ X₁ from B₂ (a product), solve L₂ X₂ = B₂
 *   [L₂₁ L₂] [X₂] = [B₂]      multiply: B₂ ← L₂ B₂ + L₂₁ B₁, then B₁ ← L₁ B₁
 *
 * down to triangles of 16 (assembly/triangle.ts), so that almost all of the m²n operations (mn² on the right) are those of matmul.
 * A on the right is A on the left of the transposes. After Elmroth, Gustavson, Jonsson and Kågström, SIAM Review 46(1), 2004.
 *
 * Working space: A, B and, with A on the right, Bᵀ, dense, and 2.2 MiB of panels in the memory shared by plain functions.
 */
import { CallError, complaint, DataError } from "../errors.ts";
import {
  type Block,
  blockOf,
  checkWhole,
  copyIn,
  copyOut,
  type Floats,
  isSingle,
  transposeInto,
} from "./products/block.ts";
import { kernels, type WasmContext } from "./wasm/load.ts";

export interface TriangularOptions<D extends Floats = Floats> {
  /** b is m×n, row-major; a is m×m on the left, n×n on the right. */
  m: number;
  n: number;
  /** The side of b on which a stands ("left"). */
  side?: "left" | "right";
  /** The triangle of a, as stored, that is read ("lower"); what is on the other side may be anything. */
  triangle?: "lower" | "upper";
  /** aᵀ instead of a. */
  transpose?: boolean;
  /** The diagonal of a is not read, but taken for 1. */
  unitDiagonal?: boolean;
  /** Factor of b (1). */
  alpha?: number;
  /** (m×n): where the result goes, and what is returned; a fresh array where absent. May be b itself. */
  out?: D;
  /** a and b inside longer arrays: the first number (0), and the numbers from one row to the next (no gap). */
  offsetA?: number;
  strideA?: number;
  offsetB?: number;
  strideB?: number;
  offsetOut?: number;
  strideOut?: number;
}

/**
 * X (m×n) with op(a)·X = alpha·b, or X·op(a) = alpha·b with a on the right. NaN and ∞ go through.
 * @throws DataError naming the first 0 on the diagonal.
 * @throws CallError if a length is not that of its sides, a view leaves its array, or the types differ.
 */
export function trsm(
  a: Float32Array,
  b: Float32Array,
  options: TriangularOptions<Float32Array>,
): Float32Array;
export function trsm(
  a: Float64Array,
  b: Float64Array,
  options: TriangularOptions<Float64Array>,
): Float64Array;
export function trsm(a: Floats, b: Floats, options: TriangularOptions): Floats {
  return triangular("trsm", a, b, options);
}

/** alpha·op(a)·b, or alpha·b·op(a) with a on the right: m×n. NaN and ∞ go through. @throws CallError as trsm. */
export function trmm(
  a: Float32Array,
  b: Float32Array,
  options: TriangularOptions<Float32Array>,
): Float32Array;
export function trmm(
  a: Float64Array,
  b: Float64Array,
  options: TriangularOptions<Float64Array>,
): Float64Array;
export function trmm(a: Floats, b: Floats, options: TriangularOptions): Floats {
  return triangular("trmm", a, b, options);
}

function triangular(where: "trsm" | "trmm", a: Floats, b: Floats, options: TriangularOptions): Floats {
  const { m, n, side = "left", triangle = "lower", alpha = 1, unitDiagonal = false } = options;
  checkWhole(where, "m", m);
  checkWhole(where, "n", n);
  checkWord(where, "side", side, ["left", "right"]);
  checkWord(where, "triangle", triangle, ["lower", "upper"]);
  const single = isSingle(where, [a, b, options.out]);
  const left = side === "left";
  const order = left ? m : n;
  const columns = left ? n : m;
  const place = { offset: options.offsetA, stride: options.strideA };
  const matrix = blockOf(where, "a", a, [order, order], place);
  const source = blockOf(where, "b", b, [m, n], { offset: options.offsetB, stride: options.strideB });
  const out = options.out ?? (single ? new Float32Array(m * n) : new Float64Array(m * n));
  const target = blockOf(where, "out", out, [m, n], { offset: options.offsetOut, stride: options.strideOut });
  const solve = where === "trsm";
  if (solve && !unitDiagonal) checkDiagonal(matrix);
  // X op(A) = B is op(A)ᵀ Xᵀ = Bᵀ.
  const transpose = (options.transpose ?? false) === left;

  const context = kernels();
  const { arena, exports } = context;
  const bytes = single ? 4 : 8;
  const view = (pointer: number, length: number): Floats =>
    single ? arena.f32(pointer, length) : arena.f64(pointer, length);
  const turned = left ? 0 : bytes * m * n;
  const sizes = [bytes * order * order, bytes * m * n, turned, exports.productWorkspace()] as const;
  return arena.withScratch(sizes, (aAt, bAt, turnedAt, workspace) => {
    copyIn(matrix, view(aAt, order * order));
    const block = view(bAt, m * n);
    copyIn(source, block);
    if (alpha !== 1) for (let i = 0; i < block.length; i++) block[i] *= alpha;
    const at = left ? bAt : turnedAt;
    if (!left) transposeInto(block, m, n, view(at, m * n));
    const lower = (triangle === "lower") !== transpose;
    const job = { order, columns, aAt, at, single, solve, transpose, lower, unitDiagonal, workspace };
    run(context, job, 0, order);
    if (!left) transposeInto(view(at, m * n), n, m, block);
    copyOut(block, target);
    return out;
  });
}

interface Job {
  order: number;
  columns: number;
  aAt: number; // order×order
  at: number; // order×columns
  single: boolean;
  solve: boolean;
  transpose: boolean;
  /** op(A) is a lower triangle. */
  lower: boolean;
  unitDiagonal: boolean;
  workspace: number;
}

const LEAF = 16;

/** Solves with, or multiplies by, the triangle of `count` rows from `first`, in place. */
function run(context: WasmContext, job: Job, first: number, count: number): void {
  const { order, columns, aAt, at, single, solve, transpose, lower, unitDiagonal, workspace } = job;
  const bytes = single ? 4 : 8;
  const { exports } = context;
  /** op(A)[i, j] */
  const entry = (i: number, j: number) => aAt + bytes * (transpose ? j * order + i : i * order + j);
  const row = (i: number) => at + bytes * i * columns;
  if (count <= LEAF) {
    const kernel = single ? exports.triangleF32 : exports.triangleF64;
    kernel(
      ...([Number(solve), count, Number(lower), Number(unitDiagonal)] as const),
      ...([entry(first, first), transpose ? 1 : order, transpose ? order : 1] as const),
      ...([row(first), columns, columns] as const),
    );
    return;
  }
  const half = Math.ceil(count / 2 / LEAF) * LEAF;
  const middle = first + half;
  const rest = count - half;
  // The rows that the others are made of: they are solved before, or multiplied after.
  const [from, to] = lower ? [first, middle] : [middle, first];
  const [fromRows, toRows] = lower ? [half, rest] : [rest, half];
  const [early, late] = solve ? [from, to] : [to, from];
  const [earlyRows, lateRows] = solve ? [fromRows, toRows] : [toRows, fromRows];
  run(context, job, early, earlyRows);
  const gemm = single ? exports.gemmF32 : exports.gemmF64;
  gemm(
    ...([toRows, columns, fromRows, solve ? -1 : 1] as const),
    ...([entry(to, from), order, Number(transpose)] as const),
    ...([row(from), columns, 0, 1, row(to), columns, 0, workspace] as const),
  );
  run(context, job, late, lateRows);
}

function checkDiagonal({ data, offset, stride, rows }: Block): void {
  for (let i = 0; i < rows; i++) {
    if (data[offset + i * stride + i] !== 0) continue;
    throw new DataError(complaint("trsm", "a diagonal without 0", `0 at row ${i}, column ${i} of a`));
  }
}

function checkWord(where: string, name: string, word: string, words: readonly string[]): void {
  if (words.includes(word)) return;
  throw new CallError(complaint(where, `the ${name} ${words.join(" or ")}`, `${word}`));
}
