/**
 * Multiplications and additions of a contraction, from shapes alone: decides which form a linear layer takes, orders the tasks
 * and measures progress. Two forms for a layer z = W a with inputs A (N × d_in) and output gradients D (C·N × d_out), for a
 * tile of n₁ × n₂ examples (theory.md §6):
 * - panels: form every example's DᵀA in panels of d_out, contract: 2·C(N₁+N₂)·d_in·d_out + 2·C²n₁n₂·d_in·d_out;
 * - positions: with M = A₁A₂ᵀ, ⟨D_cᵀA, D′_c′ᵀA′⟩ = ⟨D_c, M D′_c′⟩: 2·N₁N₂·d_in + 2·C·N₁N₂·d_out + 2·C²N₁n₂·d_out.
 * Signs are of whole gradients, so always panels; a sum over outputs of their diagonal blocks is C contractions of one copy.
 * Short texts take the second (C·d_in against T(T + C)), long ones the first. For the demo's kernel (T ≈ 16, C = 7) that is 386
 * GFLOP in 18 processor seconds, against 973 in 33 with panels alone (bench/kernel.ts, AMD EPYC).
 */
import type { TapData } from "../taps.ts";

export type LinearForm = "panels" | "positions";

/**
 * What the choice adds to the bare operations of `positions`: its products are short (16 or so steps, results larger than their
 * factors) and run at this fraction of a large product's speed (26 of 44 GFLOP/s, wasm SIMD on a 2026 x64 server core), and each
 * costs about 1 µs to set up, so many operations of a large one.
 */
const SHORT_PRODUCT_SPEED = 0.65;
const SETUP = 25_000;

export interface LinearSizes {
  C: number;
  dIn: number;
  dOut: number;
  rows: { n: number; N: number };
  /** Null: the rows themselves, of which one triangle is enough. */
  columns: { n: number; N: number } | null;
}

/** What a contraction is of, beside its shapes. */
export interface Form {
  /** Each copy with itself alone. */
  diagonal?: boolean;
  /** Signs in place of gradients. */
  signed?: boolean;
}

function panelsCost({ C, dIn, dOut, rows, columns }: LinearSizes): number {
  const forming = 2 * C * (rows.N + (columns?.N ?? 0)) * dIn * dOut;
  const pairs = columns ? rows.n * columns.n : (rows.n * (rows.n + 1)) / 2;
  return forming + 2 * C * C * pairs * dIn * dOut;
}

function positionsCost({ C, dIn, dOut, rows, columns }: LinearSizes): number {
  const half = columns ? 1 : 0.5;
  const { n, N } = columns ?? rows;
  return 2 * rows.N * N * dIn + half * (2 * C * rows.N * N * dOut + 2 * C * C * rows.N * n * dOut);
}

/** Operations of a linear layer in the form it takes. */
export function linearCost(sizes: LinearSizes, { diagonal = false, signed = false }: Form): number {
  const own = diagonal ? { ...sizes, C: 1 } : sizes;
  return (diagonal ? sizes.C : 1) * (signed ? panelsCost(own) : linearForm(own).cost);
}

/** Operations that form every example's gradient once. */
export const formingCost = ({ C, dIn, dOut, N }: { C: number; dIn: number; dOut: number; N: number }) =>
  2 * C * N * dIn * dOut;

/** The faster form, and its operations. */
export function linearForm(sizes: LinearSizes): { form: LinearForm; cost: number } {
  const { C, rows, columns } = sizes;
  const panels = panelsCost(sizes);
  const positions = positionsCost(sizes);
  const products = C * rows.n * (columns ? columns.n : rows.n / 2);
  const short = positions / SHORT_PRODUCT_SPEED + SETUP * products;
  return short < panels ? { form: "positions", cost: positions } : { form: "panels", cost: panels };
}

const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);

/** Cost of one tap on one tile; `columns` null: the tile on the diagonal. */
export function tapCost(
  rows: readonly TapData[],
  columns: readonly TapData[] | null,
  C: number,
  form: Form = {},
): number {
  const [first] = rows;
  if (first.kind === "linear") {
    const { dIn, dOut } = first;
    const sizes = { C, dIn, dOut, rows: linearSide(rows), columns: columns && linearSide(columns) };
    return linearCost(sizes, form);
  }
  const pairsOfCopies = form.diagonal ? C : C * C;
  if (first.kind === "vector") {
    const side = (blocks: readonly TapData[]) => sum(blocks.map((b) => (b.kind === "vector" ? b.n : 0)));
    return 2 * pairsOfCopies * side(rows) * side(columns ?? rows) * first.width;
  }
  // Entries that share a row of the table: all of one position at most, so texts times the longest text.
  const entries = (blocks: readonly TapData[]) =>
    sum(blocks.map((b) => (b.kind === "rows" ? b.ids.length : 0)));
  const examples = (blocks: readonly TapData[]) => sum(blocks.map((b) => (b.kind === "rows" ? b.n : 0)));
  return 2 * pairsOfCopies * entries(rows) * examples(columns ?? rows) * first.width;
}

/** Of finding the largest gradients of one tap of one block. */
export function largestCost(tap: TapData, C: number): number {
  if (tap.kind !== "linear") return tap.gradient.length;
  const { dIn, dOut, offsets } = tap;
  return formingCost({ C, dIn, dOut, N: offsets[offsets.length - 1] });
}

function linearSide(blocks: readonly TapData[]): { n: number; N: number } {
  let n = 0;
  let N = 0;
  for (const block of blocks) {
    if (block.kind !== "linear") continue;
    n += block.offsets.length - 1;
    N += block.offsets[block.offsets.length - 1];
  }
  return { n, N };
}
