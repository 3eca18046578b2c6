import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CallError, DataError } from "../../src/errors.ts";
import { eigh } from "../../src/numerics/dense/eigh.ts";
import { clampSpectrum, negativeMass, psdReport } from "../../src/numerics/psd.ts";
import { hasLinalg, readLinalg } from "../support/linalg.ts";

describe("psdReport", () => {
  it("by hand: 3, 1, 0, −1", () => {
    const report = psdReport([3, 1, 0, -1]);
    expect(report).toMatchObject({ negativeMass: 0.2, negativeCount: 1, rank: 2 });
    expect(report.mostNegative).toBeCloseTo(1 / 3, 15);
    // entropy of (3/4, 1/4)
    expect(report.effectiveRank).toBeCloseTo((4 / 3) ** 0.75 * 4 ** 0.25, 14);
  });

  it("nothing, zeros, and a spectrum without a positive eigenvalue", () => {
    const none = { negativeMass: 0, negativeCount: 0, mostNegative: 0, rank: 0, effectiveRank: 0 };
    expect(psdReport([])).toEqual(none);
    expect(psdReport([0, 0])).toEqual(none);
    expect(psdReport([-1, -3])).toEqual({
      ...none,
      negativeMass: 1,
      negativeCount: 2,
      mostNegative: Number.POSITIVE_INFINITY,
    });
  });

  it("round-off counts as negative mass but not as rank", () => {
    const { rank, negativeCount } = psdReport([1, 1e-17, -1e-17]);
    expect([rank, negativeCount]).toEqual([1, 1]);
  });

  it("any spectrum: bounds, order and scale do not matter", () => {
    const values = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { maxLength: 20 });
    fc.assert(
      fc.property(values, (spectrum) => {
        const report = psdReport(spectrum);
        expect(report.negativeMass).toBeGreaterThanOrEqual(0);
        expect(report.negativeMass).toBeLessThanOrEqual(1);
        const positive = spectrum.filter((value) => value > 0).length;
        expect(report.rank).toBeLessThanOrEqual(positive);
        expect(report.effectiveRank).toBeLessThanOrEqual(positive * (1 + 1e-12));
        const twice = psdReport(spectrum.map((value) => 2 * value).reverse());
        expect(twice.negativeMass).toBeCloseTo(report.negativeMass, 12);
        expect(twice.effectiveRank).toBeCloseTo(report.effectiveRank, 9);
        expect(psdReport(clampSpectrum(Float64Array.from(spectrum))).negativeCount).toBe(0);
      }),
      { seed: 3 },
    );
  });

  it("names the index of what is not finite", () => {
    expect(() => psdReport([1, Number.NaN])).toThrow(DataError);
    expect(() => negativeMass([1, 2, Number.POSITIVE_INFINITY])).toThrow("Infinity at index 2");
  });

  it.skipIf(!hasLinalg)("a kernel with float32 noise: told, small, never NaN", () => {
    const report = psdReport(eigh(readLinalg("slightly-negative.npy"), 20, { vectors: false }).values);
    expect(report.negativeCount).toBeGreaterThan(0);
    expect(report.mostNegative).toBeGreaterThan(1e-9);
    expect(report.mostNegative).toBeLessThan(1e-6);
    expect(report.negativeMass).toBeLessThan(1e-5);
  });
});

describe("clampSpectrum", () => {
  it("copies, and lifts what is below the floor", () => {
    const values = Float64Array.of(2, 1e-9, -1);
    expect([...clampSpectrum(values)]).toEqual([2, 1e-9, 0]);
    expect([...clampSpectrum(values, 1e-6)]).toEqual([2, 1e-6, 1e-6]);
    expect(values[2]).toBe(-1);
  });

  it("refuses a negative floor", () => {
    expect(() => clampSpectrum(new Float64Array(1), -1)).toThrow(CallError);
    expect(() => clampSpectrum(new Float64Array(1), Number.NaN)).toThrow(CallError);
  });
});
