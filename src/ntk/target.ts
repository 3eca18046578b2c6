/** A kernel matrix being summed: tiles come in, rows and columns go to their texts' places. Row = example·C + output. */
import { complaint, DataError } from "../errors.ts";
import type { Block } from "./blocks.ts";
import type { Tile } from "./tiles.ts";

export interface KernelMatrix {
  data: Float64Array; // (rows × columns), row-major
  shape: [number, number];
  /** The same over each parameter group alone, where asked for. */
  groups?: Record<string, Float64Array>;
}

export interface Target {
  matrix: KernelMatrix;
  /** All tiles are in: multiplies by `scale`. Throws a DataError that names the first pair of texts whose entry is not finite. */
  finish(C: number, scale: number): void;
  add(tile: Float64Array, place: Tile, blocks: readonly Block[], C: number, group?: string): void;
}

export function createTarget(rows: number, columns: number): Target {
  const matrix: KernelMatrix = { data: new Float64Array(rows * columns), shape: [rows, columns] };
  return {
    matrix,
    finish(C, scale) {
      if (scale !== 1) {
        for (const data of [matrix.data, ...Object.values(matrix.groups ?? {})]) {
          for (let k = 0; k < data.length; k++) data[k] *= scale;
        }
      }
      const at = matrix.data.findIndex((value) => !Number.isFinite(value));
      if (at < 0) return;
      const place = `between texts ${Math.floor(at / columns / C)} and ${Math.floor((at % columns) / C)}`;
      throw new DataError(
        complaint(
          "kernel",
          "finite numbers",
          `${matrix.data[at]} ${place}`,
          "the reference backend, in float64",
        ),
      );
    },
    add(tile, place, blocks, C, group) {
      const own = kernelRows(place.rows, blocks, C);
      const other = place.columns ? kernelRows(place.columns, blocks, C) : own;
      const both = place.mirrored === true;
      addTile(matrix.data, columns, tile, own, other, both);
      if (group === undefined) return;
      matrix.groups ??= {};
      matrix.groups[group] ??= new Float64Array(rows * columns);
      addTile(matrix.groups[group], columns, tile, own, other, both);
    },
  };
}

/** Places in the kernel of the rows of a group of blocks. */
export function kernelRows(group: readonly number[], blocks: readonly Block[], C: number): Int32Array {
  const places = group.flatMap((block) =>
    Array.from(blocks[block].examples, (example) => Array.from({ length: C }, (_, c) => example * C + c)),
  );
  return Int32Array.from(places.flat());
}

function addTile(
  into: Float64Array,
  stride: number,
  tile: Float64Array,
  rows: Int32Array,
  columns: Int32Array,
  both: boolean,
): void {
  const width = columns.length;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] * stride;
    for (let j = 0; j < width; j++) {
      const value = tile[i * width + j];
      into[row + columns[j]] += value;
      if (both) into[columns[j] * stride + rows[i]] += value;
    }
  }
}
