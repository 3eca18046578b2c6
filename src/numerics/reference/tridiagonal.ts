/**
 * Symmetric → tridiagonal → eigenvalues, one plain loop after the other: the truth the kernels are measured against.
 *
 * Reduction: Householder, from the last row up. With u from row i (u_{i−1} = 1), H = I − τ u uᵀ,
 *   A ← H A H = A − u wᵀ − w uᵀ,   p = τ A u,   w = p − ½ τ (uᵀp) u      (Golub & Van Loan, Matrix Computations, §8.3)
 * so that A = Q T Qᵀ with Q = H_{n−1} … H_1. Cost (4/3) n³.
 * Eigenvalues of T: implicit QR with Wilkinson's shift, about 1.7 sweeps an eigenvalue. Cost about 3 n² w for w columns.
 */

/** Below this (squared, and relative to ‖A‖ ≈ 1) squares lose digits to underflow; far below ε², so it counts as zero. */
const NEGLIGIBLE_SQUARE = 2 ** -800;

export interface Tridiagonal {
  diagonal: Float64Array; // (n)
  /** offDiagonal[i] stands between i and i + 1; the last is 0. */
  offDiagonal: Float64Array; // (n)
}

/**
 * Reduces the lower triangle of `a` (n×n, |a| ≤ 1 or so) in place: row i keeps u_0 … u_{i−2} of its reflector (u_{i−1} = 1),
 * tau (n) its factor, 0 where there is none.
 */
export function tridiagonalize(a: Float64Array, n: number, tau: Float64Array): Tridiagonal {
  const diagonal = new Float64Array(n);
  const offDiagonal = new Float64Array(n);
  const w = new Float64Array(n);
  for (let i = n - 1; i > 0; i--) {
    const u = a.subarray(i * n, i * n + i);
    diagonal[i] = a[i * n + i];
    const alpha = u[i - 1];
    let tail = 0;
    for (let j = 0; j < i - 1; j++) tail += u[j] * u[j];
    if (tail <= NEGLIGIBLE_SQUARE) {
      offDiagonal[i - 1] = alpha;
      tau[i] = 0;
      continue;
    }
    // H maps the row to (0, …, 0, β); the sign of β keeps α − β free of cancellation.
    const beta = alpha > 0 ? -Math.sqrt(alpha * alpha + tail) : Math.sqrt(alpha * alpha + tail);
    offDiagonal[i - 1] = beta;
    tau[i] = (beta - alpha) / beta;
    for (let j = 0; j < i - 1; j++) u[j] /= alpha - beta;
    u[i - 1] = 1;

    let inner = 0; // uᵀp
    for (let r = 0; r < i; r++) {
      let sum = 0;
      for (let c = 0; c < i; c++) sum += (c <= r ? a[r * n + c] : a[c * n + r]) * u[c];
      w[r] = tau[i] * sum;
      inner += w[r] * u[r];
    }
    for (let r = 0; r < i; r++) w[r] -= 0.5 * tau[i] * inner * u[r];
    for (let r = 0; r < i; r++) for (let c = 0; c <= r; c++) a[r * n + c] -= u[r] * w[c] + w[r] * u[c];
  }
  if (n > 0) diagonal[0] = a[0];
  return { diagonal, offDiagonal };
}

/** z ← z Qᵀ for `rows` rows of length n: coordinates in the basis of T become coordinates in the basis of A. Cost 2 n² rows. */
export function applyReflectors(
  a: Float64Array,
  n: number,
  tau: Float64Array,
  z: Float64Array,
  rows: number,
): void {
  for (let i = 1; i < n; i++) {
    if (tau[i] === 0) continue;
    for (let r = 0; r < rows; r++) {
      let sum = z[r * n + i - 1];
      for (let j = 0; j < i - 1; j++) sum += a[i * n + j] * z[r * n + j];
      sum *= tau[i];
      for (let j = 0; j < i - 1; j++) z[r * n + j] -= sum * a[i * n + j];
      z[r * n + i - 1] -= sum;
    }
  }
}

/**
 * Eigenvalues of T into `diagonal`, unordered; every rotation is applied to the rows of z (n × width) as well. With z = I, row i
 * becomes the eigenvector of diagonal[i]; with one column e_last, its last coordinate. Destroys offDiagonal.
 */
export function implicitQr(t: Tridiagonal, z: Float64Array, width: number): void {
  const { diagonal: d, offDiagonal: e } = t;
  let hi = d.length - 1;
  let sweeps = 0;
  const limit = 60 * d.length;
  while (hi > 0) {
    let lo = hi;
    while (lo > 0 && !negligible(d, e, lo - 1)) lo--;
    if (lo > 0) e[lo - 1] = 0;
    if (lo === hi) {
      hi--;
      continue;
    }
    if (++sweeps > limit)
      throw new Error(`implicit QR did not converge in ${limit} sweeps (n = ${d.length})`);

    // Wilkinson's shift: the eigenvalue of the last 2×2 block nearer to its corner.
    const half = (d[hi - 1] - d[hi]) / 2;
    const off = e[hi - 1];
    const root = length(half, off);
    const shift = d[hi] - (off / (half + (half < 0 ? -root : root))) * off;

    let x = d[lo] - shift;
    let bulge = e[lo];
    for (let k = lo; k < hi; k++) {
      const r = length(x, bulge);
      const c = r === 0 ? 1 : x / r;
      const s = r === 0 ? 0 : bulge / r;
      if (k > lo) e[k - 1] = r;
      // [c s; −s c] on both sides of the block (d_k, e_k; e_k, d_{k+1})
      const q = (d[k + 1] - d[k]) * s + 2 * c * e[k];
      d[k] += s * q;
      d[k + 1] -= s * q;
      e[k] = c * q - e[k];
      if (k + 1 < hi) {
        x = e[k];
        bulge = s * e[k + 1];
        e[k + 1] *= c;
      }
      for (let j = 0; j < width; j++) {
        const upper = z[k * width + j];
        const lower = z[(k + 1) * width + j];
        z[k * width + j] = c * upper + s * lower;
        z[(k + 1) * width + j] = c * lower - s * upper;
      }
    }
  }
}

function negligible(d: Float64Array, e: Float64Array, i: number): boolean {
  const size = Math.abs(e[i]);
  return size <= Number.EPSILON * (Math.abs(d[i]) + Math.abs(d[i + 1])) || size * size <= NEGLIGIBLE_SQUARE;
}

/** √(x² + y²), also where the squares underflow. */
function length(x: number, y: number): number {
  const larger = Math.max(Math.abs(x), Math.abs(y));
  const smaller = Math.min(Math.abs(x), Math.abs(y));
  if (larger === 0) return 0;
  const ratio = smaller / larger;
  return larger * Math.sqrt(1 + ratio * ratio);
}
