/**
 * A prompt readout that is told where to read (`at`) numbers the texts of one batch. A kernel cuts batches into blocks of texts of
 * like length: so the places go with the texts, as the batch's own `readAt`.
 */
import { CallError, complaint } from "../errors.ts";
import type { TangentModel } from "../model/types.ts";
import type { Batch } from "../text/batch.ts";

interface Batches {
  columns: Batch;
  rows: Batch | null;
}

/** The batches with the places of the readout's `at`. Throws CallError where `at` cannot belong to both. */
export function withPlaces({ recipe: { readout } }: TangentModel, { columns, rows }: Batches): Batches {
  const at = readout.kind === "prompt" ? readout.at : undefined;
  const open = [columns, ...(rows && rows !== columns ? [rows] : [])].filter((batch) => !batch.readAt);
  if (!at || open.length === 0) return { columns, rows };
  if (rows && rows !== columns) {
    throw new CallError(
      complaint(
        "kernel",
        "places for each of the two batches",
        "a prompt readout whose `at` is for one",
        "readAt in both batches, or a readout with maskId",
      ),
    );
  }
  if (at.length !== columns.shape[0]) {
    throw new CallError(
      complaint("readout prompt, at", `${columns.shape[0]} places, one a text`, `${at.length}`),
    );
  }
  const placed = { ...columns, readAt: Int32Array.from(at) };
  return { columns: placed, rows: rows && placed };
}
