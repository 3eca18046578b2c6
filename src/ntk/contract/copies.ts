/** One copy of a tap as a tap of one copy: a view, since gradient rows are copy-major. */
import type { TapData } from "../taps.ts";

export function copyOf(tap: TapData, c: number, C: number): TapData {
  const size = tap.gradient.length / C;
  return { ...tap, gradient: tap.gradient.subarray(c * size, (c + 1) * size) };
}
