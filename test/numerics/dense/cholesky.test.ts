/** Cholesky, plain and pivoted, and what is solved with it: over both implementations. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CallError, DataError } from "../../../src/errors.ts";
import {
  type CholeskySolver,
  cholesky,
  choleskyBy,
  pivotedCholeskyBy,
  wasmCholesky,
} from "../../../src/numerics/dense/cholesky.ts";
import { solvePositive, solvePositiveBy } from "../../../src/numerics/dense/solvePositive.ts";
import {
  choleskyInPlace,
  choleskyPivotedInPlace,
  choleskySolveInPlace,
} from "../../../src/numerics/reference/factor.ts";
import { hasLinalg, readLinalg } from "../../support/linalg.ts";
import {
  gaussianMatrix,
  multiply,
  norm,
  relativeDistance,
  symmetricWithSpectrum,
} from "../../support/matrices.ts";

const reference: CholeskySolver = {
  factor: choleskyInPlace,
  factorPivoted: choleskyPivotedInPlace,
  solve: choleskySolveInPlace,
};
const implementations = [
  { name: "reference", implementation: reference },
  { name: "wasm", implementation: wasmCholesky },
];

function timesTransposed(l: Float64Array, n: number): Float64Array {
  const a = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) for (let k = 0; k < n; k++) a[i * n + j] += l[i * n + k] * l[j * n + k];
  return a;
}

describe.each(implementations)("cholesky, $name", ({ implementation }) => {
  it.each([0, 1, 2, 3, 4, 5, 7, 8, 9, 17, 63, 64, 65, 72, 73, 130, 200])(
    "L Lᵀ = A, zeros above the diagonal, n = %i",
    (n) => {
      const a = symmetricWithSpectrum(
        Float64Array.from({ length: n }, (_, i) => i + 1),
        n,
      );
      const kept = a.slice();
      const l = choleskyBy(implementation, a, n);
      expect(a).toEqual(kept);
      expect(relativeDistance(timesTransposed(l, n), a)).toBeLessThanOrEqual(10 * n * Number.EPSILON);
      for (let i = 0; i < n; i++) {
        expect(l[i * n + i]).toBeGreaterThan(0);
        for (let j = i + 1; j < n; j++) expect(l[i * n + j]).toBe(0);
      }
    },
  );

  it("[4 2; 2 5] = [2 0; 1 2] [2 0; 1 2]ᵀ exactly", () => {
    expect([...choleskyBy(implementation, Float64Array.of(4, 2, 2, 5), 2)]).toEqual([2, 0, 1, 2]);
  });

  it("names the pivot that is not positive, and its value", () => {
    const a = Float64Array.of(1, 0, 0, 0, 4, 2, 0, 2, -2);
    expect(() => choleskyBy(implementation, a, 3)).toThrow(DataError);
    expect(() => choleskyBy(implementation, a, 3)).toThrow("pivot 2 = -3");
    expect(() => choleskyBy(implementation, new Float64Array(4), 2)).toThrow("pivot 0 = 0");
  });

  it.skipIf(!hasLinalg)("the factor in high precision", () => {
    const l = choleskyBy(implementation, readLinalg("cholesky.a.npy"), 40);
    // condition number 376: the factor moves by that times ε
    expect(relativeDistance(l, readLinalg("cholesky.l.npy"))).toBeLessThanOrEqual(376 * 10 * Number.EPSILON);
  });

  it.each([9, 65, 150])("names a pivot in the middle of a panel, n = %i", (n) => {
    const a = symmetricWithSpectrum(new Float64Array(n).fill(2), n);
    const bad = n - 3;
    a[bad * n + bad] = -1;
    expect(() => choleskyBy(implementation, a, n)).toThrow(new RegExp(`pivot ${bad} = -`));
  });
});

/** A[p_i, p_j] */
function permuted(a: Float64Array, n: number, p: Int32Array): Float64Array {
  return a.map((_, at) => a[p[Math.floor(at / n)] * n + p[at % n]]);
}

