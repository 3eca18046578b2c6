/** One tap on one tile of the kernel: rows of the first side against rows of the second. The unit of work of a worker. */
import { CallError } from "../../errors.ts";
import type { Backend } from "../../numerics/backend.ts";
import type { LinearData, TapData } from "../taps.ts";
import { linearForm } from "./cost.ts";
import { gather } from "./gather.ts";
import { contractPanels } from "./panels.ts";
import { contractPositions } from "./positions.ts";
import { contractRows } from "./rows.ts";
import { contractVector } from "./vector.ts";

export interface ContractionTask {
  rows: TapData[]; // blocks of one tap
  /** Null: the rows themselves (a tile on the diagonal: symmetric to the last bit). */
  columns: TapData[] | null;
  outputs: number; // C
}

/** (n₁C × n₂C), float64, row = example·C + output within the tile. */
export async function contract(backend: Backend, task: ContractionTask): Promise<Float64Array> {
  const C = task.outputs;
  const rows = gather(task.rows, C);
  const columns = task.columns && gather(task.columns, C);
  const tile = await contractTap(backend, rows, columns, C);
  if (!columns) mirror(tile);
  return tile;
}

function contractTap(
  backend: Backend,
  rows: TapData,
  columns: TapData | null,
  C: number,
): Promise<Float64Array> {
  if (rows.kind === "linear" && (columns === null || columns.kind === "linear")) {
    return contractLinear(backend, rows, columns, C);
  }
  if (rows.kind === "vector" && (columns === null || columns.kind === "vector")) {
    return contractVector(backend, rows, columns, C);
  }
  if (rows.kind === "rows" && (columns === null || columns.kind === "rows")) {
    return contractRows(backend, rows, columns, C);
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
