/** Which Ritz pairs of a pass belong to the answer, and whether the answer is complete. See eigsh.ts. */

export type Which = "largest" | "smallest" | "both";

/** One end of the spectrum: `count` values wanted, outermost first when multiplied by `sign`. */
export interface Side {
  sign: 1 | -1;
  count: number;
}

export function sidesOf(which: Which, k: number): Side[] {
  if (which === "largest") return [{ sign: 1, count: k }];
  if (which === "smallest") return [{ sign: -1, count: k }];
  return [
    { sign: 1, count: Math.ceil(k / 2) },
    { sign: -1, count: Math.floor(k / 2) },
  ];
}

export interface Ritz {
  /** (m) largest first */
  values: Float64Array;
  /** (m) |β s_j| */
  residuals: Float64Array;
}

export interface Accepted {
  /** Indices of the pairs to lock, each once. */
  indices: number[];
  /** The pass has nothing more to give: each side is full, or its next pair is no better than what is known. */
  settled: boolean;
}

/**
 * Walks from each end of the Ritz values inwards. A pair joins when it has converged to `tolerance` and is better than the last of
 * those known; the walk ends where one is not better, which √(tolerance · norm) is close enough to see.
 * @param known values locked in earlier passes; @param k wanted in all
 * @param tolerance absolute, @param loose absolute: closeness that tells better from worse
 */
export function accept(
  ritz: Ritz,
  sides: readonly Side[],
  known: readonly number[],
  k: number,
  tolerance: number,
  loose: number,
): Accepted {
  const m = ritz.values.length;
  const indices = new Set<number>();
  let settled = true;
  for (const { sign, count } of sides) {
    const values = known.map((value) => sign * value);
    let taken = 0;
    for (let i = 0; i < m && taken < count; i++) {
      const index = sign > 0 ? i : m - 1 - i;
      const value = sign * ritz.values[index];
      const residual = ritz.residuals[index];
      const last = values.length < k ? Number.NEGATIVE_INFINITY : nthLargest(values, count);
      if (value + residual <= last + tolerance && residual <= loose) break;
      if (residual > tolerance) {
        settled = false;
        break;
      }
      indices.add(index);
      values.push(value);
      taken += 1;
    }
    // All m joined and the side is not full: only an invariant space, where the pass ends anyway, has no more to give.
    if (taken === m && taken < count) settled = false;
  }
  return { indices: [...indices], settled };
}

function nthLargest(values: readonly number[], count: number): number {
  return [...values].sort((a, b) => b - a)[count - 1];
}

/** Positions in `values` of the answer: the outermost of each side, each once. */
export function choose(values: readonly number[], sides: readonly Side[]): number[] {
  const order = Array.from(values.keys()).sort((i, j) => values[j] - values[i]);
  const chosen: number[] = [];
  for (const { sign, count } of sides) {
    const left = order.filter((i) => !chosen.includes(i));
    chosen.push(...(sign > 0 ? left.slice(0, count) : left.slice(Math.max(0, left.length - count))));
  }
  return chosen.sort((i, j) => values[j] - values[i]);
}