describe.each(implementations)("pivoted cholesky, $name", ({ implementation }) => {
  const run = (a: Float64Array, n: number, tolerance?: number) =>
    pivotedCholeskyBy(implementation, a, n, tolerance);

  it.each([1, 2, 5, 8, 17, 64, 65, 100, 131])("full rank, n = %i: L Lᵀ = PᵀAP, pivots descend", (n) => {
    const a = symmetricWithSpectrum(
      Float64Array.from({ length: n }, (_, i) => i + 1),
      n,
    );
    const kept = a.slice();
    const { l, permutation, rank, residual } = run(a, n);
    expect(a).toEqual(kept);
    expect([rank, residual]).toEqual([n, 0]);
    expect([...permutation].sort((i, j) => i - j)).toEqual(Array.from({ length: n }, (_, i) => i));
    const distance = relativeDistance(timesTransposed(l, n), permuted(a, n, permutation));
    expect(distance).toBeLessThanOrEqual(10 * n * Number.EPSILON);
    for (let i = 1; i < n; i++) {
      expect(l[i * n + i]).toBeLessThanOrEqual(l[(i - 1) * n + i - 1] * (1 + 1e-14));
    }
  });

  it.each([
    [5, 1],
    [40, 7],
    [100, 64],
    [131, 70],
  ])("n = %i of rank %i: finds it", (n, r) => {
    const g = gaussianMatrix(n, r, 3);
    const a = new Float64Array(n * n);
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) for (let k = 0; k < r; k++) a[i * n + j] += g[i * r + k] * g[j * r + k];
    const { l, permutation, rank, residual } = run(a, n, 100 * n * Number.EPSILON);
    expect(rank).toBe(r);
    expect(residual).toBeLessThanOrEqual(100 * n * Number.EPSILON * norm(a));
    for (let i = 0; i < n; i++) for (let k = Math.min(r, i + 1); k < n; k++) expect(l[i * n + k]).toBe(0);
    const distance = relativeDistance(timesTransposed(l, n), permuted(a, n, permutation));
    expect(distance).toBeLessThanOrEqual(100 * n * Number.EPSILON);
  });

  it("zero, and an indefinite matrix: told by the residual", () => {
    expect(run(new Float64Array(9), 3)).toMatchObject({ rank: 0, residual: 0 });
    const { rank, residual, l } = run(Float64Array.of(0, 2, 2, 0), 2);
    expect([rank, residual, ...l]).toEqual([0, 2, 0, 0, 0, 0]);
    expect(run(Float64Array.of(1, 0, 0, -3), 2)).toMatchObject({ rank: 1, residual: 3 });
  });

  it("any spectrum: what it leaves is what A was short of", () => {
    const spectrum = fc.array(fc.double({ min: 0, max: 1e3, noNaN: true }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(spectrum, fc.integer({ min: 0, max: 1000 }), (values, seed) => {
        const n = values.length;
        const a = symmetricWithSpectrum(values, seed);
        const { l, permutation, residual } = run(a, n, 1e-12);
        const there = permuted(a, n, permutation);
        const product = timesTransposed(l, n);
        const most = Math.max(...there.map((value, i) => Math.abs(value - product[i])));
        expect(most).toBeLessThanOrEqual(residual + 50 * n * Number.EPSILON * norm(a));
      }),
      { seed: 11, numRuns: 60 },
    );
  });
});

describe.each(implementations)("solvePositive, $name", ({ implementation }) => {
  it.each([1, 2, 5, 17, 65])("A X = B, n = %i", (n) => {
    const values = Float64Array.from({ length: n }, (_, i) => 1 + i);
    const a = symmetricWithSpectrum(values, n);
    for (const columns of [1, 3]) {
      const b = gaussianMatrix(n, columns, 7);
      const { x, backwardError } = solvePositiveBy(implementation, a, b, { n, columns });
      expect(backwardError).toBeLessThanOrEqual(4 * Number.EPSILON);
      for (let c = 0; c < columns; c++) {
        const column = (m: Float64Array) => Float64Array.from({ length: n }, (_, i) => m[i * columns + c]);
        const residual = multiply(a, n, column(x)).map((value, i) => value - column(b)[i]);
        expect(norm(residual)).toBeLessThanOrEqual(10 * n * Number.EPSILON * norm(a) * norm(column(x)));
      }
    }
  });

  it("scaling does not matter; the pivot named is that of A", () => {
    const a = Float64Array.of(4e200, 2, 2, 5e-200);
    const { x } = solvePositiveBy(implementation, a, Float64Array.of(6e200, 3e-200), { n: 2 });
    expect(relativeDistance(multiply(a, 2, x), [6e200, 3e-200])).toBeLessThanOrEqual(1e-15);
    const indefinite = Float64Array.of(1e200, 0, 0, -3e-100);
    const call = () => solvePositiveBy(implementation, indefinite, new Float64Array(2), { n: 2 });
    expect(call).toThrow("solvePositive: expected a positive definite matrix, got pivot 1 = -3e-100");
  });
});

describe("cholesky", () => {
  it("refuses asymmetry, NaN and a wrong length", () => {
    expect(() => cholesky(Float64Array.of(1, 0.5, 0.1, 1), 2)).toThrow(DataError);
    expect(() => cholesky(Float64Array.of(1, 0, 0, Number.NaN), 2)).toThrow("row 1, column 1");
    expect(() => cholesky(new Float64Array(3), 2)).toThrow(CallError);
    expect(() => cholesky(new Float64Array(4), 2, { pivot: true, tolerance: -1 })).toThrow(CallError);
    expect(() => cholesky(Float64Array.of(Number.NaN), 1, { pivot: true })).toThrow("row 0, column 0");
    expect(() => solvePositive(new Float64Array(4), new Float64Array(1), { n: 2 })).toThrow(CallError);
  });

  it("gives L, or L with rank and order", () => {
    expect(cholesky(Float64Array.of(4), 1)).toEqual(Float64Array.of(2));
    const { l, permutation, rank } = cholesky(Float64Array.of(1, 0, 0, 9), 2, { pivot: true });
    expect([...l, ...permutation, rank]).toEqual([3, 0, 0, 1, 1, 0, 2]);
  });
});
