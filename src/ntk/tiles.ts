/** The kernel as pairs of groups of blocks (tiles), and the tasks of one stage. */
import type { Parameter } from "../model/types.ts";
import type { ContractionTask } from "./contract/contract.ts";
import { tapCost } from "./contract/cost.ts";
import type { StageData } from "./taps.ts";

/** Indices into the list of all blocks. `columns` null: the rows themselves. */
export interface Tile {
  rows: number[];
  columns: number[] | null;
  /** Rows of the second batch against columns of the first. */
  cross: boolean;
}

/** Upper triangle of the first batch's groups where `square`; all pairs of the second batch (blocks from `offset`) with the first. */
export function cutTiles(
  columns: readonly number[][],
  rows: readonly number[][],
  { offset, square }: { offset: number; square: boolean },
): Tile[] {
  const tiles: Tile[] = [];
  if (square) {
    columns.forEach((group, p) => {
      tiles.push({ rows: group, columns: null, cross: false });
      for (const other of columns.slice(p + 1)) tiles.push({ rows: group, columns: other, cross: false });
    });
  }
  for (const group of rows) {
    const shifted = group.map((block) => block + offset);
    for (const other of columns) tiles.push({ rows: shifted, columns: other, cross: true });
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

/** Every tap on every tile, the most expensive first (so that no worker is left with a long one at the end). */
export function stageTasks(stage: readonly StageData[], tiles: readonly Tile[], C: number): StageTask[] {
  const tasks = stage[0].taps.flatMap(({ parameter }, k) => {
    const pick = (blocks: number[]) => blocks.map((block) => stage[block].taps[k].data);
    const ofTap = tiles.map((place) => {
      const rows = pick(place.rows);
      const columns = place.columns && pick(place.columns);
      return {
        parameter,
        place,
        task: { rows, columns, outputs: C },
        cost: tapCost(rows, columns, C),
        share: 0,
      };
    });
    const total = ofTap.reduce((sum, { cost }) => sum + cost, 0);
    for (const task of ofTap) task.share = total > 0 ? task.cost / total : 1 / ofTap.length;
    return ofTap;
  });
  return tasks.sort((a, b) => b.cost - a.cost);
}
