/**
 * max |g| of one tap for every example and copy, (n·C), row = example·C + copy: what a dead zone is measured by. Infinity where a
 * gradient is not finite. Cost of a linear tap: forming its gradients once, 2·C·N·d_in·d_out.
 */
import type { Backend } from "../../numerics/backend.ts";
import type { Floats, TapData } from "../taps.ts";
import { eachPanel } from "./panels.ts";
import { mergeRows } from "./signs.ts";
import { exampleMajor } from "./vector.ts";

export async function largestOfTap(backend: Backend, tap: TapData, C: number): Promise<Float64Array> {
  if (tap.kind === "linear") {
    const largest = new Float64Array((tap.offsets.length - 1) * C);
    await eachPanel(backend, tap, C, async (panel) =>
      raise(largest, await backend.read(panel), (row) => row),
    );
    return largest;
  }
  const largest = new Float64Array(tap.n * C);
  if (tap.kind === "vector") {
    raise(largest, exampleMajor(tap, C), (row) => row);
  } else {
    const { ids, examples, gradient } = mergeRows(tap, C);
    const R = ids.length;
    raise(largest, gradient, (row) => examples[row % R] * C + Math.floor(row / R), C * R);
  }
  return largest;
}

/** largest[place(row)] ← the larger of itself and max |x| of that row of x. */
function raise(
  largest: Float64Array,
  x: Floats,
  place: (row: number) => number,
  rows = largest.length,
): void {
  const width = x.length / rows;
  for (let row = 0, at = 0; row < rows; row++) {
    let most = 0;
    for (const end = at + width; at < end; at++) {
      const size = Math.abs(x[at]);
      if (!(size <= most)) most = Number.isNaN(size) ? Number.POSITIVE_INFINITY : size;
    }
    const to = place(row);
    largest[to] = Math.max(largest[to], most);
  }
}
