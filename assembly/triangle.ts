/**
 * Small triangles on many columns, in place: the leaves of trsm and trmm, whose other steps are products (product.ts).
 *
 *   solve:     b[i, :] ← (b[i, :] − Σ a[i, p] b[p, :]) / a[i, i]     p runs over the rows done before
 *   multiply:  b[i, :] ← a[i, i] b[i, :] + Σ a[i, p] b[p, :]         p runs over the rows to be done after
 *
 * a[i, p] is at a + i·rowStep + p·columnStep, so that one loop serves the triangle and its transpose. The sums run in the order of p
 * in every target. n² operations a column.
 */
import { lanes } from "./tile";

// @ts-ignore: decorator
@inline
function combine<V, T>(
  solve: bool,
  unit: bool,
  i: i32,
  first: i32,
  last: i32,
  a: usize,
  columnStep: usize,
  b: usize,
  bRow: usize,
): void {
  const diagonal = load<T>(a + <usize>i * columnStep);
  const row = b + <usize>i * bRow;
  if (isVector<V>()) {
    let sum = v128.load(row);
    if (!solve && !unit) sum = v128.mul<T>(v128.splat<T>(diagonal), sum);
    for (let p = first; p < last; ++p) {
      const x = v128.splat<T>(load<T>(a + <usize>p * columnStep));
      const term = v128.mul<T>(x, v128.load(b + <usize>p * bRow));
      sum = solve ? v128.sub<T>(sum, term) : v128.add<T>(sum, term);
    }
    if (solve && !unit) sum = v128.div<T>(sum, v128.splat<T>(diagonal));
    v128.store(row, sum);
  } else {
    let sum = load<T>(row);
    if (!solve && !unit) sum = diagonal * sum;
    for (let p = first; p < last; ++p) {
      const term =
        load<T>(a + <usize>p * columnStep) * load<T>(b + <usize>p * bRow);
      sum = solve ? sum - term : sum + term;
    }
    if (solve && !unit) sum = sum / diagonal;
    store<T>(row, sum);
  }
}

function triangle<T>(
  solve: bool,
  n: i32,
  lower: bool,
  unit: bool,
  a: usize,
  rowStep: usize,
  columnStep: usize,
  b: usize,
  bRow: usize,
  columns: i32,
): void {
  // Solving starts where a row has one number, multiplying ends there.
  const down = lower == solve;
  for (let done = 0; done < n; ++done) {
    const i = down ? done : n - 1 - done;
    const first = lower ? 0 : i + 1;
    const last = lower ? i : n;
    const row = a + <usize>i * rowStep;
    let j = 0;
    if (ASC_FEATURE_SIMD) {
      for (; j + lanes<T>() <= columns; j += lanes<T>()) {
        const strip = b + <usize>j * sizeof<T>();
        combine<v128, T>(
          solve,
          unit,
          i,
          first,
          last,
          row,
          columnStep,
          strip,
          bRow,
        );
      }
    }
    for (; j < columns; ++j) {
      const strip = b + <usize>j * sizeof<T>();
      combine<T, T>(solve, unit, i, first, last, row, columnStep, strip, bRow);
    }
  }
}

export function triangleF32(
  solve: i32,
  n: i32,
  lower: i32,
  unit: i32,
  a: usize,
  rowStep: i32,
  columnStep: i32,
  b: usize,
  bStride: i32,
  columns: i32,
): void {
  triangle<f32>(
    solve != 0,
    n,
    lower != 0,
    unit != 0,
    a,
    (<usize>rowStep) << 2,
    (<usize>columnStep) << 2,
    b,
    (<usize>bStride) << 2,
    columns,
  );
}

export function triangleF64(
  solve: i32,
  n: i32,
  lower: i32,
  unit: i32,
  a: usize,
  rowStep: i32,
  columnStep: i32,
  b: usize,
  bStride: i32,
  columns: i32,
): void {
  triangle<f64>(
    solve != 0,
    n,
    lower != 0,
    unit != 0,
    a,
    (<usize>rowStep) << 3,
    (<usize>columnStep) << 3,
    b,
    (<usize>bStride) << 3,
    columns,
  );
}
