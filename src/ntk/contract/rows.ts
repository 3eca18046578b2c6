/**
 * Row taps (embeddings): two entries meet only where they add to the same row of the table, so entries are matched by id and
 * each id gives one small product of (C·r₁ × F) and (C·r₂ × F), scattered into the kernel in float64. Positions (ids that all
 * texts share) are the large ones; tied output rows lie in the same tap, so cross terms are counted.
 * Cost: 2·C²·F·Σ_id r₁(id)·r₂(id).
 */
import { type Backend, type DeviceTensor, PRODUCT_GROUP_FIELDS } from "../../numerics/backend.ts";
import type { Floats, RowsData } from "../taps.ts";

/** Numbers of products read back at a time. */
const CHUNK = 1 << 21;

interface Sorted {
  /** id → [first, last): places among the entries sorted by id. */
  places: Map<number, [number, number]>;
  order: Int32Array; // (R): entries sorted by id
  gradient: Floats; // (R·C × F): row r·C + c of the sorted entries
}

interface Match {
  a: [number, number];
  b: [number, number];
}

export async function contractRows(
  backend: Backend,
  rows: RowsData,
  columns: RowsData | null,
  C: number,
): Promise<Float64Array> {
  const right = columns ?? rows;
  const a = sortById(rows, C);
  const b = columns ? sortById(columns, C) : a;
  const kernel = new Float64Array(rows.n * C * right.n * C);
  const matches: Match[] = [];
  for (const [id, place] of a.places) {
    const other = b.places.get(id);
    if (other) matches.push({ a: place, b: other });
  }
  const F = rows.width;
  const left = backend.upload(a.gradient, [a.order.length * C, F]);
  const other = columns ? backend.upload(b.gradient, [b.order.length * C, F]) : left;
  try {
    for (const chunk of chunksOf(matches, C)) {
      const products = await multiply(backend, left, other, chunk, C, F);
      scatter(kernel, products, chunk, { a, b, rows, right, C });
    }
  } finally {
    backend.release(columns ? [left, other] : left);
  }
  return kernel;
}

function sortById({ ids, gradient, width }: RowsData, C: number): Sorted {
  const R = ids.length;
  const order = Int32Array.from(ids.keys()).sort((x, y) => ids[x] - ids[y] || x - y);
  const Kind = gradient.constructor as Float64ArrayConstructor;
  const sorted = new Kind(gradient.length);
  const places: Sorted["places"] = new Map();
  order.forEach((entry, place) => {
    const known = places.get(ids[entry]);
    places.set(ids[entry], known ? [known[0], place + 1] : [place, place + 1]);
    for (let c = 0; c < C; c++) {
      const from = (c * R + entry) * width;
      sorted.set(gradient.subarray(from, from + width), (place * C + c) * width);
    }
  });
  return { places, order, gradient: sorted };
}

const sizeOf = ({ a, b }: Match, C: number) => C * (a[1] - a[0]) * C * (b[1] - b[0]);

/** Matches in order, cut so that their products stay within CHUNK numbers (one large match stands alone). */
function* chunksOf(matches: readonly Match[], C: number): Generator<Match[]> {
  let chunk: Match[] = [];
  let size = 0;
  for (const match of matches) {
    const more = sizeOf(match, C);
    if (chunk.length > 0 && size + more > CHUNK) {
      yield chunk;
      chunk = [];
      size = 0;
    }
    chunk.push(match);
    size += more;
  }
  if (chunk.length > 0) yield chunk;
}

/** The products of a chunk one after the other, each (C·r₁ × C·r₂). */
async function multiply(
  backend: Backend,
  left: DeviceTensor,
  right: DeviceTensor,
  chunk: readonly Match[],
  C: number,
  F: number,
): Promise<Floats> {
  const table = new Int32Array(chunk.length * PRODUCT_GROUP_FIELDS);
  let size = 0;
  chunk.forEach(({ a, b }, g) => {
    const m = C * (a[1] - a[0]);
    const n = C * (b[1] - b[0]);
    table.set([a[0] * C * F, F, b[0] * C * F, F, size, n, m, F, n], g * PRODUCT_GROUP_FIELDS);
    size += m * n;
  });
  const products = backend.groupedMatmul(left, right, { table }, [size], { transposeB: true });
  try {
    return await backend.read(products);
  } finally {
    backend.release(products);
  }
}

interface Sides {
  a: Sorted;
  b: Sorted;
  rows: RowsData;
  right: RowsData;
  C: number;
}

/** kernel[example₁·C + c, example₂·C + c′] += product, entry by entry. */
function scatter(kernel: Float64Array, products: Floats, chunk: readonly Match[], sides: Sides): void {
  const { a, b, rows, right, C } = sides;
  const stride = right.n * C;
  let at = 0;
  for (const match of chunk) {
    for (let p = match.a[0]; p < match.a[1]; p++) {
      const row = rows.examples[a.order[p]] * C;
      for (let c = 0; c < C; c++) {
        const start = (row + c) * stride;
        for (let q = match.b[0]; q < match.b[1]; q++) {
          const column = start + right.examples[b.order[q]] * C;
          for (let d = 0; d < C; d++) kernel[column + d] += products[at++];
        }
      }
    }
  }
}
