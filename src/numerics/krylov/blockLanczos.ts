/**
 * Lanczos in blocks with thick restart: Rayleigh–Ritz on a growing orthonormal basis Q (m×n) that can be compressed at any time.
 *
 *   A Qᵀ = Qᵀ H + Wᵀ C        H = Q A Qᵀ (m×m), W (p×n) the next rows, orthonormal and ⟂ Q, C (p×m) what couples them
 *   grow:     W joins Q, so C joins H; A Wᵀ, orthogonalised, gives the next W (fewer rows where some depend on the others)
 *   compress: with H = Sᵀ Θ S keep some rows of S: Q ← S Q, H ← Θ, C ← C Sᵀ; W stays, so the identity does
 *
 * The residual of the Ritz pair (θ_i, s_i Q) is W ᵀC s_i, of length ‖C s_i‖. Compressing is the thick restart of Wu & Simon (SIAM J. Matrix
 * Anal. Appl. 22(2), 2000), the same as the implicit one of ARPACK in exact arithmetic, without its bulge chasing; H is then no longer
 * tridiagonal but an arrow, and kept whole. A row may be added to W at any time, with zeros in C: the identity does not mind.
 *
 * Full orthogonality (see lanczos.ts for why; the kept rows need it anyway). Row by row, also within a block, as in the band form of
 * Ruhe (Math. Comp. 33, 1979): a row that depends on the others is left out and the block narrows.
 * Cost of growing by p rows: p applications and 8 n m p; of compressing to l: 2 n m l.
 */
import { eigh } from "../dense/eigh.ts";
import type { Basis } from "./basis.ts";
import { checkStrange } from "./lanczos.ts";
import { applyRows, type Operator } from "./operator.ts";
import { norm, orthogonalize } from "./orthogonalize.ts";

export interface BlockLanczos {
  readonly operator: Operator;
  readonly basis: Basis;
  /** Rows of H, each as long as the basis. */
  h: Float64Array[];
  /** Rows of W. */
  next: Float64Array[];
  /** Rows of C, each as long as the basis. */
  coupling: Float64Array[];
  /** Applications so far. */
  applications: number;
  /** Largest ‖A q‖ so far: a lower bound of ‖A‖. */
  norm: number;
  /** Largest part of A q that the identity leaves out: round-off, and what the operator lacks in symmetry. */
  dropped: number;
}

/** @param newBasis makes an empty basis, also for the rows in the making; @param start rows (n), orthonormal */
export function startBlockLanczos(operator: Operator, basis: Basis, start: Float64Array[]): BlockLanczos {
  const coupling = start.map(() => new Float64Array(0));
  return { operator, basis, h: [], next: start, coupling, applications: 0, norm: 0, dropped: 0 };
}

/** A row for W: a unit vector ⟂ Q and ⟂ the other rows of W. */
export function addRow(run: BlockLanczos, row: Float64Array): void {
  run.next.push(row);
  run.coupling.push(new Float64Array(run.basis.size));
}

/**
 * W joins the basis.
 * @param fresh an empty basis for the new W; freed by the caller
 * @throws DataError where the operator gives NaN or infinity, or is not symmetric
 */
export async function grow(run: BlockLanczos, fresh: Basis): Promise<void> {
  const { operator, basis, next } = run;
  const n = operator.size;
  const old = basis.size;
  const p = next.length;
  const m = old + p;
  const x = new Float64Array(p * n);
  next.forEach((row, r) => {
    x.set(row, r * n);
    basis.append(row);
  });
  const product = new Float64Array(p * n);
  await applyRows("lanczos", operator, x, product, p, run.applications);
  run.applications += p;

  run.h = run.h.map((row, i) => Float64Array.of(...row, ...run.coupling.map((c) => c[i])));
  for (const c of run.coupling) {
    const row = new Float64Array(m);
    row.set(c);
    run.h.push(row);
  }
  const coupling: Float64Array[] = [];
  run.next = [];
  for (let r = 0; r < p; r++) {
    const w = product.subarray(r * n, r * n + n);
    const length = norm(w);
    run.norm = Math.max(run.norm, length);
    const { coordinates, others, remainder } = orthogonalize(w, basis, fresh);
    const row = run.h[old + r];
    let strange = 0;
    // Known before: C, and by symmetry what the rows of this block before this one gave.
    for (let i = 0; i < old + r; i++) strange = Math.hypot(strange, coordinates[i] - row[i]);
    checkStrange(strange, length, run.norm);
    for (let i = old + r; i < m; i++) row[i] = run.h[i][old + r] = coordinates[i];
    others.forEach((value, i) => {
      coupling[i][old + r] = value;
    });
    const negligible = 10 * Math.sqrt(n) * Number.EPSILON * run.norm;
    if (m + fresh.size < n && remainder > negligible) {
      const direction = w.map((value) => value / remainder);
      fresh.append(direction);
      run.next.push(direction);
      const c = new Float64Array(m);
      c[old + r] = remainder;
      coupling.push(c);
      run.dropped = Math.max(run.dropped, strange);
    } else run.dropped = Math.max(run.dropped, Math.hypot(strange, remainder));
  }
  run.coupling = coupling;
}

export interface Ritz {
  /** (m) largest first. */
  values: Float64Array;
  /** (m×m) row i: coordinates of Ritz vector i in the basis. */
  s: Float64Array;
  /** (m) ‖C s_i‖. */
  residuals: Float64Array;
}

/** Eigenpairs of H. Cost about 9 m³. */
export function ritzPairs(run: BlockLanczos): Ritz {
  const m = run.basis.size;
  const h = new Float64Array(m * m);
  run.h.forEach((row, i) => {
    h.set(row, i * m);
  });
  const { values, vectors } = eigh(h, m);
  const s = vectors as Float64Array;
  const residuals = values.map((_, i) => norm(couplingOf(run, s.subarray(i * m, i * m + m))));
  return { values, s, residuals };
}

/** C s */
function couplingOf(run: BlockLanczos, s: Float64Array): number[] {
  return run.coupling.map((row) => {
    let sum = 0;
    for (let i = 0; i < s.length; i++) sum += row[i] * s[i];
    return sum;
  });
}

/** Ritz vectors (indices.length × n) in the order of `indices`. */
export function ritzVectors(run: BlockLanczos, { s }: Ritz, indices: readonly number[]): Float64Array {
  const m = run.basis.size;
  const chosen = new Float64Array(indices.length * m);
  indices.forEach((index, i) => {
    chosen.set(s.subarray(index * m, index * m + m), i * m);
  });
  return run.basis.combine(chosen, indices.length);
}

/** The basis becomes the Ritz vectors `indices`. */
export function compress(run: BlockLanczos, ritz: Ritz, indices: readonly number[]): void {
  const { basis, operator } = run;
  const n = operator.size;
  const m = basis.size;
  const rows = ritzVectors(run, ritz, indices);
  const columns = indices.map((index) => couplingOf(run, ritz.s.subarray(index * m, index * m + m)));
  run.coupling = run.next.map((_, r) => Float64Array.from(columns, (column) => column[r]));
  run.h = indices.map((index, i) => {
    const row = new Float64Array(indices.length);
    row[i] = ritz.values[index];
    return row;
  });
  basis.free();
  for (let i = 0; i < indices.length; i++) basis.append(rows.subarray(i * n, i * n + n));
}
