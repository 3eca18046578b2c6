/**
 * Lanczos' tridiagonal step with full reorthogonalisation: A Qᵀ = Qᵀ T + β q eᵀ, rows of Q orthonormal, T tridiagonal.
 *
 * Every new vector is orthogonalised against the whole basis, not only its last two rows: in floating point the others come back as
 * soon as an eigenvalue converges, and then count it twice (Paige 1971). Twice: see orthogonalize.ts.
 * Cost of step j: one application of A and 8 n j.
 */
import { complaint, DataError } from "../../errors.ts";
import type { Basis } from "./basis.ts";
import { applyRows, type Operator } from "./operator.ts";
import { norm, orthogonalize } from "./orthogonalize.ts";

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
  await applyRows("lanczos", operator, q, w, 1, j);
  const length = norm(w);
  run.norm = Math.max(run.norm, length);

  const { coordinates, others, remainder } = orthogonalize(w, basis, locked);
  // Of q_iᵀ A q_j a symmetric operator leaves β_{j−1} at i = j − 1, α_j at i = j, and nothing else.
  let strange = 0;
  for (let i = 0; i < j; i++) strange = Math.hypot(strange, coordinates[i] - (i === j - 1 ? beta[i] : 0));
  checkStrange(strange, length, run.norm);
  run.dropped = Math.max(run.dropped, Math.hypot(strange, norm(others)));
  alpha.push(coordinates[j]);
  const full = basis.size + (locked?.size ?? 0) >= n;
  const invariant = full || remainder <= 10 * n * Number.EPSILON * run.norm;
  beta.push(invariant ? 0 : remainder);
  if (invariant) run.next = undefined;
  else run.next = w.map((value) => value / remainder);
  return true;
}

/** @throws DataError where a part of A q that symmetry excludes is more than round-off. */
export function checkStrange(strange: number, length: number, size: number): void {
  if (strange <= ASYMMETRY * size) return;
  const got = `a part of ${strange} in A q that symmetry excludes, ‖A q‖ = ${length}`;
  throw new DataError(complaint("lanczos", "a symmetric operator", got, "(A + Aᵀ)/2"));
}
