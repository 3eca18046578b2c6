/**
 * Signs of per-example gradients with a dead zone (theory.md §6): 0 where |g| ≤ τ·m, else ±1. The pairwise trick of an inner
 * product does not hold for signs, so the gradient of each tensor is formed, a panel of a few features at a time, for the texts
 * of one tile. Products of ±1 are whole numbers, exact in float32 below 2²⁴ and then added in float64.
 *
 * The comparison is exact: m and g as they came out of the passes, τ·m in float64. What is not exact in float32 is g: its round-off is
 * 1e-7 m, so of entries within 1e-7 m of the border (τ = 1e-6) rounding decides, and each moves an entry of the asymmetric kernel by
 * one |J(x′)|. On the float64 backend the same code has every sign of the reference (test/ntk/variants.test.ts).
 */
import type { Backend, DeviceTensor } from "../../numerics/backend.ts";
import type { Floats, RowsData } from "../taps.ts";

/** τ·m of each gradient row of a side, (n·C), row = example·C + copy; null: that side's gradients as they are. */
export interface Signs {
  rows: Float64Array | null;
  columns: Float64Array | null;
}

/** Turns the rows of x into their signs, in place; adds to `counted` how many of each row are not 0. */
export function takeSigns(x: Floats, thresholds: Float64Array, counted?: Float64Array): void {
  if (x instanceof Float32Array) {
    takeSigns32(x, thresholds, counted);
    return;
  }
  const width = x.length / thresholds.length;
  for (let row = 0, at = 0; row < thresholds.length; row++) {
    const threshold = thresholds[row];
    let count = 0;
    for (const end = at + width; at < end; at++) {
      const value = x[at];
      const sign = value > threshold ? 1 : value < -threshold ? -1 : 0;
      x[at] = sign;
      count += sign * sign;
    }
    if (counted) counted[row] += count;
  }
}

const MAGNITUDE = 0x7fffffff;
const ONE = 0x3f800000;

/** The bits of the largest float32 up to `threshold`, which is not negative. */
function bitsBelow(threshold: number): number {
  const rounded = Float32Array.of(threshold);
  const [bits] = new Int32Array(rounded.buffer);
  return rounded[0] > threshold ? bits - 1 : bits;
}

/**
 * The same for float32, on their bits: magnitudes are in the order of their bits, and nothing branches on a sign, which no
 * processor can predict (three times as fast as comparing numbers).
 */
function takeSigns32(x: Float32Array, thresholds: Float64Array, counted?: Float64Array): void {
  const bits = new Int32Array(x.buffer, x.byteOffset, x.length);
  const width = x.length / thresholds.length;
  for (let row = 0, at = 0; row < thresholds.length; row++) {
    const border = bitsBelow(thresholds[row]);
    let count = 0;
    for (const end = at + width; at < end; at++) {
      const own = bits[at];
      const counts = (border - (own & MAGNITUDE)) >> 31; // all bits where it is beyond the border, else none
      bits[at] = ((own & ~MAGNITUDE) | ONE) & counts;
      count -= counts;
    }
    if (counted) counted[row] += count;
  }
}

/** The signs of a block on the backend, in its place. */
export async function signBlock(
  backend: Backend,
  block: DeviceTensor,
  thresholds: Float64Array,
  counted?: Float64Array,
): Promise<DeviceTensor> {
  let values: Floats;
  try {
    values = await backend.read(block);
  } finally {
    backend.release(block);
  }
  takeSigns(values, thresholds, counted);
  return backend.upload(values, block.shape);
}

/**
 * A rows tap in which every example names each row of the table once: entries that add to the same row are added, in float64,
 * because the sign is one of their sum. The tap itself where there is nothing to add.
 */
export function mergeRows(tap: RowsData, C: number): RowsData {
  const { ids, examples, gradient, width } = tap;
  const sources: number[][] = [];
  let places = new Map<number, number>();
  for (let r = 0; r < ids.length; r++) {
    if (r > 0 && examples[r] !== examples[r - 1]) places = new Map();
    const place = places.get(ids[r]);
    if (place === undefined) {
      places.set(ids[r], sources.length);
      sources.push([r]);
    } else sources[place].push(r);
  }
  if (sources.length === ids.length) return tap;
  const Kind = gradient.constructor as Float64ArrayConstructor;
  const merged = new Kind(C * sources.length * width);
  const sum = new Float64Array(width);
  for (let c = 0; c < C; c++) {
    sources.forEach((entries, place) => {
      sum.fill(0);
      for (const r of entries) {
        const from = (c * ids.length + r) * width;
        for (let f = 0; f < width; f++) sum[f] += gradient[from + f];
      }
      merged.set(sum, (c * sources.length + place) * width);
    });
  }
  return {
    ...tap,
    ids: Int32Array.from(sources, ([r]) => ids[r]),
    examples: Int32Array.from(sources, ([r]) => examples[r]),
    gradient: merged,
  };
}

/** The signs of a merged rows tap. Rows of the table an example does not touch are 0 and stay out. */
export function signRows(
  merged: RowsData,
  C: number,
  thresholds: Float64Array,
  counted?: Float64Array,
): RowsData {
  const { examples, gradient, ids } = merged;
  const ofEntry = new Float64Array(C * ids.length);
  for (let c = 0; c < C; c++) {
    for (let r = 0; r < ids.length; r++) ofEntry[c * ids.length + r] = thresholds[examples[r] * C + c];
  }
  const signs = gradient.slice();
  const counts = counted && new Float64Array(ofEntry.length);
  takeSigns(signs, ofEntry, counts);
  if (counted && counts) {
    for (let c = 0; c < C; c++) {
      for (let r = 0; r < ids.length; r++) counted[examples[r] * C + c] += counts[c * ids.length + r];
    }
  }
  return { ...merged, gradient: signs };
}
