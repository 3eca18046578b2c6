/**
 * A set of texts in pieces that pass through the network one after the other; what a pass holds is bounded by its positions. The cut
 * depends on the texts alone, so the same set gives the same bits in every run. Sums over the pieces are sums over the set.
 */
import { CallError, complaint } from "../errors.ts";
import type { Tensor } from "../numerics/array.ts";
import { type Batch, pickTexts } from "../text/index.ts";
import type { LabelledSet, Trainable } from "./types.ts";

/** Positions of a pass where `textsAPass` is not given: about 400 MB of activations at width 768 and 12 layers. */
const POSITIONS = 8192;

/** Places `rows` of the set (all where absent) in consecutive pieces of at most `textsAPass` texts. */
export function cutPieces(
  batch: Batch,
  { rows, textsAPass }: { rows?: readonly number[]; textsAPass?: number } = {},
): number[][] {
  if (textsAPass !== undefined && !(Number.isInteger(textsAPass) && textsAPass > 0)) {
    throw new CallError(complaint("texts a pass", "a whole number, 1 or more", `${textsAPass}`));
  }
  const [n, T] = batch.shape;
  const length = (row: number) => batch.attentionMask.subarray(row * T, (row + 1) * T).lastIndexOf(1) + 1;
  const pieces: number[][] = [];
  let positions = 0;
  for (const row of rows ?? Array.from({ length: n }, (_, i) => i)) {
    const more = length(row);
    const last = pieces.at(-1);
    const full = textsAPass === undefined ? positions + more > POSITIONS : last?.length === textsAPass;
    if (!last || full) {
      pieces.push([row]);
      positions = more;
    } else {
      last.push(row);
      positions += more;
    }
  }
  return pieces;
}

/** The rows (m × C) of targets (n × C). */
export function pickTargets(targets: Float64Array, C: number, rows: readonly number[]): Float64Array {
  const out = new Float64Array(rows.length * C);
  rows.forEach((row, place) => {
    out.set(targets.subarray(row * C, (row + 1) * C), place * C);
  });
  return out;
}

/** f on the whole set, (n × C). */
export async function outputsOn(
  trainable: Trainable,
  { batch }: Pick<LabelledSet, "batch">,
  options: { textsAPass?: number; signal?: AbortSignal } = {},
): Promise<Tensor<Float64Array>> {
  const C = trainable.outputs;
  const data = new Float64Array(batch.shape[0] * C);
  let filled = 0;
  for (const rows of cutPieces(batch, options)) {
    options.signal?.throwIfAborted();
    const f = await trainable.forward(pickTexts(batch, rows));
    data.set(f.data, filled);
    filled += f.data.length;
  }
  return { data, shape: [batch.shape[0], C] };
}
