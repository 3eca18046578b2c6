/**
 * One tap's part of the sketch: for example i and copy c the k numbers ⟨S_j, G⟩, G the tap's per-example gradient, S_j random
 * with E[vec S vec Sᵀ] = I, so that products of sketches have the mean ⟨G, G′⟩. Letters: n examples, N positions, K copies.
 *
 *   direct     S_j of independent signs: G is formed in panels (panels.ts) and multiplied.     2 n K k d_out d_in + 2 N K d_out d_in
 *   kronecker  S_j = u wᵀ, u (d_out) and w (d_in) signs: uᵀ(Σ_t d_t a_tᵀ)w = Σ_t (u·d_t)(w·a_t).   2 N k (K d_out + d_in)
 *
 * Variance of one product of features, for a gradient with blocks G_l (theory.md §6; [derived] for Gaussian signs, and Rademacher
 * signs only lower every term):  direct  ‖g‖²‖g′‖² + ⟨g, g′⟩²;  kronecker blocks add at most
 *   Σ_l 2(‖G_lᵀG_l′‖_F² + ‖G_lG_l′ᵀ‖_F² + tr (G_lG_l′ᵀ)²) ≤ 6 Σ_l ‖G_l‖²‖G_l′‖²:
 * for one block of rank 1 up to four times as much, for many blocks of like size next to nothing. The sketch is the mean of k of them.
 * A layer with a thin side (a LoRA factor, the head) is sketched directly: as cheap, and its gradients are those of low rank.
 * Rows of a table are a linear layer whose input is one-hot.
 */
import type { Tap } from "../../model/types.ts";
import type { Backend, DeviceTensor, Segments } from "../../numerics/backend.ts";

import { eachPanel } from "../contract/panels.ts";
import type { Floats } from "../taps.ts";
import { signKey, signPanel, span } from "./signPanel.ts";

export interface SketchSpec {
  k: number;
  seed: number;
  copies: number; // K
  method: "auto" | "direct" | "kronecker";
}

/** Features at a time: a multiple of SIGN_COLUMNS. Bounds the sign panels and products that are held. */
const COLUMNS = 256;
/** d_out·d_in/(d_out + d_in) up to which a layer is sketched directly, in all: what forming a position's gradient costs beside its two sides. */
const THIN = 16;
/** Signs of a table's rows at a time. */
const TABLE_SIGNS = 1 << 20;

type Of<K extends Tap["kind"]> = Extract<Tap, { kind: K }>;
/** Adds a part (rows × width) of the features from `first` on; row r belongs to row `rowOf(r)` of the sketch, example·K + copy. */
type Emit = (part: Floats, first: number, width: number, rowOf: (r: number) => number) => void;

/** features (n·K × k) += the tap's part, in float64. `offsets` (n + 1): packed rows of the examples. */
export async function projectTap(
  backend: Backend,
  tap: Tap,
  offsets: Int32Array,
  { k, seed, copies: K, method }: SketchSpec,
  features: Float64Array,
): Promise<void> {
  const n = offsets.length - 1;
  const { name } = tap.parameter;
  const work: Work = {
    ...{ backend, n, K },
    keys: { output: signKey(seed, `${name} output`), input: signKey(seed, `${name} input`) },
    panels: Array.from({ length: Math.ceil(k / COLUMNS) }, (_, p) => [
      p * COLUMNS,
      Math.min(COLUMNS, k - p * COLUMNS),
    ]),
    copyMajor: (r) => (r % n) * K + Math.floor(r / n),
    emit(part, first, width, rowOf) {
      for (let r = 0; r * width < part.length; r++) {
        const at = rowOf(r) * k + first;
        for (let j = 0; j < width; j++) features[at + j] += part[r * width + j];
      }
    },
  };
  if (tap.kind === "vector") return projectVector(work, tap);
  const direct = method === "direct" || (method === "auto" && isThin(tap));
  if (tap.kind === "rows") return direct ? rowsDirect(work, tap) : rowsKronecker(work, tap);
  const pooled = tap.input.size === n * widthOf(tap.input); // one row an example, not one a position
  const ends = pooled ? span(0, n + 1) : offsets;
  return direct ? linearDirect(work, tap, ends) : linearKronecker(work, tap, ends);
}

interface Work {
  backend: Backend;
  n: number;
  K: number;
  keys: { output: number; input: number };
  /** [first, width] of the features. */
  panels: [number, number][];
  copyMajor(r: number): number;
  emit: Emit;
}

const widthOf = ({ shape }: DeviceTensor) => shape[shape.length - 1];

function isThin(tap: Of<"linear"> | Of<"rows">): boolean {
  const [a, b] = tap.kind === "linear" ? [widthOf(tap.gradient), widthOf(tap.input)] : tap.parameter.shape;
  return a * (b ?? 1) <= THIN * (a + (b ?? 1));
}

async function readAndFree(backend: Backend, body: () => DeviceTensor): Promise<Floats> {
  const made = backend.scope(body);
  try {
    return await backend.read(made);
  } finally {
    backend.release(made);
  }
}

