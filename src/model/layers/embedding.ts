/**
 * x_r = words[id_r] + places[firstPlace + position_r] + types[type_r]. Cost N·d.
 *
 * Where the table of words is tied to the output, a readout may have used its rows as well; the derivative of the table is the sum
 * of both uses, so both go into one tap: cross terms between them count in a kernel.
 */
import type { DeviceTensor } from "../../numerics/backend.ts";
import { addTangents, type BackwardPass, type Pass, type TangentPass, type Weight } from "../network.ts";
import type { PackedBatch } from "../packing.ts";
import type { Needs } from "../shelf.ts";

export interface EmbeddingLayer {
  words: Weight; // (V × d)
  places?: Weight; // (firstPlace + context × d); absent where positions enter elsewhere
  firstPlace?: number; // row of the first position; 0 where absent
  types?: Weight; // (token types × d)
}

/** The tables that are added, each with the row it gives every packed row. */
function tables({ packed }: Pass, { words, places, firstPlace = 0, types }: EmbeddingLayer) {
  const used: { weight: Weight; ids: Int32Array }[] = [{ weight: words, ids: packed.ids }];
  if (places) {
    const ids = firstPlace === 0 ? packed.positions : packed.positions.map((place) => place + firstPlace);
    used.push({ weight: places, ids });
  }
  if (types) used.push({ weight: types, ids: packed.types });
  return used;
}

/** What forward and jvp compute with: the rows of this batch. */
export const needsOf = (pass: Pass, layer: EmbeddingLayer): Needs => ({ rows: tables(pass, layer) });

export const parametersOf = ({ words, places, types }: EmbeddingLayer) =>
  [words, places, types].flatMap((weight) => (weight ? [weight.parameter] : []));

/** Rows of the table as output words: f_ik = states_i · words[labelIds[k]], with cotangents of f. */
export interface WordUse {
  labelIds: Int32Array; // (C)
  states: DeviceTensor; // (n × d)
  cotangent: DeviceTensor; // (copies·n × C)
}

export function forward(pass: Pass, layer: EmbeddingLayer): DeviceTensor {
  return tables(pass, layer)
    .map(({ weight, ids }) => pass.weights.rows(weight, ids))
    .reduce((sum, rows) => pass.backend.add(sum, rows));
}

/** `d` (copies·N × d) null: the cotangent of x is zero, or not needed. */
export function taps(
  pass: BackwardPass,
  layer: EmbeddingLayer,
  d: DeviceTensor | null,
  use: WordUse | null,
): void {
  const { examples } = pass.packed;
  for (const { weight, ids } of tables(pass, layer)) {
    const { parameter } = weight;
    if (!pass.wants(parameter)) continue;
    if (use && weight === layer.words) pass.taps.push(wordTap(pass, parameter, d, use));
    else if (d) pass.taps.push({ kind: "rows", parameter, ids, examples, gradient: d });
  }
}

export function jvp(pass: TangentPass, layer: EmbeddingLayer): DeviceTensor | null {
  return tables(pass, layer)
    .map(({ weight, ids }) => pass.tangentRows(weight, ids))
    .reduce((sum, rows) => addTangents(pass.backend, sum, rows), null as DeviceTensor | null);
}

/**
 * Both uses of a table of words in one tap. For each example first its token rows, then one row a label; in copy c the label's
 * row holds cotangent(c, i, k) · states_i. `d` null: the label rows alone.
 */
export function wordTap(
  pass: BackwardPass,
  parameter: Weight["parameter"],
  d: DeviceTensor | null,
  { labelIds, states, cotangent }: WordUse,
) {
  const { backend, copies } = pass;
  const C = labelIds.length;
  const width = states.shape[1];
  const layout = layoutRows(pass.packed, labelIds, d !== null);
  const R = layout.ids.length;
  // Outer products (C × 1)·(1 × d), each onto the label rows of one copy and example; zero elsewhere.
  const table: number[] = [];
  for (let c = 0; c < copies; c++) {
    layout.labelRows.forEach((first, i) => {
      const at = c * layout.labelRows.length + i;
      table.push(at * C, 1, i * width, width, (c * R + first) * width, width, C, 1, width);
    });
  }
  const gradient = backend.groupedMatmul(cotangent, states, { table: Int32Array.from(table) }, [
    copies * R,
    width,
  ]);
  if (d) {
    const targets = new Int32Array(copies * pass.packed.rows);
    for (let c = 0; c < copies; c++) {
      layout.tokenRows.forEach((row, r) => {
        targets[c * pass.packed.rows + r] = c * R + row;
      });
    }
    backend.scatterAddRowsInto(gradient, backend.upload(targets, [targets.length]), d);
  }
  return { kind: "rows" as const, parameter, ids: layout.ids, examples: layout.examples, gradient };
}

function layoutRows({ n, ids, offsets }: PackedBatch, labelIds: Int32Array, withTokens: boolean) {
  const rowIds: number[] = [];
  const examples: number[] = [];
  const tokenRows: number[] = [];
  const labelRows: number[] = []; // (n): where the labels of example i begin
  for (let i = 0; i < n; i++) {
    if (withTokens) {
      for (let r = offsets[i]; r < offsets[i + 1]; r++) {
        tokenRows.push(rowIds.length);
        rowIds.push(ids[r]);
        examples.push(i);
      }
    }
    labelRows.push(rowIds.length);
    for (const id of labelIds) {
      rowIds.push(id);
      examples.push(i);
    }
  }
  return { ids: Int32Array.from(rowIds), examples: Int32Array.from(examples), tokenRows, labelRows };
}
