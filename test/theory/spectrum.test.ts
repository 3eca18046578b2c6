import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  effectiveDimension,
  effectiveDimensionSlope,
  localRademacherComplexity,
  maxLearningRate,
} from "../../src/theory/index.ts";
import { sobolevValues, spectra } from "./kernels.ts";

const eta = fc.double({ min: -6, max: 6, noNaN: true }).map((x) => 10 ** x);
const sum = (values: Iterable<number>) => [...values].reduce((a, b) => a + b, 0);

describe("effective dimension and complexity", () => {
  it("are the sums they are defined as", () => {
    fc.assert(
      fc.property(spectra, eta, (values, eta) => {
        const d = sum(values.map((value) => Math.min(1, eta * value)));
        expect(effectiveDimension({ eigenvalues: values, eta })).toBeCloseTo(d, 9);
        const n = values.length;
        const R = Math.sqrt(sum(values.map((value) => Math.min(value, 1 / eta))) / n);
        const found = localRademacherComplexity({ eigenvalues: values, n, radius: 1 / Math.sqrt(eta) });
        expect(Math.abs(found - R)).toBeLessThanOrEqual(1e-12 * R);
        // R(1/√η)² = d(η)/(nη)
        expect(Math.abs(found ** 2 - d / (n * eta))).toBeLessThanOrEqual(1e-12 * found ** 2);
      }),
    );
  });

  it("the k largest and the trace give the same, as long as they reach 1/η", () => {
    fc.assert(
      fc.property(spectra, eta, (values, eta) => {
        const trace = sum(values);
        const k = values.filter((value) => value > 1 / eta).length + 1;
        const eigenvalues = values.slice(0, k);
        const whole = effectiveDimension({ eigenvalues: values, eta });
        const part = effectiveDimension({ eigenvalues, trace, eta });
        // trace − Σ cancels: what is left of it is right to the round-off of the trace
        const roundOff = eta * trace * values.length * Number.EPSILON;
        expect(Math.abs(part - whole)).toBeLessThanOrEqual(1e-12 * whole + roundOff);
      }),
    );
  });

  it("say so where they do not reach it", () => {
    const eigenvalues = [4, 2, 1];
    expect(() => effectiveDimension({ eigenvalues, trace: 8, eta: 10 })).toThrow(/larger k/);
    expect(() => localRademacherComplexity({ eigenvalues, trace: 8, n: 9, radius: 0.5 })).toThrow(/larger k/);
    expect(effectiveDimension({ eigenvalues, trace: 8, eta: 1 })).toBe(4);
  });

  it("eigenvalues below 0 count as 0, in any order", () => {
    expect(effectiveDimension({ eigenvalues: [-1e-9, 2, 0.5], eta: 1 })).toBe(1.5);
    expect(maxLearningRate({ eigenvalues: [-1e-9, 2, 0.5] })).toBe(1);
    expect(maxLearningRate({ eigenvalues: [0, -1] })).toBe(Number.POSITIVE_INFINITY);
  });

  it("slope of d(η): ½ for the Sobolev kernel (λ_j ~ j⁻²), and the derivative it claims to be", () => {
    const eigenvalues = sobolevValues(2000);
    expect(effectiveDimensionSlope({ eigenvalues, eta: 1e4 })).toBeCloseTo(0.5, 1);
    const h = 1e-6;
    const at = (eta: number) => Math.log(effectiveDimension({ eigenvalues, eta }));
    const numeric = (at(1e4 * (1 + h)) - at(1e4 * (1 - h))) / (Math.log1p(h) - Math.log1p(-h));
    expect(effectiveDimensionSlope({ eigenvalues, eta: 1e4 })).toBeCloseTo(numeric, 6);
    expect(effectiveDimensionSlope({ eigenvalues: [3, 2], eta: 10 })).toBe(0);
  });

  it("refuses what is not a number", () => {
    expect(() => effectiveDimension({ eigenvalues: [1, Number.NaN], eta: 1 })).toThrow(/finite eigenvalues/);
    expect(() => effectiveDimension({ eigenvalues: [1], eta: -1 })).toThrow(/eta/);
    expect(() => localRademacherComplexity({ eigenvalues: [1], n: 0, radius: 1 })).toThrow(/n to be/);
  });
});
