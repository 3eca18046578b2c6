/** SVD over both implementations: identities, known singular values, relative accuracy of small ones, high precision. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CallError, DataError } from "../../../src/errors.ts";
import { qr, wasmQr } from "../../../src/numerics/dense/qr.ts";
import { svd, svdBy, wasmJacobi } from "../../../src/numerics/dense/svd.ts";
import { jacobiRows, qr as referenceQr } from "../../../src/numerics/reference/qr.ts";
import { hasLinalg, readLinalg } from "../../support/linalg.ts";
import {
  descending,
  gaussianMatrix,
  orthogonalityError,
  relativeDistance,
  spectra,
  transpose,
} from "../../support/matrices.ts";
import { productOf } from "../../support/products.ts";

const implementations = [
  { name: "reference", parts: { qr: referenceQr, jacobi: jacobiRows } },
  { name: "wasm", parts: { qr: wasmQr, jacobi: wasmJacobi } },
];
const shapes = [
  [0, 0],
  [4, 0],
  [1, 1],
  [6, 1],
  [1, 6],
  [5, 5],
  [33, 32],
  [20, 45],
  [70, 65],
];

/** P diag(values) Qᵀ (m×n), P and Q random with orthonormal columns. */
function withSingularValues(values: Float64Array, m: number, seed: number): Float64Array {
  const n = values.length;
  const left = qr(gaussianMatrix(m, n, seed), { m, n }).q.map((value, at) => value * values[at % n]);
  const right = qr(gaussianMatrix(n, n, seed + 1), { m: n, n }).q;
  return productOf(left, transpose(right, n, n), m, n, n);
}

describe.each(implementations)("svd, $name", ({ parts }) => {
  function check(a: Float64Array, m: number, n: number, expected?: ArrayLike<number>) {
    const kept = a.slice();
    const { u, values, v } = svdBy(parts, a, m, n);
    expect(a).toEqual(kept);
    const k = Math.min(m, n);
    expect([u.length, values.length, v.length]).toEqual([m * k, k, k * n]);
    const bound = 50 * Math.max(m, n) * Number.EPSILON;
    expect(orthogonalityError(transpose(u, m, k), k, m)).toBeLessThanOrEqual(bound);
    expect(orthogonalityError(v, k, n)).toBeLessThanOrEqual(bound);
    expect(values).toEqual(descending(values));
    if (k > 0) expect(values[k - 1]).toBeGreaterThanOrEqual(0);
    const scaled = u.map((value, at) => value * values[at % k]);
    expect(relativeDistance(productOf(scaled, v, m, k, n), a)).toBeLessThanOrEqual(bound);
    if (expected) expect(relativeDistance(values, expected)).toBeLessThanOrEqual(bound);
    return values;
  }

  it.each(shapes)("random, %i × %i", (m, n) => {
    check(gaussianMatrix(m, n, m + n), m, n);
  });

  describe.each(Object.keys(spectra))("singular values %s", (name) => {
    it.each([1, 2, 7, 33])("n = %i", (n) => {
      const values = descending(spectra[name](n).map(Math.abs));
      check(withSingularValues(values, n + 5, n), n + 5, n, values);
    });
  });

  it("zero, and a repeated column: U and V are whole", () => {
    check(new Float64Array(12), 4, 3, [0, 0, 0]);
    const a = gaussianMatrix(9, 4, 1);
    for (let i = 0; i < 9; i++) a[i * 4 + 2] = a[i * 4];
    expect(check(a, 9, 4)[3]).toBeLessThan(1e-14);
    // Exactly rank one, and exactly zero rows in R.
    check(
      Float64Array.from({ length: 15 }, (_, at) => (at % 3 === 1 ? 2 : 0)),
      5,
      3,
    );
  });

  it("diag(2, −3): 3, 2", () => {
    expect([...check(Float64Array.of(2, 0, 0, -3), 2, 2)]).toEqual([3, 2]);
  });

  it("small singular values right relative to themselves: a well conditioned matrix times columns of 1 … 1e-100", () => {
    const n = 6;
    const b = gaussianMatrix(12, n, 4);
    const whole = svdBy(parts, b, 12, n).values;
    const scale = Array.from({ length: n }, (_, j) => 2 ** (-64 * j));
    const values = check(
      b.map((value, at) => value * scale[at % n]),
      12,
      n,
    );
    // Columns so far apart are triangular factors to first order: σ_j = R_jj scale_j (1 + O(2⁻⁶⁴)).
    const { r } = qr(b, { m: 12, n });
    for (let j = 0; j < n; j++) {
      const bound = (50 * n * Number.EPSILON * whole[0]) / whole[n - 1];
      expect(Math.abs(values[j] / (r[j * n + j] * scale[j]) - 1)).toBeLessThanOrEqual(bound);
    }
  });

  it("any shape and scale", () => {
    const side = fc.integer({ min: 1, max: 20 });
    fc.assert(
      fc.property(side, side, fc.integer({ min: -300, max: 290 }), (m, n, exponent) => {
        check(
          gaussianMatrix(m, n, m * n).map((value) => value * 10 ** exponent),
          m,
          n,
        );
      }),
      { seed: 9, numRuns: 60 },
    );
  });

  it.skipIf(!hasLinalg)("singular values in high precision", () => {
    const values = check(readLinalg("qr.a.npy"), 60, 20);
    const truth = readLinalg("svd.singular.npy");
    values.forEach((value, i) => {
      expect(Math.abs(value / truth[i] - 1)).toBeLessThanOrEqual(60 * Number.EPSILON);
    });
  });
});

describe("svd", () => {
  it("refuses NaN, by its place in A also where A is wide, and wrong lengths", () => {
    const wide = Float64Array.of(1, 2, Number.NaN, 4, 5, 6);
    expect(() => svd(wide, { m: 2, n: 3 })).toThrow(DataError);
    expect(() => svd(wide, { m: 2, n: 3 })).toThrow("row 0, column 2");
    expect(() => svd(new Float64Array(5), { m: 3, n: 2 })).toThrow(CallError);
    expect(() => svd(new Float64Array(0), { m: 0.5, n: 0 })).toThrow(CallError);
  });
});
