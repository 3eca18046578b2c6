// Cholesky and LU by rows: the algorithms of src/numerics/reference/factor.ts over contiguous rows. Costs n³/3 and 2n³/3.
import { axpy64, dot64 } from "./rows64";

/** a ← L, upper triangle 0. Returns n, or the index of the first pivot that is not positive, its value left at a[i, i]. */
export function cholesky64(a: usize, n: i32): i32 {
  const stride = (<usize>n) << 3;
  for (let i = 0; i < n; i++) {
    const row = a + <usize>i * stride;
    for (let j = 0; j < i; j++) {
      const other = a + <usize>j * stride;
      const at = (<usize>j) << 3;
      store<f64>(
        row + at,
        (load<f64>(row + at) - dot64(row, other, j)) / load<f64>(other + at),
      );
    }
    const at = row + ((<usize>i) << 3);
    const pivot = load<f64>(at) - dot64(row, row, i);
    if (!(pivot > 0)) {
      store<f64>(at, pivot);
      return i;
    }
    store<f64>(at, Math.sqrt(pivot));
    memory.fill(at + 8, 0, (<usize>(n - 1 - i)) << 3);
  }
  return n;
}

/** a ← L \ U with partial pivoting; order (n, i32): row i of L·U is row order[i] of a. Returns n, or the first column without pivot. */
export function lu64(a: usize, n: i32, order: usize, tiny: f64): i32 {
  const stride = (<usize>n) << 3;
  for (let i = 0; i < n; i++) store<i32>(order + ((<usize>i) << 2), i);
  for (let c = 0; c < n; c++) {
    const at = (<usize>c) << 3;
    const top = a + <usize>c * stride;
    let pivot = c;
    let best = Math.abs(load<f64>(top + at));
    for (let r = c + 1; r < n; r++) {
      const size = Math.abs(load<f64>(a + <usize>r * stride + at));
      if (size > best) {
        best = size;
        pivot = r;
      }
    }
    if (pivot != c) {
      swapRows(top, a + <usize>pivot * stride, n);
      const one = order + ((<usize>c) << 2);
      const other = order + ((<usize>pivot) << 2);
      const kept = load<i32>(one);
      store<i32>(one, load<i32>(other));
      store<i32>(other, kept);
    }
    if (!(best > tiny)) return c;
    const value = load<f64>(top + at);
    for (let r = c + 1; r < n; r++) {
      const row = a + <usize>r * stride + at;
      const factor = load<f64>(row) / value;
      store<f64>(row, factor);
      if (factor != 0) axpy64(-factor, top + at + 8, row + 8, n - 1 - c);
    }
  }
  return n;
}

/** x ← U⁻¹ L⁻¹ x for `columns` right-hand sides in x (n × columns), already in the order of the factors. */
export function luSolve64(lu: usize, n: i32, x: usize, columns: i32): void {
  const stride = (<usize>n) << 3;
  const width = (<usize>columns) << 3;
  for (let r = 1; r < n; r++) {
    const row = lu + <usize>r * stride;
    const target = x + <usize>r * width;
    for (let k = 0; k < r; k++)
      axpy64(
        -load<f64>(row + ((<usize>k) << 3)),
        x + <usize>k * width,
        target,
        columns,
      );
  }
  for (let r = n - 1; r >= 0; r--) {
    const row = lu + <usize>r * stride;
    const target = x + <usize>r * width;
    for (let k = r + 1; k < n; k++)
      axpy64(
        -load<f64>(row + ((<usize>k) << 3)),
        x + <usize>k * width,
        target,
        columns,
      );
    const pivot = load<f64>(row + ((<usize>r) << 3));
    for (let j = 0; j < columns; j++)
      store<f64>(
        target + ((<usize>j) << 3),
        load<f64>(target + ((<usize>j) << 3)) / pivot,
      );
  }
}

function swapRows(x: usize, y: usize, n: i32): void {
  for (let i = 0; i < n; i++) {
    const kept = load<f64>(x);
    store<f64>(x, load<f64>(y));
    store<f64>(y, kept);
    x += 8;
    y += 8;
  }
}
