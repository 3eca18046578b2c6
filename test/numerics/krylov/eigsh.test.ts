/** A few eigenpairs over both bases, against spectra known beforehand, the dense solver, and high-precision values. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CallError, DataError } from "../../../src/errors.ts";
import { eigh } from "../../../src/numerics/dense/eigh.ts";
import { wasmBasis } from "../../../src/numerics/krylov/basis.ts";
import { type EigshOptions, eigsh, eigshBy } from "../../../src/numerics/krylov/eigsh.ts";
import { matrixOperator } from "../../../src/numerics/krylov/operator.ts";
import { referenceBasis } from "../../../src/numerics/reference/basis.ts";
import { kernels } from "../../../src/numerics/wasm/load.ts";
import type { Progress } from "../../../src/progress.ts";
import { hasLinalg, readLinalg, symmetricCases } from "../../support/linalg.ts";
import {
  descending,
  laplacian,
  laplacianSpectrum,
  multiply,
  norm,
  orthogonalityError,
  randomSymmetric,
  relativeDistance,
  spectra,
  symmetricWithSpectrum,
} from "../../support/matrices.ts";

const implementations = [
  { name: "reference", basis: referenceBasis },
  { name: "wasm", basis: wasmBasis },
];

function outermost(values: ArrayLike<number>, k: number, which: EigshOptions["which"]): Float64Array {
  const sorted = descending(values);
  const n = sorted.length;
  const top = which === "largest" ? k : which === "smallest" ? 0 : Math.ceil(k / 2);
  return Float64Array.from([...sorted.subarray(0, top), ...sorted.subarray(n - (k - top))]);
}

describe.each(implementations)("eigsh, $name", ({ basis }) => {
  async function check(
    a: Float64Array,
    n: number,
    expected: ArrayLike<number>,
    options: Omit<EigshOptions, "n">,
  ): Promise<void> {
    const result = await eigshBy(basis, a, { n, ...options });
    const size = Math.max(...Array.from(expected, Math.abs));
    const close = (options.tolerance ?? 1e-12) * 10 + 50 * n * Number.EPSILON;
    const truth = outermost(expected, options.k, options.which ?? "largest");
    expect(result.converged).toBe(true);
    expect(result.values.length).toBe(options.k);
    expect([...result.values]).toEqual([...descending(result.values)]);
    for (let i = 0; i < options.k; i++) {
      expect(Math.abs(result.values[i] - truth[i])).toBeLessThanOrEqual(close * size);
      const v = result.vectors.subarray(i * n, i * n + n);
      const r = multiply(a, n, v).map((value, j) => value - result.values[i] * v[j]);
      expect(norm(r)).toBeLessThanOrEqual(close * size);
      expect(result.residuals[i]).toBeLessThanOrEqual(close * size);
    }
    expect(orthogonalityError(result.vectors, options.k, n)).toBeLessThanOrEqual(100 * n * Number.EPSILON);
    // A bound is at least the distance to the nearest eigenvalue, but for what the truth itself is not known to.
    for (let i = 0; i < options.k; i++) {
      const error = Math.min(...Array.from(expected, (value) => Math.abs(result.values[i] - value)));
      expect(error).toBeLessThanOrEqual(result.errorBounds[i] + 10 * n * Number.EPSILON * size);
      expect(result.errorBounds[i]).toBeLessThanOrEqual(result.residuals[i] + 2 * n * Number.EPSILON * size);
    }
  }

  describe.each(Object.keys(spectra))("spectrum %s", (name) => {
    it.each([1, 2, 3, 5, 17, 40])("n = %i, every k and end", async (n) => {
      const values = spectra[name](n);
      const a = symmetricWithSpectrum(values, n);
      for (const k of new Set([1, Math.min(4, n), Math.ceil(n / 2), Math.max(1, n - 1), n])) {
        for (const which of ["largest", "smallest", "both"] as const) {
          await check(a, n, values, { k, which });
        }
      }
    });
  });

  it("any spectrum, with any block", async () => {
    const level = fc.integer({ min: -3, max: 3 }); // few levels: many repeats
    await fc.assert(
      fc.asyncProperty(
        fc.array(level, { minLength: 1, maxLength: 20 }),
        fc.integer({ min: 1, max: 20 }),
        fc.constantFrom("largest" as const, "smallest" as const, "both" as const),
        fc.integer({ min: 1, max: 5 }),
        async (values, k, which, block) => {
          const n = values.length;
          await check(symmetricWithSpectrum(values, k), n, values, { k: Math.min(k, n), which, block });
        },
      ),
      { seed: 11, numRuns: 60 },
    );
  });

  describe.each([1, 2, 3])("restarted in a small basis, block %i", (block) => {
    it.each(Object.keys(spectra).filter((name) => name !== "spread"))("spectrum %s", async (name) => {
      const n = 60;
      const values = spectra[name](n);
      const a = symmetricWithSpectrum(values, n);
      // The small end of the geometric one lies within 1e-5 of the norm: that takes a larger basis.
      for (const which of ["largest", "smallest", "both"] as const) {
        const basisSize = name === "geometric" && which !== "largest" ? n : 18;
        await check(a, n, values, { k: 5, which, block, basisSize });
      }
    });

    it("random entries, and the 1-D Laplacian in closed form", async () => {
      const n = 90;
      const a = randomSymmetric(n, 3);
      await check(a, n, eigh(a, n).values, { k: 4, which: "both", block, basisSize: 24 });
      await check(laplacian(n), n, laplacianSpectrum(n), { k: 3, block, basisSize: 30 });
    });
  });

  it("diag(1, 2, 3)", async () => {
    const a = Float64Array.of(1, 0, 0, 0, 2, 0, 0, 0, 3);
    await check(a, 3, [3, 2, 1], { k: 2, which: "both" });
    await check(a, 3, [3, 2, 1], { k: 3, block: 2 });
  });

  it("a block as wide as the multiplicity finds it at once", async () => {
    const n = 150;
    const levels = 30;
    const values = Float64Array.from({ length: n }, (_, i) => 0.7 ** (i % levels)); // every one 5 times
    const a = symmetricWithSpectrum(values, 7);
    await check(a, n, values, { k: 15, block: 5 });
    const calls = async (block: number) => {
      const inner = matrixOperator(a, n);
      let count = 0;
      const counted = (apply: () => void) => {
        count += 1;
        apply();
      };
      const operator = {
        size: n,
        apply: (x: Float64Array, out: Float64Array) => counted(() => inner.apply(x, out)),
        applyBlock: (x: Float64Array, out: Float64Array, rows: number) =>
          counted(() => inner.applyBlock(x, out, rows)),
      };
      await eigshBy(basis, operator, { k: 15, which: "largest", block });
      return count;
    };
    expect(await calls(5)).toBeLessThan((await calls(1)) * 0.7);
  });

  it("bounds the error by the square of the residual where gaps allow", async () => {
    const n = 80;
    const values = Float64Array.from({ length: n }, (_, i) => 0.8 ** i);
    const a = symmetricWithSpectrum(values, 5);
    const { values: found, residuals, errorBounds } = await eigshBy(basis, a, { n, k: 6, tolerance: 1e-5 });
    const better = residuals.filter(
      (residual, i) => i < 5 && residual > 1e-8 && errorBounds[i] < residual / 100,
    );
    expect(better.length).toBeGreaterThan(0);
    for (let i = 0; i < 6; i++) {
      expect(Math.abs(found[i] - values[i])).toBeLessThanOrEqual(errorBounds[i] + 10 * n * Number.EPSILON);
    }
  });

  it("zero and identity", async () => {
    await check(new Float64Array(25), 5, new Float64Array(5), { k: 3 });
    await check(symmetricWithSpectrum([1, 1, 1, 1], 1), 4, [1, 1, 1, 1], { k: 4, which: "both" });
  });

  it("an eigenvalue that is repeated inside a spread spectrum, which one starting vector shows once", async () => {
    const n = 200;
    const values = Float64Array.from({ length: n }, (_, i) => (i < 3 ? 10 : i < 5 ? 9 : 5 * Math.cos(i)));
    const a = symmetricWithSpectrum(values, 3);
    await check(a, n, values, { k: 2 });
    await check(a, n, values, { k: 6 });
    await check(a, n, values, { k: 8, which: "both" });
  });

  it("1-D Laplacian from both ends, whose gaps there are small", async () => {
    await check(laplacian(80), 80, laplacianSpectrum(80), { k: 10, which: "both" });
  });

  it("a loose tolerance takes fewer steps", async () => {
    const a = symmetricWithSpectrum(spectra["geometric"](120), 2);
    const loose = await eigshBy(basis, a, { n: 120, k: 5, tolerance: 1e-4 });
    const tight = await eigshBy(basis, a, { n: 120, k: 5 });
    expect(loose.iterations).toBeLessThan(tight.iterations);
    await check(a, 120, spectra["geometric"](120), { k: 5, tolerance: 1e-4 });
  });

  it("stops at maxIterations with the best there is, and says so", async () => {
    const a = laplacian(100);
    const result = await eigshBy(basis, a, { n: 100, k: 3, maxIterations: 20 });
    expect(result.converged).toBe(false);
    expect(result.iterations).toBe(20);
    expect(result.values.length).toBe(3);
    for (let i = 0; i < 3; i++) {
      const v = result.vectors.subarray(i * 100, i * 100 + 100);
      const r = norm(multiply(a, 100, v).map((value, j) => value - result.values[i] * v[j]));
      expect(result.residuals[i] / r).toBeCloseTo(1, 6);
    }
  });

  describe.skipIf(!hasLinalg)("values in high precision", () => {
    it.each(symmetricCases().filter(({ n }) => n < 200))("$name", async ({ file, eigenvalues, n }) => {
      const truth = readLinalg(eigenvalues);
      await check(readLinalg(file), n, truth, { k: Math.ceil(n / 3), which: "both" });
      await check(readLinalg(file), n, truth, { k: Math.min(n, 8), which: "largest", block: 3 });
      await check(readLinalg(file), n, truth, { k: Math.min(n, 3), which: "smallest", basisSize: 30 });
    });
  });
});

describe("eigsh", () => {
  it("keeps to its basis, whatever the number of steps", async () => {
    const n = 400;
    const sizes: number[] = [];
    const watching = (length: number) => {
      const inner = referenceBasis(length);
      const append = inner.append.bind(inner);
      return Object.assign(inner, {
        append(row: Float64Array) {
          append(row);
          sizes.push(inner.size);
        },
      });
    };
    const a = randomSymmetric(n, 12);
    const found = await eigshBy(watching, a, { n, k: 3, which: "largest", basisSize: 20 });
    expect(found.converged).toBe(true);
    expect(found.iterations).toBeGreaterThan(60);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(20);
    expect(relativeDistance(found.values, eigh(a, n).values.slice(0, 3))).toBeLessThan(1e-12);
  });

  it("several vectors at a time reach the operator together", async () => {
    const n = 50;
    const inner = matrixOperator(randomSymmetric(n, 1), n);
    const counts = new Set<number>();
    const operator = {
      ...inner,
      async applyBlock(x: Float64Array, out: Float64Array, count: number) {
        counts.add(count);
        await Promise.resolve();
        inner.applyBlock(x, out, count);
      },
    };
    const found = await eigsh(operator, { k: 4, which: "largest", block: 3 });
    expect(found.converged).toBe(true);
    expect(counts).toContain(3);
  });

  it("same seed, same bits; another seed, the same values", async () => {
    const a = randomSymmetric(60, 4);
    const [first, second, other] = await Promise.all(
      [1, 1, 2].map((seed) => eigsh(a, { n: 60, k: 4, which: "largest", seed })),
    );
    expect(second).toEqual(first);
    expect(relativeDistance(other.values, first.values)).toBeLessThan(1e-12);
    expect(other.vectors).not.toEqual(first.vectors);
  });

  it("takes an operator that answers later, and agrees with eigh", async () => {
    const n = 70;
    const a = randomSymmetric(n, 9);
    const inner = matrixOperator(a, n);
    let applications = 0;
    const operator = {
      size: n,
      async apply(x: Float64Array, out: Float64Array) {
        applications += 1;
        await Promise.resolve();
        await inner.apply(x, out);
      },
    };
    const result = await eigsh(operator, { k: 6, which: "smallest" });
    const dense = eigh(a, n).values;
    expect(relativeDistance(result.values, dense.subarray(n - 6))).toBeLessThan(1e-12);
    expect(result.iterations).toBe(applications);
  });

  it("gives an operator in float32 residuals that are true", async () => {
    const n = 50;
    const a = symmetricWithSpectrum(spectra["geometric"](n), 8);
    const rough = {
      size: n,
      apply: (x: Float64Array, out: Float64Array) => out.set(multiply(a, n, x).map(Math.fround)),
    };
    const { values, vectors, residuals } = await eigsh(rough, { k: 5, which: "largest" });
    for (let i = 0; i < 5; i++) {
      const v = vectors.subarray(i * n, i * n + n);
      const r = norm(multiply(a, n, v).map((value, j) => value - values[i] * v[j]));
      expect(residuals[i]).toBeGreaterThan(r / 20);
      expect(residuals[i]).toBeLessThan(1e-6);
    }
  });

  it("stops when told to, and says how far it is", async () => {
    const controller = new AbortController();
    const seen: Progress[] = [];
    const running = eigsh(laplacian(100), {
      n: 100,
      k: 5,
      which: "largest",
      signal: controller.signal,
      onProgress(progress) {
        seen.push(progress);
        if (seen.length === 5) controller.abort(new Error("enough"));
      },
    });
    await expect(running).rejects.toThrow("enough");
    expect(seen).toHaveLength(5);
    expect(seen[0]).toMatchObject({ stage: "Lanczos, step 1", total: 5 });
  });

  it("gives its memory back, also when it fails", async () => {
    const { arena } = kernels();
    const before = arena.bytesInUse;
    await eigsh(laplacian(50), { n: 50, k: 5, which: "both" });
    const broken = { size: 9, apply: (_: Float64Array, out: Float64Array) => void out.fill(Number.NaN) };
    await expect(eigsh(broken, { k: 2, which: "largest" })).rejects.toThrow(
      "NaN in coordinate 0 of application 1",
    );
    expect(arena.bytesInUse).toBe(before);
  });

  it("refuses an operator that is not symmetric", async () => {
    const n = 20;
    const shift = {
      size: n,
      apply(x: Float64Array, out: Float64Array) {
        for (let i = 0; i < n; i++) out[i] = x[(i + 1) % n] * (i + 1);
      },
    };
    await expect(eigsh(shift, { k: 2, which: "largest" })).rejects.toThrow(DataError);
    await expect(eigsh(shift, { k: 2, which: "largest" })).rejects.toThrow("expected a symmetric operator");
    const asymmetric = eigsh(Float64Array.of(1, 2, 3, 4), { n: 2, k: 1, which: "largest" });
    await expect(asymmetric).rejects.toThrow("a symmetric matrix");
  });

  it.each([
    [{ n: 4, k: 0 }, "k to be a whole number from 1 to n = 4, got 0"],
    [{ n: 4, k: 5 }, "got 5"],
    [{ n: 4, k: 1.5 }, "got 1.5"],
    [{ k: 1 }, "n, the side of the matrix"],
    [{ n: 5, k: 1 }, "5×5 = 25 numbers, got 16"],
    [{ n: 4, k: 1, tolerance: 0 }, "a tolerance between 0 and 1"],
    [{ n: 4, k: 1, maxIterations: 0 }, "maxIterations of 1 or more"],
    [{ n: 4, k: 1, block: 0 }, "block to be a whole number, 1 or more"],
    [{ n: 4, k: 2, basisSize: 1 }, "basisSize to be a whole number, k = 2 or more"],
  ])("refuses %j", async (options, message) => {
    const call = eigsh(new Float64Array(16), { which: "largest", ...options });
    await expect(call).rejects.toThrow(CallError);
    await expect(eigsh(new Float64Array(16), { which: "largest", ...options })).rejects.toThrow(message);
  });
});
