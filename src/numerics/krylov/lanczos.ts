/**
 * Lanczos' tridiagonal step with full reorthogonalisation: A Qᵀ = Qᵀ T + β q eᵀ, rows of Q orthonormal, T tridiagonal.
 *
 * Every new vector is orthogonalised against the whole basis, not only its last two rows: in floating point the others come back as
 * soon as an eigenvalue converges, and then count it twice (Paige 1971). At least two passes: the first leaves an error of
 * ε ‖A q‖, which is not small beside a short remainder; the second brings it to ε of the remainder (Parlett, The Symmetric
 * Eigenvalue Problem, §6.9, "twice is enough"). A pass that halves the vector once more is followed by another.
 * Cost of step j: one application of A and 8 n j.
 */
import { complaint, DataError } from "../../errors.ts";
import type { RandomStream } from "../../random.ts";
import type { Basis } from "./basis.ts";
import type { Operator } from "./operator.ts";

const MAX_PASSES = 5;
/** More than this of ‖A q‖ outside the tridiagonal is not round-off, not even that of float32. */
const ASYMMETRY = 1e-3;

export interface Lanczos {
  readonly operator: Operator;
  /** Rows q_0 … q_{j−1}. */
  readonly basis: Basis;
  /** Rows every q is kept orthogonal to: eigenvectors found before. */
  readonly locked?: Basis;
  /** Diagonal of T. */
  readonly alpha: number[];
  /** beta[j] stands between j and j + 1; the last is the length of what remains after the last step. */
  readonly beta: number[];
  /** The next row (n), of unit length; undefined once the space is invariant or full. */
  next: Float64Array | undefined;
  /** Largest ‖A q‖ so far, or what was known before: a lower bound of ‖A‖. */
  norm: number;
  /** Largest length of A q outside T so far: round-off, and what the operator lacks in symmetry. */
  dropped: number;
}

/**
 * @param start (n) of unit length, orthogonal to `locked`: see `randomDirection`
 * @param norm what is known of ‖A‖ from below: beside it the round-off of an application is judged
 */
export function startLanczos(
  operator: Operator,
  basis: Basis,
  start: Float64Array,
  locked?: Basis,
  norm = 0,
): Lanczos {
  return { operator, basis, locked, alpha: [], beta: [], next: start, norm, dropped: 0 };
}

/**
 * One step: appends `next` to the basis, a row and a column to T. False when there is none: the rows span an invariant space, whose
 * eigenvalues those of T are. Invariant: the remainder is below 10 n ε ‖A q‖, the round-off of an application.
 * @throws DataError where the operator gives NaN or infinity, or is not symmetric.
 */
export async function lanczosStep(run: Lanczos): Promise<boolean> {
  const { operator, basis, locked, alpha, beta } = run;
  const q = run.next;
  if (!q) return false;
  const n = operator.size;
  const j = basis.size;
  basis.append(q);
  const w = new Float64Array(n);
  await operator.apply(q, w);
  const bad = w.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    const got = `${w[bad]} in coordinate ${bad} of application ${j + 1}`;
    throw new DataError(complaint("lanczos", "an operator that gives finite numbers", got));
  }
  const length = norm(w);
  run.norm = Math.max(run.norm, length);

  const { coordinates, outside, remainder } = orthogonalize(w, basis, locked);
  // Of q_iᵀ A q_j a symmetric operator leaves β_{j−1} at i = j − 1, α_j at i = j, and nothing else.
  let strange = 0;
  for (let i = 0; i < j; i++) strange = Math.hypot(strange, coordinates[i] - (i === j - 1 ? beta[i] : 0));
  if (strange > ASYMMETRY * run.norm) {
    const got = `a part of ${strange} in A q that symmetry excludes, ‖A q‖ = ${length}`;
    throw new DataError(complaint("lanczos", "a symmetric operator", got, "(A + Aᵀ)/2"));
  }
  run.dropped = Math.max(run.dropped, Math.hypot(strange, outside));
  alpha.push(coordinates[j]);
  const full = basis.size + (locked?.size ?? 0) >= n;
  const invariant = full || remainder <= 10 * n * Number.EPSILON * run.norm;
  beta.push(invariant ? 0 : remainder);
  if (invariant) run.next = undefined;
  else run.next = w.map((value) => value / remainder);
  return true;
}

/** A unit vector, uniform on the sphere orthogonal to all rows of the bases. */
export function randomDirection(random: RandomStream, n: number, locked?: Basis): Float64Array {
  for (;;) {
    const x = Float64Array.from({ length: n }, () => random.gaussian());
    const before = norm(x);
    const length = locked ? orthogonalize(x, locked).remainder : before;
    if (length > 1e-8 * before) return x.map((value) => value / length);
  }
}

/** x ← x − QᵀQ x for both bases, until that changes nothing; what was taken away, and the length of what remains. */
function orthogonalize(
  x: Float64Array,
  basis: Basis,
  other?: Basis,
): { coordinates: Float64Array; outside: number; remainder: number } {
  const coordinates = new Float64Array(basis.size);
  let outside = 0;
  let before = norm(x);
  for (let pass = 1; ; pass++) {
    if (other) outside = Math.hypot(outside, norm(other.remove(x)));
    const h = basis.remove(x);
    for (let i = 0; i < h.length; i++) coordinates[i] += h[i];
    const after = norm(x);
    if (after === 0 || pass >= MAX_PASSES || (pass >= 2 && after > before / 2)) {
      return { coordinates, outside, remainder: after };
    }
    before = after;
  }
}

/** Euclidean length, also where squares leave the range of doubles. */
function norm(x: Float64Array): number {
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
