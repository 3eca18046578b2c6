/** Triangular products and systems as their definition, row by row: what triangular.ts must equal up to rounding. m×n, dense, float64. */
import type { TriangularOptions } from "../triangular.ts";

type Floats = Float32Array | Float64Array;

/** op(a) as a function of its place: 0 on the other side, 1 on a unit diagonal. */
function triangleOf(a: Floats, order: number, options: TriangularOptions) {
  const { triangle = "lower", transpose, unitDiagonal, offsetA = 0, strideA = order } = options;
  return (row: number, column: number): number => {
    const [i, j] = transpose ? [column, row] : [row, column];
    if (i === j) return unitDiagonal ? 1 : a[offsetA + i * strideA + i];
    return (triangle === "lower") === i > j ? a[offsetA + i * strideA + j] : 0;
  };
}

function scaled(b: Floats, { m, n, alpha = 1, offsetB = 0, strideB = n }: TriangularOptions): Float64Array {
  return Float64Array.from(
    { length: m * n },
    (_, at) => alpha * b[offsetB + Math.floor(at / n) * strideB + (at % n)],
  );
}

export function trmmReference(a: Floats, b: Floats, options: TriangularOptions): Float64Array {
  const { m, n, side = "left" } = options;
  const entry = triangleOf(a, side === "left" ? m : n, options);
  const x = scaled(b, options);
  return Float64Array.from({ length: m * n }, (_, at) => {
    const [i, j] = [Math.floor(at / n), at % n];
    let sum = 0;
    if (side === "left") for (let p = 0; p < m; p++) sum += entry(i, p) * x[p * n + j];
    else for (let p = 0; p < n; p++) sum += x[i * n + p] * entry(p, j);
    return sum;
  });
}

export function trsmReference(a: Floats, b: Floats, options: TriangularOptions): Float64Array {
  const { m, n, side = "left", triangle = "lower", transpose = false } = options;
  const left = side === "left";
  const order = left ? m : n;
  const entry = triangleOf(a, order, options);
  const x = scaled(b, options);
  // Substitution starts with the unknown that stands alone in its equation.
  const forward = ((triangle === "lower") !== transpose) === left;
  for (let step = 0; step < order; step++) {
    const q = forward ? step : order - 1 - step;
    for (let line = 0; line < (left ? n : m); line++) {
      const at = (p: number) => (left ? p * n + line : line * n + p);
      let rest = x[at(q)];
      for (let before = 0; before < step; before++) {
        const p = forward ? before : order - 1 - before;
        rest -= (left ? entry(q, p) : entry(p, q)) * x[at(p)];
      }
      x[at(q)] = rest / entry(q, q);
    }
  }
  return x;
}
