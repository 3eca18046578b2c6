/** Rows of tables, and sums over segments of rows. */
import type { Segments } from "../backend.ts";

export function gatherRows(table: Float64Array, ids: Int32Array, F: number): Float64Array {
  const out = new Float64Array(ids.length * F);
  ids.forEach((id, r) => {
    out.set(table.subarray(id * F, (id + 1) * F), r * F);
  });
  return out;
}

/** target[ids[r]] += rows[r]. */
export function scatterAddRowsInto(
  target: Float64Array,
  ids: Int32Array,
  rows: Float64Array,
  F: number,
): void {
  ids.forEach((id, r) => {
    for (let f = 0; f < F; f++) target[id * F + f] += rows[r * F + f];
  });
}

interface Sides {
  C: number;
  S: number;
  F: number;
}

/** Calls `visit` for every row of every segment of every copy, with the places of both rows. */
function eachPair(
  { table, rows, scale }: Segments,
  { C, S, F }: Sides,
  visit: (row: number, segment: number, weight: number) => void,
): void {
  for (let c = 0; c < C; c++) {
    for (let s = 0; s < S; s++) {
      for (let r = table[2 * s]; r < table[2 * s + 1]; r++) {
        visit((c * rows + r) * F, (c * S + s) * F, scale ? scale[s] : 1);
      }
    }
  }
}

/** (C·R × F) → (C·S × F): scale_s · Σ of the rows of segment s. */
export function segmentSum(x: Float64Array, segments: Segments, sides: Sides): Float64Array {
  const out = new Float64Array(sides.C * sides.S * sides.F);
  eachPair(segments, sides, (row, segment, weight) => {
    for (let f = 0; f < sides.F; f++) out[segment + f] += weight * x[row + f];
  });
  return out;
}

/** (C·S × F) → (C·R × F): its transpose. */
export function segmentSpread(d: Float64Array, segments: Segments, sides: Sides): Float64Array {
  const out = new Float64Array(sides.C * segments.rows * sides.F);
  eachPair(segments, sides, (row, segment, weight) => {
    for (let f = 0; f < sides.F; f++) out[row + f] += weight * d[segment + f];
  });
  return out;
}

export function sumRows(x: Float64Array, F: number): Float64Array {
  const out = new Float64Array(F);
  for (let i = 0; i < x.length; i++) out[i % F] += x[i];
  return out;
}
