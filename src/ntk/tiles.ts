/** The kernel as pairs of groups of blocks (tiles), and the tasks of one stage. */
import type { Parameter } from "../model/types.ts";
import type { ContractionTask } from "./contract/contract.ts";
import { tapCost } from "./contract/cost.ts";
import type { StageData } from "./taps.ts";
import type { Variant } from "./variant.ts";

/** Indices into the list of all blocks. `columns` null: the rows themselves. */
export interface Tile {
  rows: number[];
  columns: number[] | null;
  /** Rows of the second batch against columns of the first. */
  cross: boolean;
  /** It stands for its transpose as well. */
  mirrored?: boolean;
  /** Of all tiles of its rows the one in which the rows' signs are counted. */
  counts?: boolean;
}

/**
 * Of the first batch's groups, where `square`: the upper triangle, all pairs unless `symmetric`; and all pairs of the second
 * batch (blocks from `offset`) with the first.
 */
export function cutTiles(
  columns: readonly number[][],
  rows: readonly number[][],
  { offset, square, symmetric = true }: { offset: number; square: boolean; symmetric?: boolean },
): Tile[] {
  const tiles: Tile[] = [];
  if (square && symmetric) {
    columns.forEach((group, p) => {
      tiles.push({ rows: group, columns: null, cross: false, counts: true });
      for (const other of columns.slice(p + 1)) {
        tiles.push({ rows: group, columns: other, cross: false, mirrored: true });
      }
    });
  } else if (square) {
    for (const group of columns) {
      for (const other of columns) {
        tiles.push({ rows: group, columns: other, cross: false, counts: other === columns[0] });
      }
    }
  }
  for (const group of rows) {
    const shifted = group.map((block) => block + offset);
    for (const other of columns) {
      tiles.push({ rows: shifted, columns: other, cross: true, counts: !square && other === columns[0] });
    }
  }
  return tiles;
}

export interface StageTask {
  parameter: Parameter;
  place: Tile;
  task: ContractionTask;
  cost: number;
  /** Of this tap's cost on all tiles. */
  share: number;
}

/** How a stage's taps are contracted. */
export interface Contracting {
  variant: Pick<Variant, "kernel" | "copies" | "diagonal">;
  /** τ·m by block, (n_b·K) each, for the sign kernels. */
  thresholds: readonly Float64Array[] | null;
  /** Which side of a tile of the cross kernel takes the sign of the asymmetric kernel. */
  signedSide: "rows" | "columns";
}

/** Every tap on every tile, the most expensive first (so that no worker is left with a long one at the end). */
export function stageTasks(
  stage: readonly StageData[],
  tiles: readonly Tile[],
  { variant, thresholds, signedSide }: Contracting,
): StageTask[] {
  const { kernel, copies, diagonal } = variant;
  const join = (blocks: readonly number[]) => concatenate(blocks.map((block) => thresholds![block]));
  const signsOf = ({ rows, columns, cross }: Tile) => {
    const [left, right] =
      kernel === "signgd" ? [true, true] : cross && signedSide === "columns" ? [false, true] : [true, false];
    return { rows: left ? join(rows) : null, columns: right && columns ? join(columns) : null };
  };
  const signs = thresholds && tiles.map(signsOf);
  const tasks = stage[0].taps.flatMap(({ parameter }, k) => {
    const pick = (blocks: number[]) => blocks.map((block) => stage[block].taps[k].data);
    const ofTap = tiles.map((place, t) => {
      const rows = pick(place.rows);
      const columns = place.columns && pick(place.columns);
      return {
        parameter,
        place,
        task: { rows, columns, outputs: copies, diagonal, ...(signs && { signs: signs[t] }) },
        cost: tapCost(rows, columns, copies, { diagonal, signed: signs !== null }),
        share: 0,
      };
    });
    const total = ofTap.reduce((sum, { cost }) => sum + cost, 0);
    for (const task of ofTap) task.share = total > 0 ? task.cost / total : 1 / ofTap.length;
    return ofTap;
  });
  return tasks.sort((a, b) => b.cost - a.cost);
}

function concatenate(parts: readonly Float64Array[]): Float64Array {
  const whole = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
