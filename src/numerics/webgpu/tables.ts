/** Tables the host makes for programs: what each group of lanes works on, and an order in which nothing is written twice at once. */
import { PRODUCT_GROUP_FIELDS, SCORE_GROUP_FIELDS, type ScoreGroups, type Segments } from "../backend.ts";

/**
 * Products by waves: those of one wave write to different places, so they may run at once; a product that shares a place with an
 * earlier one comes in a later wave, so sums are added in the order of the table. Exact, by painting the output in units of the
 * largest common divisor of all places and widths. Cost: the output's numbers over that unit, at least rows written.
 */
export function wavesOf(table: Int32Array, size: number, disjoint: boolean): number[][] {
  const count = table.length / PRODUCT_GROUP_FIELDS;
  const all = Array.from({ length: count }, (_, g) => g);
  const written = all.filter((g) => {
    const at = g * PRODUCT_GROUP_FIELDS;
    return table[at + 6] > 0 && table[at + 8] > 0;
  });
  if (disjoint || written.length <= 1) return [written];
  let unit = 0;
  for (const g of written) {
    const at = g * PRODUCT_GROUP_FIELDS;
    for (const field of [4, 8, ...(table[at + 6] > 1 ? [5] : [])]) unit = divisor(unit, table[at + field]);
  }
  const latest = new Int32Array(Math.ceil(size / unit)); // the wave after the last that wrote there
  const waves: number[][] = [];
  for (const g of written) {
    const at = g * PRODUCT_GROUP_FIELDS;
    const [offset, stride, m, n] = [table[at + 4], table[at + 5], table[at + 6], table[at + 8]];
    let wave = 0;
    for (let i = 0; i < m; i++) {
      const start = (offset + i * stride) / unit;
      for (let cell = start; cell < start + n / unit; cell++) wave = Math.max(wave, latest[cell]);
    }
    for (let i = 0; i < m; i++) {
      const start = (offset + i * stride) / unit;
      latest.fill(wave + 1, start, start + n / unit);
    }
    waves[wave] = [...(waves[wave] ?? []), g];
  }
  return waves;
}

function divisor(a: number, b: number): number {
  while (b > 0) [a, b] = [b, a % b];
  return a;
}

/** [product, row of tiles, column of tiles] of every tile of the products of every wave; `ends`: tiles up to the end of each. */
export function tilesOf(
  table: Int32Array,
  waves: readonly (readonly number[])[],
  side: number,
): { tiles: Int32Array; ends: number[] } {
  const tiles: number[] = [];
  const ends: number[] = [];
  for (const wave of waves) {
    for (const g of wave) {
      const at = g * PRODUCT_GROUP_FIELDS;
      for (let y = 0; y * side < table[at + 6]; y++) {
        for (let x = 0; x * side < table[at + 8]; x++) tiles.push(g, y, x);
      }
    }
    ends.push(tiles.length / 3);
  }
  return { tiles: Int32Array.from(tiles), ends };
}

/** [first, columns, from, to] of every row of scores; entries from … to − 1 are the allowed keys. `fills`: no number is left out. */
export function scoreRows(
  { table, causal, window }: ScoreGroups,
  size: number,
): { rows: Int32Array; fills: boolean } {
  let count = 0;
  let covered = 0;
  for (let g = 0; g < table.length; g += SCORE_GROUP_FIELDS) {
    count += table[g + 1];
    covered += table[g + 1] * table[g + 2];
  }
  const rows = new Int32Array(4 * count);
  let at = 0;
  for (let g = 0; g < table.length; g += SCORE_GROUP_FIELDS) {
    const [offset, m, n] = table.subarray(g, g + SCORE_GROUP_FIELDS);
    for (let i = 0; i < m; i++) {
      const to = causal ? Math.min(i + 1, n) : n;
      rows[at++] = offset + i * n;
      rows[at++] = n;
      rows[at++] = causal && window > 0 ? Math.min(Math.max(0, i - window + 1), to) : 0;
      rows[at++] = to;
    }
  }
  return { rows, fills: covered === size };
}

/** `order`: places sorted by id, equal ids in their order; `places`: [id, first, end] in `order` of each id that occurs. */
export function sortedIds(ids: Int32Array): { order: Int32Array; places: Int32Array } {
  const order = Int32Array.from(ids.keys()).sort((a, b) => ids[a] - ids[b] || a - b);
  const places: number[] = [];
  for (let r = 0; r < order.length; r++) {
    const id = ids[order[r]];
    if (r > 0 && ids[order[r - 1]] === id) places[places.length - 1]++;
    else places.push(id, r, r + 1);
  }
  return { order, places: Int32Array.from(places) };
}

/** The segments that hold each row: those of row r are segmentsOf[starts[r]] … segmentsOf[starts[r + 1] − 1], in order. */
export function segmentsByRow({ table, rows }: Segments): { starts: Int32Array; segmentsOf: Int32Array } {
  const starts = new Int32Array(rows + 1);
  for (let s = 0; s < table.length; s += 2) {
    for (let r = table[s]; r < table[s + 1]; r++) starts[r + 1]++;
  }
  for (let r = 0; r < rows; r++) starts[r + 1] += starts[r];
  const next = starts.slice();
  const segmentsOf = new Int32Array(starts[rows]);
  for (let s = 0; s < table.length; s += 2) {
    for (let r = table[s]; r < table[s + 1]; r++) segmentsOf[next[r]++] = s / 2;
  }
  return { starts, segmentsOf };
}
