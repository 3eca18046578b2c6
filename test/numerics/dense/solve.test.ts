/** LU and refinement over both implementations. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CallError, DataError } from "../../../src/errors.ts";
import { type LuSolver, solve, solveBy, solveRefined, wasmLu } from "../../../src/numerics/dense/solve.ts";
import { luInPlace, luSolveInPlace } from "../../../src/numerics/reference/factor.ts";
import { hasLinalg, readLinalg } from "../../support/linalg.ts";
import { gaussianMatrix, multiply, norm, relativeDistance } from "../../support/matrices.ts";

const reference: LuSolver = (a, n, tiny, columns, refine) => {
  const lu = a.slice();
  const order = new Int32Array(n);
  const column = luInPlace(lu, n, order, tiny);
  if (column < n) return { column, pivot: lu[column * n + column] };
  refine((b) => {
    const x = new Float64Array(b.length);
    for (let i = 0; i < n; i++)
      x.set(b.subarray(order[i] * columns, order[i] * columns + columns), i * columns);
    luSolveInPlace(lu, n, x, columns);
    b.set(x);
  });
  return undefined;
};
const implementations = [
  { name: "reference", implementation: reference },
  { name: "wasm", implementation: wasmLu },
];

describe.each(implementations)("solve, $name", ({ implementation }) => {
  const run = (a: Float64Array, b: Float64Array, n: number, columns?: number) =>
    solveBy(implementation, a, b, { n, columns }).x;

  it.each([1, 2, 3, 4, 5, 7, 8, 17, 31, 32, 33, 64, 65, 100])("A X = B, n = %i", (n) => {
    const a = gaussianMatrix(n, n, n);
    for (const columns of [1, 3, 4]) {
      const b = gaussianMatrix(n, columns, 100 + n);
      const kept = [a.slice(), b.slice()];
      const x = run(a, b, n, columns);
      expect([a, b]).toEqual(kept);
      for (let c = 0; c < columns; c++) {
        const column = (m: Float64Array) => Float64Array.from({ length: n }, (_, i) => m[i * columns + c]);
        const residual = multiply(a, n, column(x)).map((value, i) => value - column(b)[i]);
        expect(norm(residual)).toBeLessThanOrEqual(10 * n * Number.EPSILON * norm(a) * norm(column(x)));
      }
    }
  });

  it("needs pivoting: [0 1; 1 0], and is exact on integers", () => {
    expect([...run(Float64Array.of(0, 1, 1, 0), Float64Array.of(5, 7), 2)]).toEqual([7, 5]);
    const x = run(Float64Array.of(0, 2, 1, 1, 1, 0, 3, 0, 1), Float64Array.of(7, 3, 6), 3);
    expect([...x]).toEqual([1, 2, 3]);
  });

  it("scaling of rows and columns does not matter", () => {
    const a = Float64Array.of(1e-200, 2e-200, 3e150, -1e150);
    expect(relativeDistance(run(a, Float64Array.of(5e-200, 1e150), 2), [1, 2])).toBeLessThanOrEqual(1e-15);
    expect([...run(Float64Array.of(1, 0, 0, 2 ** -300), Float64Array.of(1, 1), 2)]).toEqual([1, 2 ** 300]);
  });

  it("refines until the backward error is round-off, and says so", () => {
    const n = 60;
    // Wilkinson's matrix: elimination with partial pivoting grows by 2⁵⁹ in the last column.
    const a = Float64Array.from({ length: n * n }, (_, at) => {
      const [i, j] = [Math.floor(at / n), at % n];
      return j === n - 1 || i === j ? 1 : i > j ? -1 : 0;
    });
    const b = gaussianMatrix(n, 2, 5);
    const { steps, backwardError } = solveBy(implementation, a, b, { n, columns: 2 });
    expect(steps).toBeGreaterThanOrEqual(1);
    expect(backwardError).toBeLessThanOrEqual(2 * Number.EPSILON);
  });

  it("any system: the backward error told is the one it has", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 24 }), fc.integer({ min: 0, max: 999 }), (n, seed) => {
        const a = gaussianMatrix(n, n, seed);
        const b = gaussianMatrix(n, 1, seed + 1);
        const { x, backwardError } = solveBy(implementation, a, b, { n });
        expect(backwardError).toBeLessThanOrEqual(4 * Number.EPSILON);
        const size = multiply(a.map(Math.abs), n, x.map(Math.abs)).map((value, i) => value + Math.abs(b[i]));
        const r = multiply(a, n, x).map((value, i) => Math.abs(value - b[i]) / size[i]);
        expect(Math.max(...r)).toBeLessThanOrEqual(backwardError + n * Number.EPSILON);
      }),
      { seed: 5, numRuns: 60 },
    );
  });

  it("says which column has no pivot", () => {
    const singular = Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9);
    expect(() => run(singular, new Float64Array(3), 3)).toThrow(DataError);
    expect(() => run(singular, new Float64Array(3), 3)).toThrow("in column 2");
    expect(() => run(new Float64Array(4), new Float64Array(2), 2)).toThrow("pivot 0 in column 0");
  });

  it.skipIf(!hasLinalg)("the solution in high precision", () => {
    const x = run(readLinalg("solve.a.npy"), readLinalg("solve.b.npy"), 50, 3);
    // condition number 286
    expect(relativeDistance(x, readLinalg("solve.x.npy"))).toBeLessThanOrEqual(286 * 10 * Number.EPSILON);
  });
});

describe("solve", () => {
  it("refuses NaN, wrong lengths, and solves nothing for n = 0", () => {
    expect(() => solve(Float64Array.of(Number.NaN), Float64Array.of(1), { n: 1 })).toThrow(DataError);
    expect(() => solve(Float64Array.of(1), Float64Array.of(1, 2), { n: 1 })).toThrow(CallError);
    expect(() => solve(Float64Array.of(1), Float64Array.of(1, 2), { n: 1 })).toThrow(
      "b of 1×1 = 1 numbers, got 2",
    );
    expect(solve(new Float64Array(0), new Float64Array(0), { n: 0, columns: 2 }).length).toBe(0);
  });

  it("solveRefined gives what solve gives, and how good it is", () => {
    const [a, b] = [gaussianMatrix(5, 5, 1), gaussianMatrix(5, 1, 2)];
    const { x, backwardError } = solveRefined(a, b, { n: 5 });
    expect(x).toEqual(solve(a, b, { n: 5 }));
    expect(backwardError).toBeLessThanOrEqual(2 * Number.EPSILON);
  });
});
