/** Cholesky and LU, one plain loop after the other. Golub & Van Loan, Matrix Computations, §4.2 and §3.4. Costs n³/3
 * (pivoted n³) and 2n³/3. */

/**
 * a ← L, row by row (L_ij = (a_ij − Σ_k<j L_ik L_jk) / L_jj), from the lower triangle of a (n×n); the upper triangle becomes 0.
 * Returns n, or the index of the first pivot that is not positive; its value then stands at a[i, i].
 */
export function choleskyInPlace(a: Float64Array, n: number): number {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i * n + j];
      for (let k = 0; k < j; k++) sum -= a[i * n + k] * a[j * n + k];
      if (j < i) a[i * n + j] = sum / a[j * n + j];
      else if (sum > 0) a[i * n + i] = Math.sqrt(sum);
      else {
        a[i * n + i] = sum;
        return i;
      }
    }
    for (let j = i + 1; j < n; j++) a[i * n + j] = 0;
  }
  return n;
}

/**
 * The same with rows and columns exchanged so that the largest remaining diagonal entry comes next, until none is above `tiny`: row i of L
 * belongs to row order[i] of a (n×n). Returns the rank r; rows and columns r … n − 1 (lower triangle) then hold A − L Lᵀ.
 * Higham, Accuracy and Stability of Numerical Algorithms, §10.3.
 */
export function choleskyPivotedInPlace(a: Float64Array, n: number, order: Int32Array, tiny: number): number {
  for (let i = 0; i < n; i++) order[i] = i;
  for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) a[i * n + j] = a[j * n + i];
  for (let c = 0; c < n; c++) {
    let pivot = c;
    for (let i = c + 1; i < n; i++) if (a[i * n + i] > a[pivot * n + pivot]) pivot = i;
    for (let j = 0; j < n; j++) swap(a, c * n + j, pivot * n + j);
    for (let i = 0; i < n; i++) swap(a, i * n + c, i * n + pivot);
    swap(order, c, pivot);
    if (!(a[c * n + c] > tiny)) return c;
    const root = Math.sqrt(a[c * n + c]);
    for (let i = c; i < n; i++) a[i * n + c] /= root;
    for (let j = c + 1; j < n; j++) a[c * n + j] = 0;
    // The rest stays a whole symmetric matrix, so that exchanging whole rows and columns is all there is to do.
    for (let i = c + 1; i < n; i++)
      for (let j = c + 1; j < n; j++) a[i * n + j] -= a[i * n + c] * a[j * n + c];
  }
  return n;
}

/** x ← L⁻ᵀ L⁻¹ x for `columns` right-hand sides in x (n × columns). */
export function choleskySolveInPlace(l: Float64Array, n: number, x: Float64Array, columns: number): void {
  for (let r = 0; r < n; r++) {
    for (let k = 0; k < r; k++) subtractRow(x, columns, r, k, l[r * n + k]);
    for (let j = 0; j < columns; j++) x[r * columns + j] /= l[r * n + r];
  }
  for (let r = n - 1; r >= 0; r--) {
    for (let k = r + 1; k < n; k++) subtractRow(x, columns, r, k, l[k * n + r]);
    for (let j = 0; j < columns; j++) x[r * columns + j] /= l[r * n + r];
  }
}

function swap(x: Float64Array | Int32Array, i: number, j: number): void {
  const kept = x[i];
  x[i] = x[j];
  x[j] = kept;
}

/**
 * a ← L \ U with rows exchanged: row i of L·U is row order[i] of a, the diagonal of L is 1. Partial pivoting: the largest entry
 * of the column. Returns n, or the first column whose pivot is not above `tiny`; the pivot then stands at a[i, i].
 */
export function luInPlace(a: Float64Array, n: number, order: Int32Array, tiny: number): number {
  for (let i = 0; i < n; i++) order[i] = i;
  for (let c = 0; c < n; c++) {
    let pivot = c;
    for (let r = c + 1; r < n; r++) if (Math.abs(a[r * n + c]) > Math.abs(a[pivot * n + c])) pivot = r;
    for (let j = 0; j < n; j++) swap(a, c * n + j, pivot * n + j);
    swap(order, c, pivot);
    if (!(Math.abs(a[c * n + c]) > tiny)) return c;
    for (let r = c + 1; r < n; r++) {
      const factor = a[r * n + c] / a[c * n + c];
      a[r * n + c] = factor;
      if (factor !== 0) for (let j = c + 1; j < n; j++) a[r * n + j] -= factor * a[c * n + j];
    }
  }
  return n;
}

/** x ← U⁻¹ L⁻¹ x for `columns` right-hand sides in x (n × columns), already in the order of the factors. */
export function luSolveInPlace(lu: Float64Array, n: number, x: Float64Array, columns: number): void {
  for (let r = 0; r < n; r++) for (let k = 0; k < r; k++) subtractRow(x, columns, r, k, lu[r * n + k]);
  for (let r = n - 1; r >= 0; r--) {
    for (let k = r + 1; k < n; k++) subtractRow(x, columns, r, k, lu[r * n + k]);
    for (let j = 0; j < columns; j++) x[r * columns + j] /= lu[r * n + r];
  }
}

function subtractRow(x: Float64Array, columns: number, target: number, source: number, factor: number): void {
  for (let j = 0; j < columns; j++) x[target * columns + j] -= factor * x[source * columns + j];
}
