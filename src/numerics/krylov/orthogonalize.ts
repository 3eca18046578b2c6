/**
 * Keeping a vector orthogonal to rows: x ← x − Qᵀ Q x, at least twice.
 *
 * One pass leaves an error of ε ‖x‖, which is not small beside a short remainder; the second brings it to ε of the remainder (Parlett,
 * The Symmetric Eigenvalue Problem, §6.9, "twice is enough"). A pass that halves the vector once more is followed by another.
 * Cost of a pass: 4 n rows.
 */
import type { RandomStream } from "../../random.ts";
import type { Basis } from "./basis.ts";

const MAX_PASSES = 5;

export interface Orthogonalized {
  /** Q x for the rows of `basis`. */
  coordinates: Float64Array;
  /** The same for the rows of `other`; empty without. */
  others: Float64Array;
  /** Length of what remains. */
  remainder: number;
}

/** x ← x − QᵀQ x for both bases, until that changes nothing; what was taken away, and the length of what remains. */
export function orthogonalize(x: Float64Array, basis: Basis, other?: Basis): Orthogonalized {
  const coordinates = new Float64Array(basis.size);
  const others = new Float64Array(other?.size ?? 0);
  let before = norm(x);
  for (let pass = 1; ; pass++) {
    if (other) accumulate(others, other.remove(x));
    accumulate(coordinates, basis.remove(x));
    const after = norm(x);
    if (after === 0 || pass >= MAX_PASSES || (pass >= 2 && after > before / 2)) {
      return { coordinates, others, remainder: after };
    }
    before = after;
  }
}

function accumulate(sum: Float64Array, part: Float64Array): void {
  for (let i = 0; i < part.length; i++) sum[i] += part[i];
}

/** A unit vector, uniform on the sphere orthogonal to all rows of the bases. */
export function randomDirection(
  random: RandomStream,
  n: number,
  locked?: Basis,
  other?: Basis,
): Float64Array {
  for (;;) {
    const x = Float64Array.from({ length: n }, () => random.gaussian());
    const before = norm(x);
    const length = locked ? orthogonalize(x, locked, other).remainder : before;
    if (length > 1e-8 * before) return x.map((value) => value / length);
  }
}

/** Euclidean length, also where squares leave the range of doubles. */
export function norm(x: ArrayLike<number>): number {
  let squares = 0;
  for (let i = 0; i < x.length; i++) squares += x[i] * x[i];
  if (squares > 1e-280 && squares < 1e280) return Math.sqrt(squares);
  let largest = 0;
  for (let i = 0; i < x.length; i++) largest = Math.max(largest, Math.abs(x[i]));
  if (largest === 0) return 0;
  squares = 0;
  for (let i = 0; i < x.length; i++) squares += (x[i] / largest) ** 2;
  return largest * Math.sqrt(squares);
}

/** Σ x_i y_i */
export function dot(x: Float64Array, y: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i] * y[i];
  return sum;
}
