/**
 * Tangents of weights in a pass that carries several of them: `copies` stacked along the first axis, as the states' are. What one
 * forward run has made (x, x̂) they share.
 */
import { sizeOf } from "../numerics/array.ts";
import { type Backend, type DeviceTensor, PRODUCT_GROUP_FIELDS } from "../numerics/backend.ts";
import { addTangents, type TangentPass, type Weight } from "./network.ts";
import { takeStored, valueShape } from "./stored.ts";

type Floats = Float32Array | Float64Array;

/** Tangents by tensor of the checkpoint, (copies × the tensor) each, as the weights of a pass ask for them. */
export function tangentsFrom(
  backend: Backend,
  tangents: Readonly<Record<string, Floats>>,
  copies: number,
): Pick<TangentPass, "tangent" | "tangentRows"> {
  /** Of each copy, in the shape of the weight's value. */
  const of = ({ parameter: { name, shape, stored } }: Weight) => {
    const all = tangents[stored?.tensor ?? name];
    if (!all) return null;
    const size = all.length / copies;
    const values = Array.from({ length: copies }, (_, c) => {
      const own = copies === 1 ? all : all.subarray(c * size, (c + 1) * size);
      return stored ? takeStored(own, shape, stored) : own;
    });
    return { values, shape: stored ? valueShape(shape, stored) : shape };
  };
  return {
    tangent(weight) {
      const found = of(weight);
      if (!found) return null;
      const { values, shape } = found;
      if (copies === 1) return backend.upload(values[0], shape);
      const stacked = shape.length === 1 ? [copies, shape[0]] : [copies * shape[0], ...shape.slice(1)];
      return backend.upload(join(values, sizeOf(shape)), stacked);
    },
    tangentRows(weight, ids) {
      const found = of(weight);
      if (!found) return null;
      const [, width] = found.shape;
      const rows = found.values.map((table) => rowsOf(table, width ?? 1, ids));
      const shape = width === undefined ? [copies, ids.length] : [copies * ids.length, width];
      return backend.upload(join(rows, ids.length * (width ?? 1)), shape);
    },
  };
}

function join(parts: readonly Floats[], size: number): Floats {
  if (parts.length === 1) return parts[0];
  const Kind = parts[0].constructor as new (length: number) => Floats;
  const whole = new Kind(parts.length * size);
  parts.forEach((part, c) => {
    whole.set(part, c * size);
  });
  return whole;
}

/** Rows `ids` of a table of `width` columns, on the host. */
function rowsOf(table: Floats, width: number, ids: Int32Array): Floats {
  const Kind = table.constructor as new (length: number) => Floats;
  const rows = new Kind(ids.length * width);
  ids.forEach((id, r) => {
    rows.set(table.subarray(id * width, (id + 1) * width), r * width);
  });
  return rows;
}

/** x·Ẇ_cᵀ of every copy: x (N × in), Ẇ (copies·out × in) → (copies·N × out). Cost copies·N·in·out. */
export function timesTangent(
  { backend, copies }: TangentPass,
  x: DeviceTensor,
  weightDot: DeviceTensor,
): DeviceTensor {
  if (copies === 1) return backend.matmul(x, weightDot, { transposeB: true });
  const [N, width] = [x.size / x.shape[x.shape.length - 1], x.shape[x.shape.length - 1]];
  const out = weightDot.size / width / copies;
  const table = new Int32Array(copies * PRODUCT_GROUP_FIELDS);
  for (let c = 0; c < copies; c++) {
    const group = [0, width, c * out * width, width, c * N * out, out, N, width, out];
    table.set(group, c * PRODUCT_GROUP_FIELDS);
  }
  return backend.groupedMatmul(x, weightDot, { table }, [copies * N, out], { transposeB: true });
}

/** y + ḃ_c in every row of copy c: y (copies·rows × F), null where it is zero; ḃ (copies × F). */
export function addVector(
  pass: TangentPass,
  y: DeviceTensor | null,
  vectorDot: DeviceTensor,
  rows: number,
): DeviceTensor {
  const { backend, copies } = pass;
  if (copies > 1) return addTangents(backend, y, repeat(pass, vectorDot, rows)) as DeviceTensor;
  return backend.add(y ?? backend.zeros([rows, vectorDot.size]), vectorDot);
}

/** x ∘ γ̇_c in every row of copy c: x (N × F), γ̇ (copies × F) → (copies·N × F). */
export function timesVector(pass: TangentPass, x: DeviceTensor, vectorDot: DeviceTensor): DeviceTensor {
  const { backend, copies } = pass;
  if (copies === 1) return backend.multiply(x, vectorDot);
  return backend.multiply(repeat(pass, vectorDot, x.shape[0]), x);
}

/** (copies × F) → (copies·rows × F). */
const repeat = ({ backend }: TangentPass, vectors: DeviceTensor, rows: number): DeviceTensor =>
  backend.segmentSpread(vectors, { table: Int32Array.of(0, rows), rows });
