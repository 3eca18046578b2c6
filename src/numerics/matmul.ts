/**
 * C = beta·C + alpha·op(A)·op(B) + bias on plain arrays, through the WASM kernels (assembly/gemm.ts). 2mkn operations, and one copy of
 * every operand in and of the result out. float32 stays float32 (products and sums within 256 steps rounded to f32), float64 stays
 * float64. NaN and ∞ go through, as everywhere in products. Operands may share arrays with each other and with `out`: all are copied first.
 *
 * Working space, in the memory shared by plain functions (see releaseScratch): the operands and the result, dense, and 2.2 MiB of panels.
 */
import { CallError, complaint } from "../errors.ts";
import {
  type Block,
  blockOf,
  checkInside,
  checkWhole,
  copyIn,
  copyOut,
  type Floats,
  isSingle,
} from "./products/block.ts";
import { kernels } from "./wasm/load.ts";

export interface MatmulSizes {
  /** op(a) is m×k, op(b) is k×n: with `transposeA`, a is stored k×m; with `transposeB`, b is stored n×k. Row-major. */
  m: number;
  k: number;
  n: number;
  transposeA?: boolean;
  transposeB?: boolean;
}

export interface MatmulOptions<D extends Floats = Floats> extends MatmulSizes {
  /** Factor of the product (1). */
  alpha?: number;
  /** Factor of what `out` holds (0: it is not read, and may hold anything). */
  beta?: number;
  /** Where the m×n result goes, and what is returned; a fresh array where absent. */
  out?: D;
  /** (n): added to every row. */
  bias?: D;
  /** Stored matrices inside longer arrays: the first number (0), and the numbers from one stored row to the next (no gap). */
  offsetA?: number;
  strideA?: number;
  offsetB?: number;
  strideB?: number;
  offsetOut?: number;
  strideOut?: number;
}

export interface BatchedMatmulOptions<D extends Floats = Floats> extends MatmulOptions<D> {
  /** Number of products. */
  batch: number;
  /** Numbers from one matrix to the next (rows × stride; 0: the same one for all products). */
  batchStrideA?: number;
  batchStrideB?: number;
  /** Not 0: the results must not overlap. They may interleave, as heads of attention do. */
  batchStrideOut?: number;
}

/**
 * beta·out + alpha·op(a)·op(b) + bias: m×n.
 * @throws CallError if an array is not as long as its sides say, a view leaves its array, or the types differ.
 */
export function matmul(a: Float32Array, b: Float32Array, options: MatmulOptions<Float32Array>): Float32Array;
export function matmul(a: Float64Array, b: Float64Array, options: MatmulOptions<Float64Array>): Float64Array;
export function matmul(a: Floats, b: Floats, options: MatmulOptions): Floats {
  return multiply("matmul", a, b, { ...options, batch: 1 });
}

/**
 * The same for `batch` products: by default matrices one after the other, batch×m×n. An operand that is one matrix long serves all.
 * The bias is that of every product. @throws CallError as matmul.
 */
export function batchedMatmul(
  a: Float32Array,
  b: Float32Array,
  options: BatchedMatmulOptions<Float32Array>,
): Float32Array;
export function batchedMatmul(
  a: Float64Array,
  b: Float64Array,
  options: BatchedMatmulOptions<Float64Array>,
): Float64Array;
export function batchedMatmul(a: Floats, b: Floats, options: BatchedMatmulOptions): Floats {
  checkWhole("batchedMatmul", "batch", options.batch);
  return multiply("batchedMatmul", a, b, options);
}

