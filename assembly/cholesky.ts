// A = L Lᵀ by rows: the algorithms of src/numerics/reference/factor.ts in panels, so that products do the work. Cost n³/3.
//
//     for each panel of PANEL columns, for each strip of STRIP columns in it:
//         strip −= (rows left of it in the panel)·(its own rows)ᵀ, then each row on its own against the strip's triangle
//     rest −= panel·panelᵀ (lower triangle)
import { product } from "./product";
import { axpy64, dot64 } from "./rows64";

const PANEL: i32 = 64;
const STRIP: i32 = 8;

/**
 * Lower triangle of a (n×n, rows aStride numbers apart) ← L, upper triangle 0. Returns n, or the index of the first pivot that is not
 * positive, its value left at a[i, i].
 */
export function cholesky64(
  a: usize,
  n: i32,
  aStride: i32,
  workspace: usize,
): i32 {
  const stride = (<usize>aStride) << 3;
  for (let first = 0; first < n; first += PANEL) {
    const end = min(first + PANEL, n);
    for (let column = first; column < end; column += STRIP) {
      const width = min(STRIP, end - column);
      const strip = a + <usize>column * stride + ((<usize>column) << 3);
      subtractOuter(
        strip,
        aStride,
        n - column,
        width,
        a + <usize>column * stride + ((<usize>first) << 3),
        column - first,
        false,
        workspace,
      );
      const failed = factorStrip(strip, stride, n - column, width);
      if (failed < width) return column + failed;
    }
    const corner = a + <usize>end * stride;
    subtractOuter(
      corner + ((<usize>end) << 3),
      aStride,
      n - end,
      n - end,
      corner + ((<usize>first) << 3),
      end - first,
      true,
      workspace,
    );
  }
  for (let i = 0; i < n; i++)
    memory.fill(
      a + <usize>i * stride + ((<usize>(i + 1)) << 3),
      0,
      (<usize>(n - 1 - i)) << 3,
    );
  return n;
}

/** c (rows × columns) −= X X'ᵀ, X the `rows` rows of k at x and X' the first `columns` of them; with `lower`, at least the lower triangle. */
function subtractOuter(
  c: usize,
  stride: i32,
  rows: i32,
  columns: i32,
  x: usize,
  k: i32,
  lower: bool,
  workspace: usize,
): void {
  if (rows == 0 || k == 0) return;
  product<f64, f64>(
    rows,
    columns,
    k,
    -1,
    x,
    stride,
    false,
    x,
    stride,
    true,
    1,
    c,
    stride,
    0,
    lower,
    workspace,
  );
}

/** A strip of `width` columns from its diagonal block down. Returns width, or the place of the first pivot that is not positive. */
function factorStrip(strip: usize, stride: usize, rows: i32, width: i32): i32 {
  for (let i = 0; i < rows; i++) {
    const row = strip + <usize>i * stride;
    const columns = min(i, width);
    for (let j = 0; j < columns; j++) {
      const other = strip + <usize>j * stride;
      const at = (<usize>j) << 3;
      let sum = load<f64>(row + at);
      for (let k: usize = 0; k < at; k += 8)
        sum -= load<f64>(row + k) * load<f64>(other + k);
      store<f64>(row + at, sum / load<f64>(other + at));
    }
    if (i >= width) continue;
    const at = row + ((<usize>i) << 3);
    let pivot = load<f64>(at);
    for (let k = row; k < at; k += 8) pivot -= load<f64>(k) * load<f64>(k);
    if (!(pivot > 0)) {
      store<f64>(at, pivot);
      return i;
    }
    store<f64>(at, Math.sqrt(pivot));
  }
  return width;
}

/**
 * The same with diagonal pivoting: the largest remaining diagonal entry comes next, until none is above `tiny`. order (n, i32): row i of L
 * belongs to row order[i] of a. Returns the rank r; in rows and columns r … n − 1 stands what L Lᵀ leaves of A (lower triangle). What is right of
 * the diagonal is not cleared. diagonal: n numbers of working space.
 */
