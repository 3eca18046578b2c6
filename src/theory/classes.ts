/**
 * Targets and outputs read as classes: the largest of several outputs; for a single one, the side of the middle of the targets.
 */

/** Halfway between the smallest and the largest target. */
export function middleOf(targets: Float64Array): number {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const y of targets) {
    low = Math.min(low, y);
    high = Math.max(high, y);
  }
  return (low + high) / 2;
}

/** Class of example i of f (n × C). Ties go to the first. */
export function classOf(f: Float64Array, i: number, C: number, middle: number): number {
  if (C === 1) return f[i] > middle ? 1 : 0;
  let best = 0;
  for (let c = 1; c < C; c++) if (f[i * C + c] > f[i * C + best]) best = c;
  return best;
}

/** Share of examples whose class in f (n × C) is that in y (n × C). */
export function accuracy(f: Float64Array, y: Float64Array, C: number, middle: number): number {
  const n = f.length / C;
  let right = 0;
  for (let i = 0; i < n; i++) if (classOf(f, i, C, middle) === classOf(y, i, C, middle)) right++;
  return right / n;
}

/** The classes as the targets show them; undefined for a single output that takes too many values to be one. */
export function labelsOf(targets: Float64Array, n: number, C: number): Int32Array | undefined {
  if (C > 1) return Int32Array.from({ length: n }, (_, i) => classOf(targets, i, C, 0));
  const values = [...new Set(targets)].sort((a, b) => a - b);
  return values.length <= Math.sqrt(n) ? Int32Array.from(targets, (y) => values.indexOf(y)) : undefined;
}
