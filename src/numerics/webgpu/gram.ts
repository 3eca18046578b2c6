/**
 * Sums of products a·bᵀ in float64. The device has no float64, so each product, one float32 block, takes the next slot of a block
 * of slots; full slots are read back and added on the host in float64, in order. Nobody waits for that but `read`.
 * Where read-backs pile up (a loop that never waits), slots are summed on the device instead, by chains of eight (sums.ts): memory
 * stays bounded, and the sum is off by some ten roundings of float32 instead of one.
 *
 * A product is cut along k into panels, each of its own tiles, so few rows of long gradients still occupy the device.
 */

import { LANES } from "./program.ts";
import { gram } from "./programs/products.ts";
import { ROWS_AT_ONCE, sumBlocks } from "./programs/sums.ts";
import { tileSideFor } from "./programs/tile.ts";
import type { GpuQueue } from "./queue.ts";
import type { Block } from "./tfjs.ts";

/** Steps of one panel, at least: the longest sum in float32 is 16 + 512/16 of them. */
const PANEL = 512;
const SLOT_BYTES = 32 * 2 ** 20;
const MOST_SLOTS = 32;
/** Read-backs on their way at a time, and partial products of one product. */
const PENDING_BYTES = 128 * 2 ** 20;

export interface GramAccumulator {
  readonly rows: number;
  readonly columns: number;
  readonly sums: Float64Array;
  readonly slots: number;
  block: Block | null;
  used: number;
  pendingBytes: number;
  /** Of all read-backs so far. */
  added: Promise<void>;
}

export function newAccumulator(rows: number, columns: number): GramAccumulator {
  const bytes = 4 * Math.max(1, rows * columns);
  return {
    rows,
    columns,
    sums: new Float64Array(rows * columns),
    slots: Math.max(2, Math.min(MOST_SLOTS, Math.floor(SLOT_BYTES / bytes))),
    block: null,
    used: 0,
    pendingBytes: 0,
    added: Promise.resolve(),
  };
}

export const slotBytes = ({ rows, columns, slots }: GramAccumulator) => 4 * rows * columns * slots;

/** Adds a·bᵀ (a: rows×k, b: columns×k), or a·aᵀ where `symmetric`. */
export function addGram(
  queue: GpuQueue,
  target: GramAccumulator,
  { a, b, k, symmetric }: { a: Block; b: Block; k: number; symmetric: boolean },
): void {
  const { rows, columns, slots } = target;
  const size = rows * columns;
  if (size === 0 || k === 0) return;
  if (target.used === slots) {
    if (target.pendingBytes < PENDING_BYTES) readSlots(queue, target);
    else mergeSlots(queue, target);
  }
  target.block ??= queue.allocate("gramInto", slots * size, "float32");
  const panel = Math.max(PANEL, Math.ceil(k / Math.max(1, Math.floor(PENDING_BYTES / (4 * size)))));
  const panels = Math.ceil(k / panel);
  const side = tileSideFor(rows, columns);
  const groups = Math.ceil(rows / side) * Math.ceil(columns / side) * panels;
  const sizes = { rows, columns, k, panel, panels, symmetric: Number(symmetric) };
  const offset = target.used * size;
  if (panels === 1) {
    queue.run(gram[side], target.block, [a, b], { ...sizes, offset }, groups);
  } else {
    const parts = queue.allocate("gramInto", panels * size, "float32");
    queue.run(gram[side], parts, [a, b], { ...sizes, offset: 0 }, groups);
    sumAll(queue, parts, { rows: panels, size }, target.block, offset);
    queue.free(parts);
  }
  target.used++;
}

/** Column sums of x (rows × size) into result[offset …], level by level. */
export function sumAll(
  queue: GpuQueue,
  x: Block,
  { rows, size }: { rows: number; size: number },
  result: Block,
  offset = 0,
): void {
  let [block, left] = [x, rows];
  while (left > ROWS_AT_ONCE) {
    const blocks = Math.ceil(left / ROWS_AT_ONCE);
    const next = queue.allocate("sumRows", blocks * size, "float32");
    sumLevel(queue, block, { rows: left, size }, next, 0);
    if (block !== x) queue.free(block);
    [block, left] = [next, blocks];
  }
  sumLevel(queue, block, { rows: left, size }, result, offset);
  if (block !== x) queue.free(block);
}

function sumLevel(
  queue: GpuQueue,
  x: Block,
  { rows, size }: { rows: number; size: number },
  result: Block,
  offset: number,
): void {
  const count = Math.max(1, Math.ceil(rows / ROWS_AT_ONCE)) * size;
  queue.run(sumBlocks, result, [x], { rows, size, offset, count }, Math.ceil(count / LANES));
}

/** Starts to read the used slots back; they are added when they come. */
function readSlots(queue: GpuQueue, target: GramAccumulator): void {
  const { block, used, sums } = target;
  if (!block || used === 0) return;
  const bytes = slotBytes(target);
  const arriving = queue.read("gramInto", block);
  queue.free(block);
  target.block = null;
  target.used = 0;
  target.pendingBytes += bytes;
  target.added = target.added.then(async () => {
    const partial = new Float32Array(await arriving);
    target.pendingBytes -= bytes;
    for (let slot = 0; slot < used; slot++) {
      const start = slot * sums.length;
      for (let i = 0; i < sums.length; i++) sums[i] += partial[start + i];
    }
  });
  // Whoever waits sees the error; nobody may be waiting yet.
  target.added.catch(() => {});
  arriving.catch(() => {});
}

function mergeSlots(queue: GpuQueue, target: GramAccumulator): void {
  const { block, used, slots } = target;
  if (!block) return;
  const size = target.rows * target.columns;
  target.block = queue.allocate("gramInto", slots * size, "float32");
  sumAll(queue, block, { rows: used, size }, target.block);
  queue.free(block);
  target.used = 1;
}

export async function readAccumulator(queue: GpuQueue, target: GramAccumulator): Promise<Float64Array> {
  readSlots(queue, target);
  await target.added;
  return target.sums.slice();
}
