/** Both eigensolvers against identities, closed forms, high-precision values and an independent library. */
import fc from "fast-check";
import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import scalarBytes from "../../../build/wasm/kernels.scalar.wasm";
import simdBytes from "../../../build/wasm/kernels.simd.wasm";
import { CallError, DataError } from "../../../src/errors.ts";
import { type EighOptions, eigh, eighBy } from "../../../src/numerics/dense/eigh.ts";
import { symmetricEigen as wasm } from "../../../src/numerics/dense/symmetricEigen.ts";
import { symmetricEigen as reference } from "../../../src/numerics/reference/eigh.ts";
import { load, wasmTarget } from "../../../src/numerics/wasm/load.ts";
import { hasLinalg, readLinalg, symmetricCases } from "../../support/linalg.ts";
import {
  decompositionError,
  descending,
  laplacian,
  laplacianSpectrum,
  norm,
  orthogonalityError,
  randomSymmetric,
  relativeDistance,
  spectra,
  symmetricWithSpectrum,
} from "../../support/matrices.ts";

const implementations = [
  { name: "reference", solver: reference },
  { name: "wasm", solver: wasm },
  { name: "wasm, scalar kernels", solver: wasm, bytes: scalarBytes },
];
/** Across the widths of vectors, pairs of rows, blocks of reflectors, leaves and merges of divide and conquer. */
const sizes = [0, 1, 2, 3, 4, 5, 7, 8, 17, 31, 32, 33, 34, 64, 65, 100, 131];
/** One panel of the reduction, and two, before the rest is reduced in one pass a reflector. */
const largeSizes = [386, 417];
const bound = (n: number) => 50 * n * Number.EPSILON;

describe.each(implementations)("eigh, $name", ({ solver, bytes }) => {
  if (bytes) {
    beforeAll(() => load(new WebAssembly.Module(bytes)));
    afterAll(() => load(new WebAssembly.Module(simdBytes)));
    it("runs the scalar kernels", () => expect(wasmTarget()).toBe("scalar"));
  }
  const run = (a: Float64Array, n: number, options?: EighOptions) => eighBy(solver, a, n, options);

  function check(a: Float64Array, n: number, expected?: ArrayLike<number>): void {
    const kept = a.slice();
    const { values, vectors, residual } = run(a, n);
    expect(a).toEqual(kept);
    expect(values).toEqual(descending(values));
    expect(decompositionError(a, n, values, vectors!)).toBeLessThanOrEqual(bound(n));
    expect(orthogonalityError(vectors!, n, n)).toBeLessThanOrEqual(bound(n));
    expect(residual).toBeLessThanOrEqual(bound(n));
    if (expected) expect(relativeDistance(values, descending(expected))).toBeLessThanOrEqual(bound(n));
    const alone = run(a, n, { vectors: false });
    expect(alone.vectors).toBeUndefined();
    expect(relativeDistance(alone.values, values)).toBeLessThanOrEqual(bound(n));
  }

  it.each(sizes)("random, n = %i", (n) => check(randomSymmetric(n, n + 1), n));

  describe.each(Object.keys(spectra))("spectrum %s", (name) => {
    it.each(sizes)("n = %i", (n) => {
      const values = spectra[name](n);
      check(symmetricWithSpectrum(values, n), n, values);
    });
  });

  if (solver === wasm) {
    describe.each(Object.keys(spectra))("large, spectrum %s", (name) => {
      it.each(largeSizes)("n = %i", (n) => {
        const values = spectra[name](n);
        check(symmetricWithSpectrum(values, n), n, values);
      });
    });
    it.each(largeSizes)("large, random, n = %i", (n) => check(randomSymmetric(n, n), n));
  }

  it("any spectrum", () => {
    const spectrum = fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), {
      minLength: 1,
      maxLength: 24,
    });
    fc.assert(
      fc.property(spectrum, fc.integer({ min: 0, max: 1000 }), (values, seed) => {
        check(symmetricWithSpectrum(values, seed), values.length, values);
      }),
      { seed: 7, numRuns: 60 },
    );
  });

  it("zero", () => check(new Float64Array(49), 7, new Float64Array(7)));
  it("1×1", () => check(Float64Array.of(-4), 1, [-4]));

  it("diag(1, 2, 3) exactly, largest first, row i belonging to value i", () => {
    const { values, vectors } = run(Float64Array.of(1, 0, 0, 0, 2, 0, 0, 0, 3), 3);
    expect([...values]).toEqual([3, 2, 1]);
    expect([...vectors!].map(Math.abs)).toEqual([0, 0, 1, 0, 1, 0, 1, 0, 0]);
  });

  it.each([1, 2, 3, 10, 50, 101])("1-D Laplacian, n = %i", (n) =>
    check(laplacian(n), n, laplacianSpectrum(n)),
  );

  it("entries near the ends of the range of doubles", () => {
    for (const scale of [2 ** 1020, 2 ** -1060, 5e-324]) {
      const a = Float64Array.of(2, 1, 1, 2).map((value) => value * scale);
      const { values } = run(a, 2);
      expect(values[0] / scale).toBeCloseTo(3, 12);
      expect(values[1] / scale).toBeCloseTo(1, 12);
    }
  });

  it("a row far below the others stays orthogonal although its squares underflow", () => {
    const n = 4;
    const a = new Float64Array(n * n);
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) a[i * n + j] = 10 ** (-80 * Math.max(i, j)) * (1 + i + j);
    check(a, n);
  });

  describe.skipIf(!hasLinalg)("values in high precision", () => {
    it.each(symmetricCases())("$name", ({ file, eigenvalues, n, norm2, tolerance }) => {
      const a = readLinalg(file);
      const truth = readLinalg(eigenvalues).reverse();
      const { values, vectors } = run(a, n);
      expect(Math.max(...values.map((value, i) => Math.abs(value - truth[i]))) / norm2).toBeLessThanOrEqual(
        tolerance,
      );
      expect(decompositionError(a, n, values, vectors!)).toBeLessThanOrEqual(bound(n));
      expect(orthogonalityError(vectors!, n, n)).toBeLessThanOrEqual(bound(n));
    });
  });

  it.each([5, 40])("ml-matrix agrees, n = %i", (n) => {
    const a = randomSymmetric(n, 3);
    const rows = Array.from({ length: n }, (_, i) => [...a.subarray(i * n, i * n + n)]);
    const other = new EigenvalueDecomposition(new Matrix(rows), { assumeSymmetric: true });
    expect(relativeDistance(run(a, n).values, descending(other.realEigenvalues))).toBeLessThanOrEqual(
      bound(n),
    );
  });
});

