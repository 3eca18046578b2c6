/** The two identities of Lanczos' step: A Qᵀ = Qᵀ T + β q eᵀ and Q Qᵀ = I; and what happens when the space ends. */
import { describe, expect, it } from "vitest";
import { eighTridiagonal } from "../../../src/numerics/dense/eighTridiagonal.ts";
import { wasmBasis } from "../../../src/numerics/krylov/basis.ts";
import { lanczosStep, startLanczos } from "../../../src/numerics/krylov/lanczos.ts";
import { matrixOperator } from "../../../src/numerics/krylov/operator.ts";
import { randomDirection } from "../../../src/numerics/krylov/orthogonalize.ts";
import { referenceBasis } from "../../../src/numerics/reference/basis.ts";
import { randomStream } from "../../../src/random.ts";
import {
  gaussianMatrix,
  laplacian,
  multiply,
  norm,
  orthogonalityError,
  randomSymmetric,
  relativeDistance,
  spectra,
  symmetricWithSpectrum,
} from "../../support/matrices.ts";

const implementations = [
  { name: "reference", newBasis: referenceBasis },
  { name: "wasm", newBasis: wasmBasis },
];
const identity = (m: number) => Float64Array.from({ length: m * m }, (_, i) => (i % (m + 1) === 0 ? 1 : 0));

describe.each(implementations)("basis, $name", ({ newBasis }) => {
  it.each([1, 2, 3, 4, 5, 7, 8, 17, 64, 65])("removes and combines rows of length %i", (n) => {
    const basis = newBasis(n);
    const rows = Math.min(n, 37);
    const random = randomStream(n);
    for (let i = 0; i < rows; i++) basis.append(randomDirection(random, n, basis));
    expect(basis.size).toBe(rows);
    const q = basis.combine(identity(rows), rows);
    expect(orthogonalityError(q, rows, n)).toBeLessThanOrEqual(50 * n * Number.EPSILON);

    const x = gaussianMatrix(n, 1, 5);
    const left = x.slice();
    const h = basis.remove(left);
    expect(relativeDistance(h, multiply(q, rows, x))).toBeLessThanOrEqual(10 * n * Number.EPSILON);
    const back = basis.combine(h, 1).map((value, i) => value + left[i]);
    expect(relativeDistance(back, x)).toBeLessThanOrEqual(10 * n * Number.EPSILON);
    expect(norm(multiply(q, rows, left))).toBeLessThanOrEqual(10 * n * Number.EPSILON * norm(x));

    const c = gaussianMatrix(3, rows, 6);
    const mixed = basis.combine(c, 3);
    for (let r = 0; r < 3; r++) {
      const coordinates = multiply(q, rows, mixed.subarray(r * n, r * n + n));
      expect(relativeDistance(coordinates, c.subarray(r * rows, r * rows + rows))).toBeLessThanOrEqual(
        50 * n * Number.EPSILON,
      );
    }
    basis.free();
    expect(basis.size).toBe(0);
  });
});

describe.each(implementations)("lanczosStep, $name", ({ newBasis }) => {
  it.each(Object.keys(spectra).filter((name) => name !== "spread"))(
    "spectrum %s: both identities",
    async (name) => {
      const n = 40;
      const a = symmetricWithSpectrum(spectra[name](n), 1);
      const size = spectra[name](n).reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
      const basis = newBasis(n);
      const run = startLanczos(matrixOperator(a, n), basis, randomDirection(randomStream(3), n));
      for (let step = 1; step <= n && (await lanczosStep(run)); step++) {
        const q = basis.combine(identity(step), step);
        expect(basis.size).toBe(step);
        expect(orthogonalityError(q, step, n)).toBeLessThanOrEqual(50 * n * Number.EPSILON);
        for (let j = 0; j < step; j++) {
          const row = (i: number) => q.subarray(i * n, i * n + n);
          const next = j + 1 < step ? row(j + 1) : (run.next ?? new Float64Array(n));
          const left = multiply(a, n, row(j)).map((value, i) => {
            const before = j > 0 ? run.beta[j - 1] * row(j - 1)[i] : 0;
            return (value - before - run.alpha[j] * row(j)[i] - run.beta[j] * next[i]) / size;
          });
          expect(norm(left)).toBeLessThanOrEqual(50 * n * Number.EPSILON);
        }
      }
      expect(run.next).toBeUndefined();
      expect(await lanczosStep(run)).toBe(false);
      basis.free();
    },
  );

  it("ends after as many steps as the start has eigenspaces", async () => {
    const n = 30;
    const a = symmetricWithSpectrum(
      Float64Array.from({ length: n }, (_, i) => (i % 4) + 1),
      5,
    );
    const basis = newBasis(n);
    const run = startLanczos(matrixOperator(a, n), basis, randomDirection(randomStream(1), n));
    while (await lanczosStep(run));
    expect(basis.size).toBe(4);
    const { values } = eighTridiagonal(run.alpha, run.beta, "last");
    expect(relativeDistance(values, [4, 3, 2, 1])).toBeLessThanOrEqual(50 * n * Number.EPSILON);
    basis.free();
  });

  it("stays orthogonal to what is locked", async () => {
    const n = 25;
    const a = randomSymmetric(n, 2);
    const locked = newBasis(n);
    const random = randomStream(8);
    for (let i = 0; i < 6; i++) locked.append(randomDirection(random, n, locked));
    const basis = newBasis(n);
    // Not an invariant space: what A brings back from it counts as dropped.
    const run = startLanczos(matrixOperator(a, n), basis, randomDirection(random, n, locked), locked);
    while (await lanczosStep(run));
    expect(basis.size).toBe(n - 6);
    const all = Float64Array.from([
      ...locked.combine(identity(6), 6),
      ...basis.combine(identity(n - 6), n - 6),
    ]);
    expect(orthogonalityError(all, n, n)).toBeLessThanOrEqual(50 * n * Number.EPSILON);
    expect(run.dropped).toBeGreaterThan(0.1);
    basis.free();
    locked.free();
  });
});

describe("eighTridiagonal", () => {
  it("gives all coordinates, or the first or last of each vector", () => {
    const n = 12;
    const diagonal = new Float64Array(n).fill(2);
    const off = new Float64Array(n - 1).fill(-1);
    const { values, vectors } = eighTridiagonal(diagonal, off, "all");
    const a = laplacian(n);
    for (let i = 0; i < n; i++) {
      const v = vectors.subarray(i * n, i * n + n);
      expect(norm(multiply(a, n, v).map((value, j) => value - values[i] * v[j]))).toBeLessThan(1e-14 * n);
    }
    for (const [which, place] of [
      ["first", 0],
      ["last", n - 1],
    ] as const) {
      const one = eighTridiagonal(diagonal, off, which);
      expect(one.values).toEqual(values);
      expect(one.vectors).toEqual(Float64Array.from({ length: n }, (_, i) => vectors[i * n + place]));
    }
  });

  it("of one number, and of none", () => {
    expect(eighTridiagonal([7], [], "all")).toEqual({
      values: Float64Array.of(7),
      vectors: Float64Array.of(1),
    });
    expect(eighTridiagonal([], [], "first").values.length).toBe(0);
  });
});
