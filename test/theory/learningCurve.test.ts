import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { learningCurve } from "../../src/theory/index.ts";
import { spectra } from "./kernels.ts";

describe("learning curve", () => {
  it("κ solves Σ λ/(λ+κ) + δ/κ = n", () => {
    fc.assert(
      fc.property(
        spectra,
        fc.integer({ min: 1, max: 500 }),
        fc.double({ min: 1e-3, max: 10, noNaN: true }),
        (eigenvalues, n, ridge) => {
          const curve = learningCurve({ eigenvalues, coefficients: eigenvalues, n, ridge, sigma: 0.3 });
          const kappa = curve.kappa[0];
          const sum = eigenvalues.reduce((s, value) => s + value / (value + kappa), ridge / kappa);
          expect(Math.abs(sum / n - 1)).toBeLessThan(1e-12);
          expect(curve.train[0]).toBeLessThanOrEqual(curve.test[0] * (1 + 1e-12));
          expect(curve.test[0]).toBeGreaterThanOrEqual(0.09);
        },
      ),
    );
  });

  it("more labels help: the error falls to the noise", () => {
    const eigenvalues = Array.from({ length: 300 }, (_, i) => (i + 1) ** -2);
    const n = [10, 30, 100, 300, 1000, 100000];
    const curve = learningCurve({ eigenvalues, coefficients: eigenvalues, n, ridge: 0.1, sigma: 0.2 });
    expect(curve.test.every((value, i) => i === 0 || value < curve.test[i - 1])).toBe(true);
    expect(curve.test[5]).toBeCloseTo(0.04, 3);
  });

  it("takes the ridge n/η of gradient descent, and a kernel of finite rank without ridge", () => {
    const eigenvalues = [2, 1, 0.5, 0];
    const coefficients = [1, 1, 1, 0.1];
    const gd = learningCurve({ eigenvalues, coefficients, n: [50], ridge: (n) => n / 20, sigma: 0.1 });
    const same = learningCurve({ eigenvalues, coefficients, n: 50, ridge: 2.5, sigma: 0.1 });
    expect(gd).toEqual(same);
    // three directions learnt exactly: noise and the fourth are spread by n/(n − 3), the fit absorbs 3 of n degrees
    const none = learningCurve({ eigenvalues, coefficients, n: [10, 3], ridge: 0, sigma: 0.1 });
    expect(none.kappa).toEqual([0, 0]);
    expect(none.test[0]).toBeCloseTo((10 / 7) * 0.02, 14);
    expect(none.train[0]).toBeCloseTo(0.7 ** 2 * none.test[0], 14);
    expect([none.test[1], none.train[1]]).toEqual([Number.POSITIVE_INFINITY, 0]);
  });

  it("refuses wrong options", () => {
    const all = { eigenvalues: [1], coefficients: [1], n: 3, ridge: 1, sigma: 0 };
    expect(() => learningCurve({ ...all, coefficients: [] })).toThrow(/coefficients/);
    expect(() => learningCurve({ ...all, ridge: -1 })).toThrow(/ridge/);
    expect(() => learningCurve({ ...all, n: 0 })).toThrow(/n to be/);
  });
});
