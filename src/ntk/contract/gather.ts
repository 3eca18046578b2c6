/**
 * Joins the taps of several blocks into one block of the same layout: what a tile's side is made of. One block is passed on as
 * it is. Gradient rows are copy-major (c·R + r), so each of the C copies is joined on its own. Cost: one copy.
 */
import { CallError } from "../../errors.ts";
import type { Floats, LinearData, RowsData, TapData, VectorData } from "../taps.ts";

export function gather(blocks: readonly TapData[], C: number): TapData {
  if (blocks.length === 1) return blocks[0];
  const [first] = blocks;
  if (first.kind === "linear") return gatherLinear(blocks.map(linear), C);
  if (first.kind === "vector") return gatherVector(blocks.map(vector), C);
  return gatherRows(blocks.map(rows), C);
}

const mixed = () => new CallError("contract: expected blocks of one kind of tap, got several");
function linear(tap: TapData): LinearData {
  if (tap.kind !== "linear") throw mixed();
  return tap;
}
function vector(tap: TapData): VectorData {
  if (tap.kind !== "vector") throw mixed();
  return tap;
}
function rows(tap: TapData): RowsData {
  if (tap.kind !== "rows") throw mixed();
  return tap;
}

const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);

/** Blocks (C·R_b × F) → (C·ΣR_b × F). */
function joinCopies(blocks: readonly Floats[], C: number): Floats {
  const Kind = blocks[0].constructor as Float64ArrayConstructor;
  const joined = new Kind(sum(blocks.map((block) => block.length)));
  let at = 0;
  for (let c = 0; c < C; c++) {
    for (const block of blocks) {
      const size = block.length / C;
      joined.set(block.subarray(c * size, (c + 1) * size), at);
      at += size;
    }
  }
  return joined;
}

function gatherLinear(blocks: readonly LinearData[], C: number): LinearData {
  const offsets = new Int32Array(sum(blocks.map((block) => block.offsets.length - 1)) + 1);
  let example = 0;
  for (const block of blocks) {
    const start = offsets[example];
    for (let i = 1; i < block.offsets.length; i++) offsets[++example] = start + block.offsets[i];
  }
  return {
    ...blocks[0],
    input: joinCopies(
      blocks.map((block) => block.input),
      1,
    ),
    gradient: joinCopies(
      blocks.map((block) => block.gradient),
      C,
    ),
    offsets,
  };
}

function gatherVector(blocks: readonly VectorData[], C: number): VectorData {
  const gradient = joinCopies(
    blocks.map((block) => block.gradient),
    C,
  );
  return { ...blocks[0], gradient, n: sum(blocks.map((block) => block.n)) };
}

function gatherRows(blocks: readonly RowsData[], C: number): RowsData {
  const R = sum(blocks.map((block) => block.ids.length));
  const ids = new Int32Array(R);
  const examples = new Int32Array(R);
  let at = 0;
  let n = 0;
  for (const block of blocks) {
    ids.set(block.ids, at);
    for (let r = 0; r < block.ids.length; r++) examples[at + r] = n + block.examples[r];
    at += block.ids.length;
    n += block.n;
  }
  const gradient = joinCopies(
    blocks.map((block) => block.gradient),
    C,
  );
  return { ...blocks[0], ids, examples, gradient, n };
}
