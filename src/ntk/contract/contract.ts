/** One tap on one tile of the kernel: rows of the first side against rows of the second. The unit of work of a worker. */
import { CallError } from "../../errors.ts";
import type { Backend } from "../../numerics/backend.ts";
import type { LinearData, TapData } from "../taps.ts";
import { copyOf } from "./copies.ts";
import { linearForm } from "./cost.ts";
import { gather } from "./gather.ts";
import { contractPanels } from "./panels.ts";
import { contractPositions } from "./positions.ts";
import { contractRows } from "./rows.ts";
import { mergeRows, type Signs, signRows } from "./signs.ts";
import { contractVector } from "./vector.ts";

export interface ContractionTask {
  rows: TapData[]; // blocks of one tap
  /** Null: the rows themselves (a tile on the diagonal: symmetric to the last bit). */
  columns: TapData[] | null;
  outputs: number; // C
  /** Each copy with itself alone, summed over copies: one kernel row an example. */
  diagonal?: boolean;
  /** Signs in place of gradients. */
  signs?: Signs;
}

export interface Contraction {
  /** (n₁C × n₂C), float64, row = example·C + output within the tile; (n₁ × n₂) where diagonal. */
  tile: Float64Array;
  /** (n₁C): signs of the rows that are not 0; null where the rows are gradients. */
  counted: Float64Array | null;
}

export async function contract(backend: Backend, task: ContractionTask): Promise<Contraction> {
  const { outputs: C, signs } = task;
  if (task.diagonal && C > 1) return contractDiagonal(backend, task);
  const rows = gather(task.rows, C);
  const columns = task.columns && gather(task.columns, C);
  const counted = signs?.rows ? new Float64Array(signs.rows.length) : null;
  const tile = await contractTap(backend, rows, columns, C, signs, counted ?? undefined);
  if (!columns) mirror(tile);
  return { tile, counted };
}

/** Σ_c ⟨J_c, J_c′⟩: the copies one after the other, each as a tap of one copy. */
async function contractDiagonal(backend: Backend, task: ContractionTask): Promise<Contraction> {
  const { outputs: C, signs } = task;
  let tile: Float64Array | null = null;
  const counted = signs?.rows ? new Float64Array(signs.rows.length) : null;
  const every = (thresholds: Float64Array | null, c: number) =>
    thresholds === null ? null : thresholds.filter((_, row) => row % C === c);
  for (let c = 0; c < C; c++) {
    const own = await contract(backend, {
      rows: task.rows.map((tap) => copyOf(tap, c, C)),
      columns: task.columns === null ? null : task.columns.map((tap) => copyOf(tap, c, C)),
      outputs: 1,
      signs: signs && { rows: every(signs.rows, c), columns: every(signs.columns, c) },
    });
    if (tile) for (let k = 0; k < tile.length; k++) tile[k] += own.tile[k];
    else tile = own.tile;
    own.counted?.forEach((count, i) => {
      if (counted) counted[i * C + c] = count;
    });
  }
  return { tile: tile as Float64Array, counted };
}

function contractTap(
  backend: Backend,
  rows: TapData,
  columns: TapData | null,
  C: number,
  signs?: Signs,
  counted?: Float64Array,
): Promise<Float64Array> {
  if (rows.kind === "linear" && (columns === null || columns.kind === "linear")) {
    if (signs) return contractPanels(backend, rows, columns, C, signs, counted);
    return contractLinear(backend, rows, columns, C);
  }
  if (rows.kind === "vector" && (columns === null || columns.kind === "vector")) {
    return contractVector(backend, rows, columns, C, signs, counted);
  }
  if (rows.kind === "rows" && (columns === null || columns.kind === "rows")) {
    const left = signs?.rows ? signRows(mergeRows(rows, C), C, signs.rows, counted) : rows;
    const right = signs?.columns && columns ? signRows(mergeRows(columns, C), C, signs.columns) : columns;
    return contractRows(backend, left, right, C);
  }
  throw new CallError(`contract: expected two sides of one kind, got ${rows.kind} and ${columns?.kind}`);
}

const sizesOf = ({ offsets }: LinearData) => ({ n: offsets.length - 1, N: offsets[offsets.length - 1] });

function contractLinear(
  backend: Backend,
  rows: LinearData,
  columns: LinearData | null,
  C: number,
): Promise<Float64Array> {
  const { dIn, dOut } = rows;
  const sizes = { C, dIn, dOut, rows: sizesOf(rows), columns: columns && sizesOf(columns) };
  const { form } = linearForm(sizes);
  return (form === "positions" ? contractPositions : contractPanels)(backend, rows, columns, C);
}

/** Copies the upper triangle onto the lower one. */
function mirror(tile: Float64Array): void {
  const size = Math.round(Math.sqrt(tile.length));
  for (let i = 0; i < size; i++) for (let j = 0; j < i; j++) tile[i * size + j] = tile[j * size + i];
}
