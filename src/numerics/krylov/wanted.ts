/** Which end of the spectrum is wanted, and which Ritz pairs that makes. See eigsh.ts. */

export type Which = "largest" | "smallest" | "both";

/** One end of the spectrum: `count` values wanted, outermost first when multiplied by `sign`. */
export interface Side {
  sign: 1 | -1;
  count: number;
}

/** `both`: ⌈k/2⌉ of the largest and ⌊k/2⌋ of the smallest. Sides without a value are left out. */
export function sidesOf(which: Which, k: number): Side[] {
  if (which === "largest") return [{ sign: 1, count: k }];
  if (which === "smallest") return [{ sign: -1, count: k }];
  const sides: Side[] = [
    { sign: 1, count: Math.ceil(k / 2) },
    { sign: -1, count: Math.floor(k / 2) },
  ];
  return sides.filter(({ count }) => count > 0);
}

/** Indices (ascending, each once) of the outermost among m values sorted largest first, `more` beyond those wanted shared by the sides. */
export function outermost(m: number, sides: readonly Side[], more = 0): number[] {
  const indices = new Set<number>();
  for (const { sign, count } of sides) {
    const size = Math.min(m, count + Math.floor(more / sides.length));
    for (let i = 0; i < size; i++) indices.add(sign > 0 ? i : m - 1 - i);
  }
  return [...indices].sort((a, b) => a - b);
}
