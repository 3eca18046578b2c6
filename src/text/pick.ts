/** Some texts of a batch, in the order given, padded no further than the longest of them needs. */
import { CallError, complaint } from "../errors.ts";
import type { Batch } from "./batch.ts";

/** rows: places in the batch, from 0; a text may be picked twice. */
export function pickTexts(batch: Batch, rows: readonly number[]): Batch {
  const [n, T] = batch.shape;
  let width = 1;
  for (const row of rows) {
    if (!Number.isInteger(row) || row < 0 || row >= n) {
      throw new CallError(complaint("pickTexts", `places from 0 to ${n - 1}`, `${row}`));
    }
    width = Math.max(width, batch.attentionMask.subarray(row * T, (row + 1) * T).lastIndexOf(1) + 1);
  }
  const pick = <A extends Int32Array | Uint8Array>(from: A, to: A): A => {
    rows.forEach((row, place) => {
      to.set(from.subarray(row * T, row * T + width), place * width);
    });
    return to;
  };
  const size = rows.length * width;
  return {
    inputIds: pick(batch.inputIds, new Int32Array(size)),
    attentionMask: pick(batch.attentionMask, new Uint8Array(size)),
    ...(batch.tokenTypeIds && { tokenTypeIds: pick(batch.tokenTypeIds, new Int32Array(size)) }),
    ...(batch.readAt && { readAt: Int32Array.from(rows, (row) => batch.readAt![row]) }),
    shape: [rows.length, width],
  };
}
