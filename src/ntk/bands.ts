/**
 * A kernel in parts that fit in memory: training and held-out texts are cut into bands, consecutive in the order of the data, and
 * the kernel into tiles, band × band. A job is one descent: the texts of one or two bands run forward and back, once. Two bands
 * give the tile between them, and the diagonal tile of one of them rides along for nothing. G bands: G(G−1)/2 jobs, every text
 * runs G−1 times (against G² band passes where pairs are taken one by one).
 */
import type { TextSizes } from "./estimate.ts";

/** Texts first … end−1 of one side. */
export interface Band {
  side: "train" | "test";
  index: number;
  first: number;
  end: number;
}

export interface Job {
  columns: Band; // of training texts
  rows: Band | null;
  /** Whether columns × columns is wanted as well. */
  diagonal: boolean;
}

/** Bounds (bands + 1) of bands with about equally many positions, none of them empty. `offsets` (n + 1): packed rows. */
export function cutBands(offsets: Int32Array, bands: number): number[] {
  const n = offsets.length - 1;
  const bounds = [0];
  for (let k = 1; k < bands; k++) {
    const wanted = (k * offsets[n]) / bands;
    let end = bounds[k - 1] + 1;
    while (end < n - (bands - k) && offsets[end] < wanted) end++;
    bounds.push(end);
  }
  return [...bounds, n];
}

export const bandsOf = (side: Band["side"], bounds: readonly number[]): Band[] =>
  bounds.slice(1).map((end, index) => ({ side, index, first: bounds[index], end }));

/** What any band is at most: the sizes of several, each at its largest. */
export function largestBand(offsets: Int32Array, bounds: readonly number[]): TextSizes {
  const most = { n: 0, positions: 0, longest: 0 };
  for (const { first, end } of bandsOf("train", bounds)) {
    most.n = Math.max(most.n, end - first);
    most.positions = Math.max(most.positions, offsets[end] - offsets[first]);
    for (let i = first; i < end; i++) most.longest = Math.max(most.longest, offsets[i + 1] - offsets[i]);
  }
  return most;
}

/** The descents, in their order. `symmetric`: a tile stands for its transpose as well. */
export function jobsOf(train: readonly Band[], test: readonly Band[], symmetric: boolean): Job[] {
  const jobs: Job[] = [];
  const covered = new Set<Band>();
  const add = (columns: Band, rows: Band) => {
    jobs.push({ columns, rows, diagonal: !covered.has(columns) });
    covered.add(columns);
  };
  const G = train.length;
  for (const [a, one] of train.entries()) {
    for (const other of symmetric ? train.slice(a + 1) : train.filter((band) => band !== one)) {
      // The last band comes to be columns once, so that its diagonal tile finds a job too.
      if (symmetric && G > 2 && a === 0 && other.index === G - 1) add(other, one);
      else add(one, other);
    }
  }
  for (const columns of train) for (const rows of test) add(columns, rows);
  for (const columns of train) {
    if (!covered.has(columns)) jobs.push({ columns, rows: null, diagonal: true });
  }
  return jobs;
}

/** "train-2-0": rows, then columns; what a job's tiles are kept under. */
export const tileName = (rows: Band, columns: Band): string => `${rows.side}-${rows.index}-${columns.index}`;

export function tilesOf({ columns, rows, diagonal }: Job): string[] {
  return [...(diagonal ? [tileName(columns, columns)] : []), ...(rows ? [tileName(rows, columns)] : [])];
}
