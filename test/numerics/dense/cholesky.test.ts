import { describe, expect, it } from "vitest";
import { CallError, DataError } from "../../../src/errors.ts";
import { cholesky, choleskyBy, wasmCholesky } from "../../../src/numerics/dense/cholesky.ts";
import { choleskyInPlace } from "../../../src/numerics/reference/factor.ts";
import { hasLinalg, readLinalg } from "../../support/linalg.ts";
import { relativeDistance, symmetricWithSpectrum } from "../../support/matrices.ts";

const implementations = [
  { name: "reference", implementation: choleskyInPlace },
  { name: "wasm", implementation: wasmCholesky },
];

function timesTransposed(l: Float64Array, n: number): Float64Array {
  const a = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) for (let k = 0; k < n; k++) a[i * n + j] += l[i * n + k] * l[j * n + k];
  return a;
}

describe.each(implementations)("cholesky, $name", ({ implementation }) => {
  it.each([0, 1, 2, 3, 4, 5, 7, 8, 17, 64, 65])("L Lᵀ = A, zeros above the diagonal, n = %i", (n) => {
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
  });

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
});

describe("cholesky", () => {
  it("refuses asymmetry, NaN and a wrong length", () => {
    expect(() => cholesky(Float64Array.of(1, 0.5, 0.1, 1), 2)).toThrow(DataError);
    expect(() => cholesky(Float64Array.of(1, 0, 0, Number.NaN), 2)).toThrow("row 1, column 1");
    expect(() => cholesky(new Float64Array(3), 2)).toThrow(CallError);
  });
});