function multiply(where: string, a: Floats, b: Floats, options: BatchedMatmulOptions): Floats {
  const { m, k, n, batch, transposeA = false, transposeB = false, alpha = 1, beta = 0, bias } = options;
  for (const [name, side] of Object.entries({ m, k, n })) checkWhole(where, name, side);
  const single = isSingle(where, [a, b, bias, options.out]);
  const operands = { where, batch };
  const left = stack({
    ...operands,
    name: "a",
    data: a,
    sides: transposeA ? [k, m] : [m, k],
    offset: options.offsetA,
    stride: options.strideA,
    batchStride: options.batchStrideA,
  });
  const right = stack({
    ...operands,
    name: "b",
    data: b,
    sides: transposeB ? [n, k] : [k, n],
    offset: options.offsetB,
    stride: options.strideB,
    batchStride: options.batchStrideB,
  });
  const target =
    options.out &&
    stack({
      ...operands,
      name: "out",
      data: options.out,
      sides: [m, n],
      offset: options.offsetOut,
      stride: options.strideOut,
      batchStride: options.batchStrideOut,
    });
  if (target && target.step === 0 && batch > 1 && m * n > 0) {
    const expected = `out of ${batch}×${m}×${n} numbers, or a batchStrideOut above 0`;
    throw new CallError(complaint(where, expected, "one matrix for all products"));
  }
  if (bias) blockOf(where, "bias", bias, [1, n]);

  const { arena, exports } = kernels();
  const bytes = single ? 4 : 8;
  const view = (pointer: number, length: number): Floats =>
    single ? arena.f32(pointer, length) : arena.f64(pointer, length);
  const gemm = single ? exports.gemmF32 : exports.gemmF64;
  const sizes = [
    bytes * left.count * m * k,
    bytes * right.count * k * n,
    bytes * batch * m * n,
    bytes * (bias ? n : 0),
    exports.productWorkspace(),
  ] as const;
  return arena.withScratch(sizes, (aAt, bAt, outAt, biasAt, workspace) => {
    stackIn(left, view(aAt, left.count * m * k));
    stackIn(right, view(bAt, right.count * k * n));
    if (target && beta !== 0) stackIn(target, view(outAt, batch * m * n));
    else if (beta !== 0) view(outAt, batch * m * n).fill(0);
    if (bias) view(biasAt, n).set(bias);
    for (let i = 0; i < batch; i++) {
      const aBlock = aAt + (left.count > 1 ? bytes * m * k * i : 0);
      const bBlock = bAt + (right.count > 1 ? bytes * k * n * i : 0);
      gemm(
        ...([m, n, k, alpha] as const),
        ...([aBlock, transposeA ? m : k, Number(transposeA)] as const),
        ...([bBlock, transposeB ? k : n, Number(transposeB)] as const),
        ...([beta, outAt + bytes * m * n * i, n, bias ? biasAt : 0, workspace] as const),
      );
    }
    const result = view(outAt, batch * m * n);
    if (!target) return result.slice();
    stackOut(result, target);
    return target.block.data;
  });
}

/** `count` blocks, `step` numbers apart; count 1: the same for all products. */
interface Stack {
  block: Block;
  count: number;
  step: number;
}

function stack(operand: {
  where: string;
  name: string;
  data: Floats;
  sides: readonly [number, number];
  batch: number;
  offset?: number;
  stride?: number;
  batchStride?: number;
}): Stack {
  const { where, name, data, sides, batch, offset, stride, batchStride } = operand;
  const size = sides[0] * sides[1];
  if (offset === undefined && stride === undefined && batchStride === undefined) {
    const block = { data, offset: 0, stride: sides[1], rows: sides[0], columns: sides[1] };
    if (data.length === batch * size) return { block, count: batch, step: size };
    if (data.length === size) return { block, count: Math.min(batch, 1), step: 0 };
    const expected = `${name} of ${batch === 1 ? "" : `${batch}×`}${sides.join("×")} = ${batch * size} numbers`;
    throw new CallError(complaint(where, expected, `${data.length}`));
  }
  const block = blockOf(where, name, data, sides, { offset: offset ?? 0, stride });
  const step = batchStride ?? sides[0] * block.stride;
  checkWhole(where, `the batch stride of ${name}`, step);
  const count = step === 0 ? Math.min(batch, 1) : batch;
  if (count > 0) checkInside(where, name, { ...block, offset: block.offset + (count - 1) * step });
  return { block, count, step };
}

function stackIn({ block, count, step }: Stack, target: Floats): void {
  const size = block.rows * block.columns;
  if (block.stride === block.columns && (step === size || count === 1)) {
    target.set(block.data.subarray(block.offset, block.offset + count * size));
    return;
  }
  for (let i = 0; i < count; i++) {
    copyIn({ ...block, offset: block.offset + i * step }, target.subarray(i * size, (i + 1) * size));
  }
}

function stackOut(source: Floats, { block, count, step }: Stack): void {
  const size = block.rows * block.columns;
  if (size === 0) return;
  for (let i = 0; i < count; i++) {
    copyOut(source.subarray(i * size, (i + 1) * size), { ...block, offset: block.offset + i * step });
  }
}
