/**
 * A set of texts in pieces that pass through the network, one after the other or at once on several threads. The cut depends on the
 * texts alone, so the same set gives the same bits in every run and with any number of threads. Sums over the pieces, in their order,
 * are sums over the set.
 */
import { CallError, complaint } from "../errors.ts";
import type { Tensor } from "../numerics/array.ts";
import { type Batch, pickTexts } from "../text/index.ts";
import { inOrder } from "./inOrder.ts";
import type { Crew, LabelledSet, Trainable } from "./types.ts";

/** Positions of a pass at the most: about 200 MB of activations at width 768 and 12 layers. */
const MOST = 4096;
/** Positions below which a piece is not worth its gradient: reading and adding it takes the time of about 20 positions. */
const LEAST = 64;
/** Pieces wanted, so that several threads have work. */
const LANES = 4;

/**
 * Places `rows` of the set (all where absent) in consecutive pieces: of `textsAPass` texts, or else of about as many positions, a
 * multiple of LANES pieces where the texts are long enough for that.
 */
export function cutPieces(
  batch: Batch,
  { rows, textsAPass }: { rows?: readonly number[]; textsAPass?: number } = {},
): number[][] {
  if (textsAPass !== undefined && !(Number.isInteger(textsAPass) && textsAPass > 0)) {
    throw new CallError(complaint("texts a pass", "a whole number, 1 or more", `${textsAPass}`));
  }
  const [n, T] = batch.shape;
  const places = rows ?? Array.from({ length: n }, (_, i) => i);
  const lengths = places.map(
    (row) => batch.attentionMask.subarray(row * T, (row + 1) * T).lastIndexOf(1) + 1,
  );
  const positions = lengths.reduce((sum, length) => sum + length, 0);
  const count =
    positions >= LANES * LEAST
      ? LANES * Math.ceil(positions / (LANES * MOST))
      : Math.max(1, Math.floor(positions / LEAST));
  const pieces: number[][] = Array.from(
    { length: textsAPass === undefined ? count : Math.ceil(places.length / textsAPass) },
    () => [],
  );
  let before = 0;
  places.forEach((row, i) => {
    // By the middle of the text, so that pieces are as even as whole texts allow.
    const share = (before + lengths[i] / 2) / Math.max(1, positions);
    pieces[textsAPass === undefined ? Math.floor(share * count) : Math.floor(i / textsAPass)].push(row);
    before += lengths[i];
  });
  return pieces.filter((piece) => piece.length > 0);
}

/** Passes that are worth starting at once: one waits for the first thread that is done. */
export const widthOf = (crew: Crew | undefined): number => (crew ? crew.workers + 1 : 1);

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
  const { outputs: C, crew } = trainable;
  const data = new Float64Array(batch.shape[0] * C);
  let filled = 0;
  const pass = async (rows: readonly number[]) => {
    options.signal?.throwIfAborted();
    return (crew ?? trainable).forward(pickTexts(batch, rows));
  };
  for await (const f of inOrder(cutPieces(batch, options), widthOf(crew), pass)) {
    data.set(f.data, filled);
    filled += f.data.length;
  }
  return { data, shape: [batch.shape[0], C] };
}
