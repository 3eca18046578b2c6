/** QR over both implementations: identities, closed forms, high precision. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CallError, DataError } from "../../../src/errors.ts";
import { qr, qrBy, wasmQr } from "../../../src/numerics/dense/qr.ts";
import { qr as reference } from "../../../src/numerics/reference/qr.ts";
import { hasLinalg, readLinalg } from "../../support/linalg.ts";
import { gaussianMatrix, orthogonalityError, relativeDistance, transpose } from "../../support/matrices.ts";
import { productOf } from "../../support/products.ts";

const implementations = [
  { name: "reference", implementation: reference },
  { name: "wasm", implementation: wasmQr },
];
/** Square, tall, wide; around the block of 32 reflectors. */
const shapes = [
  [0, 0],
  [3, 0],
  [0, 3],
  [1, 1],
  [5, 1],
  [1, 5],
  [7, 7],
  [31, 31],
  [33, 32],
  [64, 33],
  [65, 65],
  [40, 70],
  [130, 97],
];

describe.each(implementations)("qr, $name", ({ implementation }) => {
  function check(a: Float64Array, m: number, n: number) {
    const kept = a.slice();
    const { q, r } = qrBy(implementation, a, m, n);
    expect(a).toEqual(kept);
    const k = Math.min(m, n);
    const bound = 50 * Math.max(m, n) * Number.EPSILON;
    expect([q.length, r.length]).toEqual([m * k, k * n]);
    expect(orthogonalityError(transpose(q, m, k), k, m)).toBeLessThanOrEqual(bound);
    // Column by column, whatever their lengths.
    const [there, columns] = [productOf(q, r, m, k, n), transpose(a, m, n)];
    const back = transpose(there, m, n);
    for (let j = 0; j < n; j++) {
      const part = [back, columns].map((all) => all.subarray(j * m, (j + 1) * m));
      expect(relativeDistance(part[0], part[1])).toBeLessThanOrEqual(bound);
    }
    for (let i = 0; i < k; i++) {
      expect(r[i * n + i]).toBeGreaterThanOrEqual(0);
      for (let j = 0; j < i; j++) expect(r[i * n + j]).toBe(0);
    }
    return { q, r };
  }

  it.each(shapes)("random, %i × %i", (m, n) => {
    check(gaussianMatrix(m, n, m + n), m, n);
  });

  it("rank-deficient: zero, repeated and zero columns", () => {
    check(new Float64Array(20), 5, 4);
    const a = gaussianMatrix(40, 36, 1);
    for (let i = 0; i < 40; i++) {
      a[i * 36 + 3] = 0;
      a[i * 36 + 35] = a[i * 36 + 1];
    }
    check(a, 40, 36);
  });

  it("columns from 1e150 to 1e-150", () => {
    check(
      gaussianMatrix(20, 7, 2).map((value, at) => value * 10 ** (150 - 50 * (at % 7))),
      20,
      7,
    );
  });

  it("any shape", () => {
    const side = fc.integer({ min: 0, max: 40 });
    fc.assert(
      fc.property(side, side, fc.integer({ min: 0, max: 999 }), (m, n, seed) => {
        check(gaussianMatrix(m, n, seed), m, n);
      }),
      { seed: 2, numRuns: 80 },
    );
  });

  it("[3 5; 4 0]: R = [5 3; 0 4], Q = [3 4; 4 −3]/5", () => {
    const { q, r } = qrBy(implementation, Float64Array.of(3, 5, 4, 0), 2, 2);
    expect(relativeDistance(r, [5, 3, 0, 4])).toBeLessThanOrEqual(1e-15);
    expect(relativeDistance(q, [0.6, 0.8, 0.8, -0.6])).toBeLessThanOrEqual(1e-15);
  });

  it.skipIf(!hasLinalg)("the factors in high precision", () => {
    const { q, r } = check(readLinalg("qr.a.npy"), 60, 20);
    // condition number 3.2
    expect(relativeDistance(q, readLinalg("qr.q.npy"))).toBeLessThanOrEqual(3.2 * 60 * Number.EPSILON);
    expect(relativeDistance(r, readLinalg("qr.r.npy"))).toBeLessThanOrEqual(3.2 * 60 * Number.EPSILON);
  });
});

describe("qr", () => {
  it("refuses NaN, a wrong length, a side that is no count", () => {
    expect(() => qr(Float64Array.of(1, 2, 3, Number.NaN, 5, 6), { m: 3, n: 2 })).toThrow(DataError);
    expect(() => qr(Float64Array.of(1, 2, 3, Number.NaN, 5, 6), { m: 3, n: 2 })).toThrow("row 1, column 1");
    expect(() => qr(new Float64Array(5), { m: 3, n: 2 })).toThrow(CallError);
    expect(() => qr(new Float64Array(0), { m: -1, n: 0 })).toThrow(CallError);
  });
});