async function projectVector(work: Work, { gradient }: Of<"vector">): Promise<void> {
  const { backend, keys, panels, copyMajor, emit } = work;
  const F = widthOf(gradient);
  for (const [first, width] of panels) {
    const signs = signPanel(keys.output, span(0, F), first, width);
    const part = await readAndFree(backend, () =>
      backend.matmul(gradient, backend.upload(signs, [F, width])),
    );
    emit(part, first, width, copyMajor);
  }
}

/** Σ over the rows of each example of left ∘ right: (K·R × width), (R × width) → (K·n × width). */
function sumProducts(
  backend: Backend,
  left: DeviceTensor,
  right: DeviceTensor,
  segments: Segments,
): DeviceTensor {
  return backend.segmentSum(backend.multiply(left, right), segments);
}

/** Rows ends[i] … ends[i+1] − 1 of each example i. */
function segmentsOf(ends: Int32Array): Segments {
  const table = new Int32Array(2 * (ends.length - 1));
  for (let i = 0; i + 1 < ends.length; i++) table.set([ends[i], ends[i + 1]], 2 * i);
  return { table, rows: ends[ends.length - 1] };
}

async function linearKronecker(work: Work, tap: Of<"linear">, ends: Int32Array): Promise<void> {
  const { backend, keys, panels, copyMajor, emit } = work;
  const [dOut, dIn] = [widthOf(tap.gradient), widthOf(tap.input)];
  const segments = segmentsOf(ends);
  for (const [first, width] of panels) {
    const u = signPanel(keys.output, span(0, dOut), first, width);
    const w = signPanel(keys.input, span(0, dIn), first, width);
    const part = await readAndFree(backend, () => {
      const left = backend.matmul(tap.gradient, backend.upload(u, [dOut, width]));
      const right = backend.matmul(tap.input, backend.upload(w, [dIn, width]));
      return sumProducts(backend, left, right, segments);
    });
    emit(part, first, width, copyMajor);
  }
}

async function linearDirect(work: Work, tap: Of<"linear">, ends: Int32Array): Promise<void> {
  const { backend, keys, panels, emit } = work;
  const data = {
    kind: "linear" as const,
    input: await backend.read(tap.input),
    gradient: await backend.read(tap.gradient),
    dIn: widthOf(tap.input),
    dOut: widthOf(tap.gradient),
    offsets: ends,
  };
  let start = 0; // numbers of the gradient before the panel
  await eachPanel(backend, data, work.K, async (panel) => {
    const size = widthOf(panel);
    for (const [first, width] of panels) {
      const signs = signPanel(keys.output, span(start, start + size), first, width);
      const part = await readAndFree(backend, () =>
        backend.matmul(panel, backend.upload(signs, [size, width])),
      );
      emit(part, first, width, (r) => r);
    }
    start += size;
  });
}

/** Entries of example i are ends[i] … ends[i+1] − 1: they are in the order of the examples. */
function entriesOf(examples: Int32Array, n: number): Int32Array {
  const ends = new Int32Array(n + 1);
  for (const example of examples) ends[example + 1]++;
  for (let i = 0; i < n; i++) ends[i + 1] += ends[i];
  return ends;
}

async function rowsKronecker(work: Work, { gradient, ids, examples }: Of<"rows">): Promise<void> {
  const { backend, keys, panels, copyMajor, emit } = work;
  const F = widthOf(gradient);
  const segments = segmentsOf(entriesOf(examples, work.n));
  for (const [first, width] of panels) {
    const u = signPanel(keys.output, span(0, F), first, width);
    const ofIds = signPanel(keys.input, ids, first, width);
    const part = await readAndFree(backend, () => {
      const left = backend.matmul(gradient, backend.upload(u, [F, width]));
      return sumProducts(backend, left, backend.upload(ofIds, [ids.length, width]), segments);
    });
    emit(part, first, width, copyMajor);
  }
}

/** Each entry's gradient row times the signs of its row of the table, some of the table's rows at a time. */
async function rowsDirect(work: Work, { gradient, ids, examples }: Of<"rows">): Promise<void> {
  const { backend, keys, panels, copyMajor, emit, K } = work;
  const F = widthOf(gradient);
  const R = ids.length;
  const segments = segmentsOf(entriesOf(examples, work.n));
  const used = [...new Set(ids)].sort((a, b) => a - b);
  for (const [first, width] of panels) {
    const step = Math.max(1, Math.floor(TABLE_SIGNS / (F * width)));
    for (let start = 0; start < used.length; start += step) {
      const rows = used.slice(start, start + step);
      const places = new Map(rows.map((id, place) => [id, place]));
      const numbers = rows.flatMap((id) => Array.from(span(id * F, (id + 1) * F)));
      const signs = signPanel(keys.output, numbers, first, width);
      const groups: number[] = [];
      for (let r = 0; r < R; r++) {
        const place = places.get(ids[r]);
        if (place === undefined) continue;
        for (let c = 0; c < K; c++) {
          const row = c * R + r;
          groups.push(row * F, F, place * F * width, width, row * width, width, 1, F, width);
        }
      }
      const part = await readAndFree(backend, () => {
        const stacked = backend.upload(signs, [rows.length * F, width]);
        const products = backend.groupedMatmul(gradient, stacked, { table: Int32Array.from(groups) }, [
          K * R,
          width,
        ]);
        return backend.segmentSum(products, segments);
      });
      emit(part, first, width, copyMajor);
    }
  }
}
