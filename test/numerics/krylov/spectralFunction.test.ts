/** f(A) v against all eigenpairs. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CallError, DataError } from "../../../src/errors.ts";
import { eigh } from "../../../src/numerics/dense/eigh.ts";
import { matrixOperator } from "../../../src/numerics/krylov/operator.ts";
import { spectralFunction } from "../../../src/numerics/krylov/spectralFunction.ts";
import { kernels } from "../../../src/numerics/wasm/load.ts";
import { gaussianMatrix, multiply, norm, spectra, symmetricWithSpectrum } from "../../support/matrices.ts";

function plain(a: Float64Array, n: number, v: Float64Array, f: (x: number) => number): Float64Array {
  const { values, vectors } = eigh(a, n);
  const out = new Float64Array(n);
  multiply(vectors!, n, v).forEach((c, i) => {
    for (let j = 0; j < n; j++) out[j] += f(values[i]) * c * vectors![i * n + j];
  });
  return out;
}
const functions: Record<string, (x: number) => number> = {
  "exp(−2x)": (x) => Math.exp(-2 * x),
  sqrt: Math.sqrt,
  inverse: (x) => 1 / x,
};

describe("spectralFunction", () => {
  it.each(Object.keys(functions))(
    "%s: exact at full order, and the estimate tells the error before",
    async (name) => {
      const n = 60;
      const f = functions[name];
      const values = Float64Array.from({ length: n }, (_, i) => 0.05 + i / 20);
      const a = symmetricWithSpectrum(values, 2);
      const v = gaussianMatrix(n, 1, 4);
      const truth = plain(a, n, v, f);
      const operator = matrixOperator(a, n);
      for (const steps of [5, 10, 20, 30, 60]) {
        const found = await spectralFunction(operator, v, f, { steps });
        const error = norm(found.value.map((value, i) => value - truth[i]));
        expect(found.iterations).toBe(steps);
        expect(error).toBeLessThanOrEqual(found.errorEstimate + 1e-11 * norm(truth));
        if (steps === n) expect(error).toBeLessThanOrEqual(1e-11 * norm(truth));
      }
      operator.free();
    },
  );

  it("is exact for polynomials of degree below steps, on any spectrum", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom("flat", "geometric", "clustered", "repeated", "rank-deficient", "indefinite"),
        fc.integer({ min: 1, max: 20 }),
        async (name, n) => {
          const values = spectra[name](n);
          const size = Math.max(...values.map(Math.abs));
          const a = symmetricWithSpectrum(values, n);
          const v = gaussianMatrix(n, 1, n);
          const cube = (x: number) => (x / size) ** 3 - x / size;
          const operator = matrixOperator(a, n);
          const { value } = await spectralFunction(operator, v, cube, { steps: 4 });
          const truth = plain(a, n, v, cube);
          expect(norm(value.map((x, i) => x - truth[i]))).toBeLessThanOrEqual(1e-12 * norm(v));
          operator.free();
        },
      ),
      { seed: 2, numRuns: 40 },
    );
  });

  it("ends early in an invariant space, without an error; 0 for 0", async () => {
    const operator = matrixOperator(symmetricWithSpectrum([1, 1, 2, 2, 2], 1), 5);
    const found = await spectralFunction(operator, gaussianMatrix(5, 1, 1), Math.exp);
    expect(found.iterations).toBe(2);
    expect(found.errorEstimate).toBeLessThan(1e-13);
    expect(await spectralFunction(operator, new Float64Array(5), Math.log)).toEqual({
      value: new Float64Array(5),
      errorEstimate: 0,
      iterations: 0,
    });
  });

  it("takes an operator that answers later, stops when told to, and gives its memory back", async () => {
    const n = 40;
    const inner = matrixOperator(symmetricWithSpectrum(spectra["geometric"](n), 1), n);
    const operator = {
      size: n,
      async apply(x: Float64Array, out: Float64Array) {
        await Promise.resolve();
        inner.apply(x, out);
      },
    };
    const v = gaussianMatrix(n, 1, 1);
    const before = kernels().arena.bytesInUse;
    const later = await spectralFunction(operator, v, Math.exp, { steps: 9 });
    expect(later).toEqual(await spectralFunction(inner, v, Math.exp, { steps: 9 }));
    const controller = new AbortController();
    const onProgress = ({ done, total }: { done: number; total: number }) =>
      done === 5 && total === 9 && controller.abort(new Error("enough"));
    const running = spectralFunction(operator, v, Math.exp, {
      steps: 9,
      signal: controller.signal,
      onProgress,
    });
    await expect(running).rejects.toThrow("enough");
    expect(kernels().arena.bytesInUse).toBe(before);
  });

  it("refuses what cannot be", async () => {
    const operator = matrixOperator(symmetricWithSpectrum([1, -1], 1), 2);
    const v = Float64Array.of(1, 0.5);
    await expect(spectralFunction(operator, v, Math.log)).rejects.toThrow(DataError);
    await expect(spectralFunction(operator, v, Math.log)).rejects.toThrow("f to be finite on the spectrum");
    await expect(spectralFunction(operator, v, Math.exp, { steps: 0 })).rejects.toThrow(CallError);
    await expect(spectralFunction(operator, new Float64Array(3), Math.exp)).rejects.toThrow(
      "1×2 = 2 numbers",
    );
    await expect(spectralFunction(operator, Float64Array.of(1, Number.NaN), Math.exp)).rejects.toThrow(
      "NaN at row 0, column 1",
    );
  });
});
