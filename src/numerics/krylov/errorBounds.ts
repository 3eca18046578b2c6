/**
 * How far a Ritz value can be from an eigenvalue.
 *
 *   |λ − θ_i| ≤ r_i                              always (residual bound)
 *   |λ − θ_i| ≤ r_i² / γ_i,  γ_i > r_i           where no other eigenvalue is within γ_i of θ_i (Kato–Temple)
 *
 * γ_i is the distance to the nearest other Ritz interval [θ_j − r_j, θ_j + r_j]. Of the innermost wanted pair of a side the neighbour
 * inside is not known well enough, unless the basis is the whole space: it keeps the residual bound. Both are exact arithmetic's:
 * what round-off and a lack of symmetry do to A itself is added.
 */
import type { BlockLanczos, Ritz } from "./blockLanczos.ts";
import type { Side } from "./wanted.ts";

/** @param complete nothing of the wanted ends is missing; without, only the residual bound holds. */
export function errorBounds(
  run: BlockLanczos,
  ritz: Ritz,
  sides: readonly Side[],
  indices: readonly number[],
  complete: boolean,
): Float64Array {
  const { values, residuals } = ritz;
  const m = values.length;
  const whole = m === run.operator.size;
  const innermost = new Set(sides.map(({ sign, count }) => (sign > 0 ? count - 1 : m - count)));
  const floor = run.dropped + m * Number.EPSILON * run.norm;
  return Float64Array.from(indices, (i) => {
    const r = residuals[i];
    if (!complete || (innermost.has(i) && !whole)) return r + floor;
    let gap = Number.POSITIVE_INFINITY;
    for (let j = 0; j < m; j++) {
      if (j !== i) gap = Math.min(gap, Math.abs(values[j] - values[i]) - residuals[j]);
    }
    return (gap > r ? r * (r / gap) : r) + floor;
  });
}
