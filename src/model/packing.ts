/**
 * A padded batch → packed rows: the real tokens of all examples one after the other. Padding never reaches the network, so a
 * text's values cannot depend on its companions, and no work is spent on padding.
 */
import { CallError, complaint, DataError } from "../errors.ts";
import type { Segments } from "../numerics/backend.ts";
import type { Batch } from "../text/batch.ts";

export interface PackedBatch {
  /** Examples, n. */
  n: number;
  /** Rows of all examples, N. */
  rows: number;
  ids: Int32Array; // (N)
  positions: Int32Array; // (N): place in its own text, from 0
  types: Int32Array; // (N): token type, 0 where the batch has none or the network does not ask
  examples: Int32Array; // (N): the example a row belongs to, ascending
  offsets: Int32Array; // (n + 1): rows of example i are offsets[i] … offsets[i + 1] − 1
  readAt?: Int32Array; // (n): the batch's
}

/**
 * `tokenTypes`: how many the network tells apart; absent: it knows none, and what the batch says of them is not looked at.
 * Throws DataError on an empty text, an id outside the vocabulary, a token type there is no row for and a text longer than the
 * context; CallError on a misshapen batch.
 */
export function packBatch(
  batch: Batch,
  {
    vocabularySize,
    contextLength,
    tokenTypes,
  }: { vocabularySize: number; contextLength: number; tokenTypes?: number },
): PackedBatch {
  const [n, T] = batch.shape;
  checkShape(batch, n, T);
  const offsets = new Int32Array(n + 1);
  for (let i = 0; i < n; i++) {
    const length = realLength(batch.attentionMask.subarray(i * T, (i + 1) * T), i);
    if (length > contextLength) {
      throw new DataError(
        complaint(
          `text ${i}`,
          `at most ${contextLength} tokens`,
          `${length}`,
          `a maximal length of ${contextLength} when tokenizing`,
        ),
      );
    }
    offsets[i + 1] = offsets[i] + length;
  }
  const rows = offsets[n];
  const packed = {
    n,
    rows,
    ids: new Int32Array(rows),
    positions: new Int32Array(rows),
    types: new Int32Array(rows),
    examples: new Int32Array(rows),
    offsets,
    ...(batch.readAt && { readAt: batch.readAt }),
  };
  for (let i = 0; i < n; i++) {
    for (let t = 0, r = offsets[i]; r < offsets[i + 1]; t++, r++) {
      const id = batch.inputIds[i * T + t];
      if (id < 0 || id >= vocabularySize) {
        throw new DataError(
          complaint(
            `text ${i}, position ${t}`,
            `a token id from 0 to ${vocabularySize - 1}`,
            `${id}`,
            "the tokenizer that belongs to this model",
          ),
        );
      }
      packed.ids[r] = id;
      packed.positions[r] = t;
      packed.examples[r] = i;
      if (tokenTypes !== undefined) packed.types[r] = typeAt(batch, i, t, tokenTypes);
    }
  }
  return packed;
}

function typeAt(batch: Batch, text: number, position: number, tokenTypes: number): number {
  const type = batch.tokenTypeIds?.[text * batch.shape[1] + position] ?? 0;
  if (type >= 0 && type < tokenTypes) return type;
  throw new DataError(
    complaint(
      `text ${text}, position ${position}`,
      `a token type below ${tokenTypes}`,
      `${type}`,
      "the tokenizer that belongs to this model",
    ),
  );
}

/** Rows of each example as segments. */
export function exampleSegments(packed: PackedBatch): Segments {
  const table = new Int32Array(2 * packed.n);
  for (let i = 0; i < packed.n; i++) table.set([packed.offsets[i], packed.offsets[i + 1]], 2 * i);
  return { table, rows: packed.rows };
}

/** Packed rows (N × F) → (n × T × F), 0 at padding. */
export function unpackRows<D extends Float32Array | Float64Array>(
  data: D,
  packed: PackedBatch,
  T: number,
  F: number,
): D {
  const Kind = data.constructor as new (length: number) => D;
  const out = new Kind(packed.n * T * F);
  for (let r = 0; r < packed.rows; r++) {
    const place = packed.examples[r] * T + packed.positions[r];
    out.set(data.subarray(r * F, (r + 1) * F), place * F);
  }
  return out;
}

function checkShape(batch: Batch, n: number, T: number): void {
  if (!(n > 0)) throw new CallError(complaint("batch", "at least one text", `shape [${batch.shape}]`));
  for (const name of ["inputIds", "attentionMask", "tokenTypeIds"] as const) {
    const length = name === "tokenTypeIds" ? (batch[name]?.length ?? n * T) : batch[name].length;
    if (length !== n * T) {
      throw new CallError(complaint(`batch.${name}`, `${n * T} entries for shape [${n}, ${T}]`, `${length}`));
    }
  }
}

/** Number of ones at the start of a mask that goes on with zeros. */
function realLength(mask: Uint8Array, text: number): number {
  const length = mask.lastIndexOf(1) + 1;
  if (length === 0) {
    throw new DataError(
      complaint(`text ${text}`, "at least one token", "an empty text", "leaving the row out"),
    );
  }
  if (mask.subarray(0, length).some((bit) => bit !== 1)) {
    throw new CallError(
      complaint(`text ${text}`, "padding on the right only", "padding before a real token"),
    );
  }
  return length;
}