export function choleskyPivoted64(
  a: usize,
  n: i32,
  aStride: i32,
  order: usize,
  tiny: f64,
  diagonal: usize,
  workspace: usize,
): i32 {
  const stride = (<usize>aStride) << 3;
  for (let i = 0; i < n; i++) store<i32>(order + ((<usize>i) << 2), i);
  for (let first = 0; first < n; first += PANEL) {
    const end = min(first + PANEL, n);
    for (let i = first; i < n; i++) {
      const at = (<usize>i) << 3;
      store<f64>(diagonal + at, load<f64>(a + <usize>i * stride + at));
    }
    for (let c = first; c < end; c++) {
      let pivot = c;
      for (let i = c + 1; i < n; i++)
        if (
          load<f64>(diagonal + ((<usize>i) << 3)) >
          load<f64>(diagonal + ((<usize>pivot) << 3))
        )
          pivot = i;
      if (pivot != c) exchange(a, stride, n, c, pivot, order, diagonal);
      const at = (<usize>c) << 3;
      const value = load<f64>(diagonal + at);
      const x = a + ((<usize>first) << 3); // the panel's part of every row
      if (!(value > tiny)) {
        // What the panel has not taken away yet.
        const corner = x + <usize>c * stride;
        subtractOuter(
          a + <usize>c * stride + at,
          aStride,
          n - c,
          n - c,
          corner,
          c - first,
          true,
          workspace,
        );
        return c;
      }
      const root = Math.sqrt(value);
      const top = x + <usize>c * stride;
      store<f64>(a + <usize>c * stride + at, root);
      for (let i = c + 1; i < n; i++) {
        const entry = a + <usize>i * stride + at;
        const l =
          (load<f64>(entry) - dot64(x + <usize>i * stride, top, c - first)) /
          root;
        store<f64>(entry, l);
        const d = diagonal + ((<usize>i) << 3);
        store<f64>(d, load<f64>(d) - l * l);
      }
    }
    const corner = a + <usize>end * stride;
    subtractOuter(
      corner + ((<usize>end) << 3),
      aStride,
      n - end,
      n - end,
      corner + ((<usize>first) << 3),
      end - first,
      true,
      workspace,
    );
  }
  return n;
}

/** Rows and columns p < q of the symmetric matrix in the lower triangle, with their names and diagonal entries. */
function exchange(
  a: usize,
  stride: usize,
  n: i32,
  p: i32,
  q: i32,
  order: usize,
  diagonal: usize,
): void {
  const rowP = a + <usize>p * stride;
  const rowQ = a + <usize>q * stride;
  const atP = (<usize>p) << 3;
  const atQ = (<usize>q) << 3;
  for (let at: usize = 0; at < atP; at += 8) swap(rowP + at, rowQ + at);
  for (let i = p + 1; i < q; i++)
    swap(a + <usize>i * stride + atP, rowQ + ((<usize>i) << 3));
  for (let i = q + 1; i < n; i++) {
    const row = a + <usize>i * stride;
    swap(row + atP, row + atQ);
  }
  swap(rowP + atP, rowQ + atQ);
  swap(diagonal + atP, diagonal + atQ);
  const one = order + ((<usize>p) << 2);
  const other = order + ((<usize>q) << 2);
  const kept = load<i32>(one);
  store<i32>(one, load<i32>(other));
  store<i32>(other, kept);
}


@inline
function swap(x: usize, y: usize): void {
  const kept = load<f64>(x);
  store<f64>(x, load<f64>(y));
  store<f64>(y, kept);
}

/** x ← L⁻ᵀ L⁻¹ x for `columns` right-hand sides in x (n × columns). */
export function choleskySolve64(
  l: usize,
  n: i32,
  lStride: i32,
  x: usize,
  columns: i32,
): void {
  const stride = (<usize>lStride) << 3;
  const width = (<usize>columns) << 3;
  for (let r = 0; r < n; r++) {
    const row = l + <usize>r * stride;
    const target = x + <usize>r * width;
    for (let k = 0; k < r; k++)
      axpy64(
        -load<f64>(row + ((<usize>k) << 3)),
        x + <usize>k * width,
        target,
        columns,
      );
    divide(target, load<f64>(row + ((<usize>r) << 3)), columns);
  }
  for (let r = n - 1; r >= 0; r--) {
    const row = l + <usize>r * stride;
    const source = x + <usize>r * width;
    divide(source, load<f64>(row + ((<usize>r) << 3)), columns);
    for (let k = 0; k < r; k++)
      axpy64(
        -load<f64>(row + ((<usize>k) << 3)),
        source,
        x + <usize>k * width,
        columns,
      );
  }
}


@inline
function divide(x: usize, by: f64, n: i32): void {
  for (let i = 0; i < n; i++) {
    store<f64>(x, load<f64>(x) / by);
    x += 8;
  }
}
