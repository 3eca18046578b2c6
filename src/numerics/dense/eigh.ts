/**
 * All eigenvalues of a dense symmetric matrix, and its eigenvectors: A = Vᵀ Λ V with the rows of V orthonormal.
 *
 * Scale by a power of two, reduce to tridiagonal form, solve that, transform back; backward stable:
 * ‖A − Vᵀ Λ V‖ and ‖V Vᵀ − I‖ are small multiples of n ε (‖A‖). Small eigenvalues of a graded matrix are right to ε ‖A‖, no better.
 */
import { randomStream } from "../../random.ts";
import { checkFinite, checkSize, largestEntry, powerScale, symmetricPart } from "./check.ts";
import { symmetricEigen } from "./symmetricEigen.ts";

export interface EighOptions {
  /** Eigenvectors as well (default); without them it takes about two fifths of the time. */
  vectors?: boolean;
}

export interface Eigh {
  /** (n) largest first, with multiplicity. */
  values: Float64Array;
  /** (n×n) row i is the unit eigenvector of values[i]; the sign is arbitrary but the same in every runtime. */
  vectors?: Float64Array;
  /** ‖(A − Vᵀ Λ V) x‖ / ‖A‖ for one random vector of signs x: an unbiased look at ‖A − Vᵀ Λ V‖_F (squared). 0 where A = 0. */
  residual?: number;
}

/** Eigenvalues, largest first, and eigenvectors of a symmetric matrix of entries below 1, which may be overwritten. */
export type SymmetricEigen = typeof symmetricEigen;

/**
 * Eigenvalues and eigenvectors of the symmetric part (A + Aᵀ)/2 of `a` (n×n, row-major). `a` is left alone.
 * Working space 48 n² bytes (16 n² without vectors), about 800 n more and the panels of a product.
 * @throws DataError for NaN or infinity (its place is named) and where A and Aᵀ differ by more than 2⁻²⁰ of the largest entry.
 * @throws CallError where the length of `a` is not n².
 */
export function eigh(a: Float64Array, n: number, options: EighOptions = {}): Eigh {
  return eighBy(symmetricEigen, a, n, options);
}

/** `eigh` by a given solver of the scaled problem: what the tests run over both implementations. */
export function eighBy(solver: SymmetricEigen, a: Float64Array, n: number, options: EighOptions = {}): Eigh {
  const wanted = options.vectors ?? true;
  checkSize("eigh", "n", n);
  checkFinite("eigh", "a", a, n, n);
  const scale = powerScale(largestEntry(a));
  const { values, vectors } = solver(symmetricPart("eigh", a, n, scale), n, wanted);
  if (!wanted) return { values: values.map((value) => value / scale) };
  const residual = probe(a, scale, n, values, vectors);
  return { values: values.map((value) => value / scale), vectors, residual };
}

/** See Eigh.residual; all in the scaled problem. Cost 3 n² multiplications. */
function probe(a: Float64Array, scale: number, n: number, values: Float64Array, v: Float64Array): number {
  const norm = n === 0 ? 0 : Math.max(Math.abs(values[0]), Math.abs(values[n - 1]));
  if (norm === 0) return 0;
  const random = randomStream(n);
  const x = Float64Array.from({ length: n }, () => (random.uniform() < 0.5 ? -1 : 1));
  const r = new Float64Array(n);
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) r[i] += a[i * n + j] * scale * x[j];
  for (let i = 0; i < n; i++) {
    let coordinate = 0;
    for (let j = 0; j < n; j++) coordinate += v[i * n + j] * x[j];
    coordinate *= values[i];
    for (let j = 0; j < n; j++) r[j] -= coordinate * v[i * n + j];
  }
  let squares = 0;
  for (let i = 0; i < n; i++) squares += r[i] * r[i];
  return Math.sqrt(squares) / norm;
}
