/**
 * Parameters that are not simply the checkpoint's tensor of their name. GPT-2 stores its linear layers as (in × out), and q, k, v
 * side by side in one tensor: here each part is a parameter of its own group, and its value is laid out as (out × in), as all
 * layers want it. Gradients and tangents are given by the checkpoint's tensors, in their shape.
 *
 *   value[o, i] = stored[i, first + o];  of a vector, value[o] = stored[first + o];  of rows, value[o, i] = stored[first + o, i]
 */
import { sizeOf } from "../numerics/array.ts";
import type { Parameter, StoredPlace } from "./types.ts";

type Floats = Float32Array | Float64Array;

/** The shape of the value of a parameter of this shape: out × in, or the vector's. */
export const valueShape = (shape: readonly number[], place?: StoredPlace): number[] =>
  place?.rows ? [...shape] : [...shape].reverse();

/** Runs over the pairs of places (in the stored tensor, in the value) of a parameter of `shape`, (in × out) or (out). */
function eachPlace(
  shape: readonly number[],
  { shape: whole, first, rows: areRows }: StoredPlace,
  visit: (stored: number, value: number) => void,
): void {
  if (areRows) {
    const start = first * whole[whole.length - 1];
    for (let at = 0; at < sizeOf(shape); at++) visit(start + at, at);
    return;
  }
  const columns = shape[shape.length - 1];
  const rows = shape.length === 1 ? 1 : shape[0];
  const stride = whole[whole.length - 1];
  for (let i = 0; i < rows; i++) {
    for (let o = 0; o < columns; o++) visit(i * stride + first + o, o * rows + i);
  }
}

/** The value of a parameter of `shape` out of the tensor it is stored in. */
export function takeStored(data: Floats, shape: readonly number[], place: StoredPlace): Floats {
  const Kind = data.constructor as new (length: number) => Floats;
  const value = new Kind(sizeOf(shape));
  eachPlace(shape, place, (from, to) => {
    value[to] = data[from];
  });
  return value;
}

/** Writes a gradient, laid out as the parameter's value, into that of the tensor it is stored in. */
export function putStored(into: Floats, value: Floats, shape: readonly number[], place: StoredPlace): void {
  eachPlace(shape, place, (to, from) => {
    into[to] = value[from];
  });
}

/** Name and shape of the tensors of the checkpoint that the parameters make up, each once, in the order of the parameters. */
export function storedShapes(parameters: readonly Parameter[]): Map<string, number[]> {
  return new Map(
    parameters.map(({ name, shape, stored }) =>
      stored ? ([stored.tensor, stored.shape] as const) : ([name, shape] as const),
    ),
  );
}
