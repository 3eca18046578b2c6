/**
 * Linear taps of short texts, without forming any gradient: with M = A_i A_jᵀ (T_i × T_j) of two examples,
 * ⟨D_cᵀA_i, D′_c′ᵀA_j⟩ = ⟨D_c, M D′_c′⟩ (D_c: T_i × d_out, D′_c′: T_j × d_out). M is shared by all C² pairs of outputs, and M D′
 * by C of them. Kernel rows i·C + c. Cost: cost.ts.
 */
import { type Backend, type DeviceTensor, PRODUCT_GROUP_FIELDS } from "../../numerics/backend.ts";
import type { Floats, LinearData } from "../taps.ts";

/** Numbers of M D′ held at a time (float32: 1 MiB), so that they are contracted while still in cache. */
const SPREAD_SIZE = 1 << 18;

export async function contractPositions(
  backend: Backend,
  rows: LinearData,
  columns: LinearData | null,
  C: number,
): Promise<Float64Array> {
  const right = columns ?? rows;
  const n1 = rows.offsets.length - 1;
  const n2 = right.offsets.length - 1;
  const [N1, N2] = [rows.offsets[n1], right.offsets[n2]];
  const { dIn, dOut } = rows;
  const kernel = new Float64Array(n1 * C * n2 * C);
  const held = backend.scope(() => {
    const left = backend.upload(rows.input, [N1, dIn]);
    const other = columns ? backend.upload(columns.input, [N2, dIn]) : left;
    const overlaps = backend.matmul(left, other, { transposeB: true }); // M of all pairs: (N1 × N2)
    return { overlaps, gradient: backend.upload(right.gradient, [C * N2, dOut]) };
  });
  try {
    for (let i = 0; i < n1; i++) {
      const T = rows.offsets[i + 1] - rows.offsets[i];
      const step = Math.max(1, Math.floor(SPREAD_SIZE / (T * dOut * C)));
      const own = backend.upload(copiesOf(rows, i, C), [C, T * dOut]);
      try {
        for (let first = columns ? 0 : i; first < n2; first += step) {
          const last = Math.min(first + step, n2);
          const block = await contractExample(backend, { ...held, own }, { rows, right, i, first, last, C });
          write(kernel, block, { row: i * C, column: first * C, C, stride: n2 * C });
        }
      } finally {
        backend.release(own);
      }
    }
  } finally {
    backend.release(held);
  }
  return kernel;
}

interface Held {
  overlaps: DeviceTensor; // (N1 × N2)
  gradient: DeviceTensor; // (C·N2 × dOut)
  own: DeviceTensor; // (C × T_i·dOut)
}
interface Place {
  rows: LinearData;
  right: LinearData;
  i: number;
  first: number;
  last: number;
  C: number;
}

/** Examples first … last−1 of the columns against example i of the rows: ((last − first)·C × C), row (j − first)·C + c′. */
async function contractExample(backend: Backend, held: Held, place: Place): Promise<Float64Array> {
  const { rows, right, i, first, last, C } = place;
  const { dOut } = rows;
  const N2 = right.offsets[right.offsets.length - 1];
  const T = rows.offsets[i + 1] - rows.offsets[i];
  const table = new Int32Array((last - first) * C * PRODUCT_GROUP_FIELDS);
  let g = 0;
  for (let j = first; j < last; j++) {
    const start = right.offsets[j];
    for (let c = 0; c < C; c++) {
      table[g] = rows.offsets[i] * N2 + start;
      table[g + 1] = N2;
      table[g + 2] = (c * N2 + start) * dOut;
      table[g + 3] = dOut;
      table[g + 4] = ((j - first) * C + c) * T * dOut;
      table[g + 5] = dOut;
      table[g + 6] = T;
      table[g + 7] = right.offsets[j + 1] - start;
      table[g + 8] = dOut;
      g += PRODUCT_GROUP_FIELDS;
    }
  }
  // The few rows of `own` go to the right, where the product kernel packs them; the long list is then read where it lies.
  const accumulator = backend.accumulator((last - first) * C, C);
  try {
    backend.scope(() => {
      const spread = backend.groupedMatmul(held.overlaps, held.gradient, { table }, [
        (last - first) * C,
        T * dOut,
      ]);
      backend.gramInto(accumulator, spread, held.own);
    });
    return await backend.readAccumulator(accumulator);
  } finally {
    backend.releaseAccumulator(accumulator);
  }
}

/** D of one example: (C × T_i·dOut). */
function copiesOf({ gradient, offsets, dOut }: LinearData, i: number, C: number): Floats {
  const N = offsets[offsets.length - 1];
  const size = (offsets[i + 1] - offsets[i]) * dOut;
  const Kind = gradient.constructor as Float64ArrayConstructor;
  const copies = new Kind(C * size);
  for (let c = 0; c < C; c++) {
    const from = (c * N + offsets[i]) * dOut;
    copies.set(gradient.subarray(from, from + size), c * size);
  }
  return copies;
}

/** Puts the transpose of `block` (columns × C) into the kernel. */
function write(
  kernel: Float64Array,
  block: Float64Array,
  { row, column, C, stride }: { row: number; column: number; C: number; stride: number },
): void {
  for (let j = 0; j * C < block.length; j++) {
    for (let c = 0; c < C; c++) kernel[(row + c) * stride + column + j] = block[j * C + c];
  }
}