describe("eigh", () => {
  it("names the place of the first number that is not finite", () => {
    const a = randomSymmetric(4, 1);
    a[2 * 4 + 3] = Number.NaN;
    expect(() => eigh(a, 4)).toThrow(DataError);
    expect(() => eigh(a, 4)).toThrow("row 2, column 3");
    a[1] = Number.POSITIVE_INFINITY;
    expect(() => eigh(a, 4)).toThrow("Infinity at row 0, column 1");
  });

  it("refuses an asymmetric matrix, with both entries, and takes the symmetric part of a noisy one", () => {
    expect(() => eigh(Float64Array.of(1, 2, 3, 4), 2)).toThrow(DataError);
    expect(() => eigh(Float64Array.of(1, 2, 3, 4), 2)).toThrow(
      /3 at row 1, column 0 and 2 at row 0, column 1/,
    );
    const noisy = eigh(Float64Array.of(1, 0.5 + 1e-8, 0.5 - 1e-8, 1), 2);
    expect(relativeDistance(noisy.values, [1.5, 0.5])).toBeLessThanOrEqual(bound(2));
  });

  it("refuses a length that is not n² and an n that is no count", () => {
    expect(() => eigh(new Float64Array(8), 3)).toThrow(CallError);
    expect(() => eigh(new Float64Array(8), 3)).toThrow("3×3 = 9 numbers, got 8");
    expect(() => eigh(new Float64Array(0), -1)).toThrow(CallError);
    expect(() => eigh(new Float64Array(2), Math.SQRT2)).toThrow(CallError);
  });

  it("0×0", () => {
    const { values, vectors } = eigh(new Float64Array(0), 0);
    expect([values.length, vectors!.length]).toEqual([0, 0]);
  });

  it("gives the residual that a wrong decomposition has", () => {
    const a = randomSymmetric(12, 5);
    const tilted: typeof wasm = (matrix, n, vectors) => {
      const solved = reference(matrix, n, vectors);
      solved.vectors[3] += 1e-3;
      return solved;
    };
    const { values, vectors, residual } = eighBy(tilted, a, 12);
    const truth = decompositionError(a, 12, values, vectors!);
    expect(residual! / truth).toBeGreaterThan(0.1);
    expect(residual! / truth).toBeLessThan(10);
    expect(norm(values)).toBeGreaterThan(0);
  });
});
