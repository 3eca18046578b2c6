/** All that Krylov methods know of a matrix. */
import { checkFinite, checkSize, checkSymmetric } from "../dense/check.ts";

export interface Operator {
  /** n of the n×n matrix. */
  readonly size: number;
  /** out (n) ← A x (n). Neither array may be kept: the caller uses them again. */
  apply(x: Float64Array, out: Float64Array): void | Promise<void>;
}

/**
 * A symmetric matrix (n×n, row-major, not copied) as an operator. Cost 2 n² an application.
 * @throws DataError where `a` is not finite or not symmetric, CallError where its length is not n².
 */
export function matrixOperator(a: Float64Array, n: number): Operator {
  checkSize("matrixOperator", "n", n);
  checkFinite("matrixOperator", "a", a, n, n);
  checkSymmetric("matrixOperator", a, n);
  return {
    size: n,
    apply(x, out) {
      let row = 0;
      // Four rows at a time: x is read once for four, and four sums need not wait for one another.
      for (; row + 4 <= n; row += 4) {
        const [r0, r1, r2, r3] = [row * n, (row + 1) * n, (row + 2) * n, (row + 3) * n];
        let [s0, s1, s2, s3] = [0, 0, 0, 0];
        for (let j = 0; j < n; j++) {
          const value = x[j];
          s0 += a[r0 + j] * value;
          s1 += a[r1 + j] * value;
          s2 += a[r2 + j] * value;
          s3 += a[r3 + j] * value;
        }
        out[row] = s0;
        out[row + 1] = s1;
        out[row + 2] = s2;
        out[row + 3] = s3;
      }
      for (; row < n; row++) {
        let sum = 0;
        for (let j = 0; j < n; j++) sum += a[row * n + j] * x[j];
        out[row] = sum;
      }
    },
  };
}
