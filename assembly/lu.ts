// LU with partial pivoting by rows: the algorithm of src/numerics/reference/factor.ts in panels, so that products do the work. Cost 2n³/3.
import { panelAdd64 } from "./panel64";
import { product } from "./product";
import { axpy64, dot64 } from "./rows64";

const PANEL: i32 = 32;

/**
 * a (n×n, rows aStride numbers apart) ← L \ U; order (n, i32): row i of L·U is row order[i] of a. Returns n, or the first column whose
 * pivot is not above `tiny`, the pivot left at a[i, i]. workspace: productWorkspace() bytes.
 */
export function lu64(
  a: usize,
  n: i32,
  aStride: i32,
  order: usize,
  tiny: f64,
  workspace: usize,
): i32 {
  const stride = (<usize>aStride) << 3;
  for (let i = 0; i < n; i++) store<i32>(order + ((<usize>i) << 2), i);
  for (let first = 0; first < n; first += PANEL) {
    const end = min(first + PANEL, n);
    for (let c = first; c < end; c++) {
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
        if (factor != 0) axpy64(-factor, top + at + 8, row + 8, end - 1 - c);
      }
    }
    if (end == n) break;
    const right = (<usize>end) << 3;
    const left = (<usize>first) << 3;
    const rest = n - end;
    // U right of the panel, then all below it.
    for (let r = first + 1; r < end; r++) {
      const row = a + <usize>r * stride;
      const count = r - first;
      for (let k = 0; k < count; k++) {
        const at = (<usize>k) << 3;
        store<f64>(workspace + at, -load<f64>(row + left + at));
      }
      panelAdd64(
        a + <usize>first * stride + right,
        stride,
        count,
        rest,
        workspace,
        row + right,
      );
    }
    product<f64, f64>(
      rest,
      rest,
      end - first,
      -1,
      a + <usize>end * stride + left,
      aStride,
      false,
      a + <usize>first * stride + right,
      aStride,
      false,
      1,
      a + <usize>end * stride + right,
      aStride,
      0,
      false,
      workspace,
    );
  }
  return n;
}

/** x ← U⁻¹ L⁻¹ x for `columns` right-hand sides in x (n × columns), already in the order of the factors. */
export function luSolve64(
  lu: usize,
  n: i32,
  luStride: i32,
  x: usize,
  columns: i32,
): void {
  const stride = (<usize>luStride) << 3;
  const width = (<usize>columns) << 3;
  for (let r = 1; r < n; r++)
    subtractRows(
      lu + <usize>r * stride,
      r,
      x,
      x + <usize>r * width,
      columns,
      width,
    );
  for (let r = n - 1; r >= 0; r--) {
    const row = lu + <usize>r * stride;
    const target = x + <usize>r * width;
    const after = (<usize>(r + 1)) << 3;
    subtractRows(
      row + after,
      n - 1 - r,
      target + width,
      target,
      columns,
      width,
    );
    const pivot = load<f64>(row + after - 8);
    for (let at: usize = 0; at < width; at += 8)
      store<f64>(target + at, load<f64>(target + at) / pivot);
  }
}

/** target −= Σ_k factors[k] · (row k of x). */
@inline
function subtractRows(
  factors: usize,
  count: i32,
  x: usize,
  target: usize,
  columns: i32,
  width: usize,
): void {
  if (columns == 1) {
    store<f64>(target, load<f64>(target) - dot64(factors, x, count));
    return;
  }
  for (let k = 0; k < count; k++)
    axpy64(
      -load<f64>(factors + ((<usize>k) << 3)),
      x + <usize>k * width,
      target,
      columns,
    );
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
