/**
 * C = op(A)·op(B) on plain arrays, through the WASM kernels (assembly/gemm.ts). 2mkn operations, plus one copy in and out.
 * float32 stays float32 (products and sums within 256 steps rounded to f32), float64 stays float64. NaN and ∞ go through.
 */
import { CallError, complaint } from "../errors.ts";
import { kernels } from "./wasm/load.ts";

export interface MatmulSizes {
  /** op(a) is m×k, op(b) is k×n: with `transposeA`, a is stored k×m; with `transposeB`, b is stored n×k. Row-major. */
  m: number;
  k: number;
  n: number;
  transposeA?: boolean;
  transposeB?: boolean;
}

/** op(a)·op(b): m×n. Throws a CallError if a length is not that of its sides, or the types differ. */
export function matmul(a: Float32Array, b: Float32Array, sizes: MatmulSizes): Float32Array;
export function matmul(a: Float64Array, b: Float64Array, sizes: MatmulSizes): Float64Array;
export function matmul(
  a: Float32Array | Float64Array,
  b: Float32Array | Float64Array,
  sizes: MatmulSizes,
): Float32Array | Float64Array {
  return multiply("matmul", a, b, { ...sizes, batch: 1 });
}

/** op(a_i)·op(b_i) for i < batch, blocks one after the other: batch×m×n. An operand with one block serves all products. */
export function batchedMatmul(
  a: Float32Array,
  b: Float32Array,
  sizes: MatmulSizes & { batch: number },
): Float32Array;
export function batchedMatmul(
  a: Float64Array,
  b: Float64Array,
  sizes: MatmulSizes & { batch: number },
): Float64Array;
export function batchedMatmul(
  a: Float32Array | Float64Array,
  b: Float32Array | Float64Array,
  sizes: MatmulSizes & { batch: number },
): Float32Array | Float64Array {
  return multiply("batchedMatmul", a, b, sizes);
}

function multiply(
  where: string,
  a: Float32Array | Float64Array,
  b: Float32Array | Float64Array,
  sizes: MatmulSizes & { batch: number },
): Float32Array | Float64Array {
  const { m, k, n, batch, transposeA = false, transposeB = false } = sizes;
  for (const name of ["m", "k", "n", "batch"] as const) {
    if (!Number.isInteger(sizes[name]) || sizes[name] < 0) {
      throw new CallError(complaint(where, `${name} a whole number, 0 or more`, `${sizes[name]}`));
    }
  }
  const single = a instanceof Float32Array;
  if (!(single ? b instanceof Float32Array : a instanceof Float64Array && b instanceof Float64Array)) {
    const got = `${typeName(a)} and ${typeName(b)}`;
    throw new CallError(complaint(where, "two Float32Array or two Float64Array", got));
  }
  const aStep = blockStep(where, "a", a, transposeA ? [k, m] : [m, k], batch);
  const bStep = blockStep(where, "b", b, transposeB ? [n, k] : [k, n], batch);

  const { arena, exports } = kernels();
  const bytes = a.BYTES_PER_ELEMENT;
  const view = single ? arena.f32 : arena.f64;
  const gemm = single ? exports.gemmF32 : exports.gemmF64;
  const workspace = exports.productWorkspace();
  return arena.withScratch(
    [bytes * a.length, bytes * b.length, bytes * batch * m * n, workspace],
    (left, right, out, work) => {
      view(left, a.length).set(a);
      view(right, b.length).set(b);
      for (let i = 0; i < batch; i++) {
        const aBlock = left + bytes * aStep * i;
        const bBlock = right + bytes * bStep * i;
        const outBlock = out + bytes * m * n * i;
        gemm(
          ...([m, n, k, 1] as const),
          ...([aBlock, transposeA ? m : k, Number(transposeA)] as const),
          ...([bBlock, transposeB ? k : n, Number(transposeB)] as const),
          ...([0, outBlock, n, 0, work] as const),
        );
      }
      return view(out, batch * m * n).slice();
    },
  );
}

/** Elements from one block to the next: 0 where one block serves all. */
function blockStep(
  where: string,
  name: string,
  data: Float32Array | Float64Array,
  [rows, columns]: number[],
  batch: number,
): number {
  const size = rows * columns;
  if (data.length === batch * size) return size;
  if (data.length === size) return 0;
  const expected = `${name} of ${batch === 1 ? "" : `${batch}×`}${rows}×${columns} = ${batch * size} numbers`;
  throw new CallError(complaint(where, expected, `${data.length}`));
}

function typeName(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}
