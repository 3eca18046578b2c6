/** A growing set of orthonormal rows, in plain TypeScript. */

export interface Basis {
  /** Length of a row. */
  readonly n: number;
  /** Rows so far. */
  readonly size: number;
  append(row: Float64Array): void;
  /** x ← x − Qᵀ Q x; returns Q x (size). Cost 4 n size. */
  remove(x: Float64Array): Float64Array;
  /** coefficients (rows × size) · Q: (rows × n). */
  combine(coefficients: Float64Array, rows: number): Float64Array;
  /** Gives the memory back; the basis is empty afterwards. */
  free(): void;
}

export function referenceBasis(n: number): Basis {
  let q: Float64Array[] = [];
  return {
    n,
    get size() {
      return q.length;
    },
    append(row) {
      q.push(row.slice());
    },
    remove(x) {
      const h = new Float64Array(q.length);
      for (let k = 0; k < q.length; k++) for (let i = 0; i < n; i++) h[k] += q[k][i] * x[i];
      for (let k = 0; k < q.length; k++) for (let i = 0; i < n; i++) x[i] -= h[k] * q[k][i];
      return h;
    },
    combine(coefficients, rows) {
      const out = new Float64Array(rows * n);
      for (let r = 0; r < rows; r++) {
        for (let k = 0; k < q.length; k++) {
          const factor = coefficients[r * q.length + k];
          for (let i = 0; i < n; i++) out[r * n + i] += factor * q[k][i];
        }
      }
      return out;
    },
    free() {
      q = [];
    },
  };
}
