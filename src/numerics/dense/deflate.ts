/**
 * Which coordinates of D + ρ z zᵀ take part in the coupling, and which are eigenpairs already (Dongarra & Sorensen, SISSC 8(2), 1987).
 * What is dropped is below 8 ε times the larger of ‖D‖ and ‖z‖, like the round-off of one product. Cost n log n, and one rotation of
 * two rows for each pair of close d_i.
 */

/** Where a row of V can be nonzero: columns of the first half, of both, of the second. */
export const TOP = 0;
export const MIXED = 1;
export const BOTTOM = 2;

export interface Deflation {
  /** Coordinates that take part, by ascending d; no two d equal, no z negligible. */
  active: number[];
  /** The others, whose d and row of V stay as they are. */
  resting: number[];
  /** (count) TOP, MIXED or BOTTOM */
  kind: Uint8Array;
}

/**
 * Changes d, z and the rows of V where it rotates.
 * @param half the first `half` coordinates belong to the first half
 * @param row row i of V (count)
 */
export function deflate(
  d: Float64Array,
  z: Float64Array,
  rho: number,
  half: number,
  row: (i: number) => Float64Array,
): Deflation {
  const count = d.length;
  const kind = Uint8Array.from({ length: count }, (_, i) => (i < half ? TOP : BOTTOM));
  const order = Array.from(d.keys()).sort((i, j) => d[i] - d[j]);
  let largest = 0;
  for (let i = 0; i < count; i++) largest = Math.max(largest, Math.abs(d[i]), Math.abs(z[i]));
  const negligible = 8 * Number.EPSILON * largest;

  const active: number[] = [];
  const resting: number[] = [];
  let before = -1; // the last that takes part so far, unless the next one is too close
  for (const i of order) {
    if (rho * Math.abs(z[i]) <= negligible) {
      resting.push(i);
      continue;
    }
    if (before >= 0) {
      const r = Math.hypot(z[i], z[before]);
      const c = z[i] / r;
      const s = -z[before] / r;
      // The rotation that empties z_before leaves c s (d_i − d_before) beside the diagonal.
      if (Math.abs(c * s * (d[i] - d[before])) <= negligible) {
        const [low, high] = [d[before], d[i]];
        z[i] = r;
        z[before] = 0;
        d[before] = low * c * c + high * s * s;
        d[i] = low * s * s + high * c * c;
        rotate(row(before), row(i), c, s);
        if (kind[i] !== kind[before]) kind[i] = MIXED;
        resting.push(before);
      } else active.push(before);
    }
    before = i;
  }
  if (before >= 0) active.push(before);
  return { active, resting, kind };
}

/** (x, y) ← (c x + s y, c y − s x) */
function rotate(x: Float64Array, y: Float64Array, c: number, s: number): void {
  for (let i = 0; i < x.length; i++) {
    const [a, b] = [x[i], y[i]];
    x[i] = c * a + s * b;
    y[i] = c * b - s * a;
  }
}
