/**
 * Jᵀu of one parameter, summed over the batch from its tap: one sum for each of the stacked cotangents. Cost per copy: 2 N·d_in·d_out of
 * a linear layer, the gradient's own size of the others.
 */
import { sizeOf } from "../numerics/array.ts";
import { type Backend, type DeviceTensor, PRODUCT_GROUP_FIELDS } from "../numerics/backend.ts";
import type { Tap } from "./types.ts";

type Floats = Float32Array | Float64Array;
type Of<K extends Tap["kind"]> = Extract<Tap, { kind: K }>;

/** (copies × the parameter, in its shape). */
export async function sumOfTap(backend: Backend, tap: Tap, copies: number): Promise<Floats> {
  if (tap.kind === "rows") return sumOfRows(backend, tap, copies);
  const sum = backend.scope(() =>
    tap.kind === "linear" ? sumOfLinear(backend, tap, copies) : sumOfVector(backend, tap.gradient, copies),
  );
  return readAndFree(backend, sum);
}

/** D_cᵀA of every copy: (copies·d_out × d_in). */
function sumOfLinear(backend: Backend, { input, gradient }: Of<"linear">, copies: number): DeviceTensor {
  if (copies === 1) return backend.matmul(gradient, input, { transposeA: true });
  const [dIn, dOut] = [input, gradient].map(({ shape }) => shape[shape.length - 1]);
  const N = input.size / dIn;
  const table = new Int32Array(copies * PRODUCT_GROUP_FIELDS);
  for (let c = 0; c < copies; c++) {
    const group = [c * N * dOut, dOut, 0, dIn, c * dOut * dIn, dIn, dOut, N, dIn];
    table.set(group, c * PRODUCT_GROUP_FIELDS);
  }
  return backend.groupedMatmul(gradient, input, { table }, [copies * dOut, dIn], { transposeA: true });
}

function sumOfVector(backend: Backend, gradient: DeviceTensor, copies: number): DeviceTensor {
  if (copies === 1) return backend.sumRows(gradient);
  const rows = gradient.shape[0] / copies;
  return backend.segmentSum(gradient, { table: Int32Array.of(0, rows), rows });
}

/** Only the rows that are used are summed on the backend. */
async function sumOfRows(
  backend: Backend,
  { parameter, ids, gradient }: Of<"rows">,
  copies: number,
): Promise<Floats> {
  const used = [...new Set(ids)];
  const placeOf = new Map(used.map((id, place) => [id, place]));
  const F = gradient.shape[1]; // a vector may be a table as well: of rows one number wide
  const places = new Int32Array(copies * ids.length);
  for (let c = 0; c < copies; c++) {
    ids.forEach((id, r) => {
      places[c * ids.length + r] = c * used.length + placeOf.get(id)!;
    });
  }
  const sums = backend.scope(() => {
    const sums = backend.zeros([copies * used.length, F]);
    backend.scatterAddRowsInto(sums, backend.upload(places, [places.length]), gradient);
    return sums;
  });
  const rows = await readAndFree(backend, sums);
  const Kind = rows.constructor as new (length: number) => Floats;
  const size = sizeOf(parameter.shape);
  const tables = new Kind(copies * size);
  for (let c = 0; c < copies; c++) {
    used.forEach((id, place) => {
      const row = c * used.length + place;
      tables.set(rows.subarray(row * F, (row + 1) * F), c * size + id * F);
    });
  }
  return tables;
}

async function readAndFree(backend: Backend, tensor: DeviceTensor): Promise<Floats> {
  try {
    return await backend.read(tensor);
  } finally {
    backend.release(tensor);
  }
}
