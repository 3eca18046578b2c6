import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { discreteFilters, filterRatio, flowFilters, ridgeFilter } from "../../src/theory/index.ts";

const lambda = fc.double({ min: -12, max: 0, noNaN: true }).map((x) => 10 ** x);
const step = fc.integer({ min: 0, max: 100000 });
const both = [discreteFilters(1), flowFilters(1)];

describe("filters", () => {
  it("keep the lemmas: 0 ≤ S² ≤ 1/(2eηλ), ½min(1, ηλ) ≤ 1 − S ≤ min(1, ηλ)", () => {
    fc.assert(
      fc.property(lambda, step, (lambda, t) => {
        for (const filters of both) {
          const S = filters.residual(lambda, t);
          const learned = filters.learned(lambda, t);
          const least = Math.min(1, t * lambda);
          expect(S).toBeGreaterThanOrEqual(0);
          expect(S * S * 2 * Math.E * t * lambda).toBeLessThanOrEqual(1 + 1e-12);
          expect(learned).toBeGreaterThanOrEqual(least / 2);
          expect(learned).toBeLessThanOrEqual(least * (1 + 1e-15));
          expect(S + learned).toBeCloseTo(1, 14);
        }
      }),
    );
  });

  it("are what t explicit steps make, overshooting steps included", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 2.2, noNaN: true }), fc.integer({ min: 0, max: 60 }), (y, t) => {
        const filters = discreteFilters(1);
        let S = 1;
        let dual = 0;
        for (let s = 0; s < t; s++) {
          dual += S; // (1 − S_t)/λ = α Σ_{s<t} S_s
          S *= 1 - y;
        }
        const size = Math.max(1, Math.abs(S));
        expect(Math.abs(filters.residual(y, t) - S)).toBeLessThanOrEqual(1e-12 * size);
        expect(Math.abs(filters.learned(y, t) - (1 - S))).toBeLessThanOrEqual(1e-12 * size);
        expect(Math.abs(filters.dual(y, t) - dual)).toBeLessThanOrEqual(1e-11 * Math.max(1, dual, size));
      }),
    );
  });

  it("keep relative precision near 0, down to the smallest numbers", () => {
    for (const filters of [discreteFilters(0.5), flowFilters(0.5)]) {
      for (const lambda of [1e-12, 1e-20, 1e-300, 5e-324]) {
        const eta = 0.5 * 1000;
        // αλ itself rounds to 0 below the smallest number
        if (lambda > 5e-324) expect(filters.learned(lambda, 1000) / (eta * lambda)).toBeCloseTo(1, 8);
        expect(filters.dual(lambda, 1000) / eta).toBeCloseTo(1, 8);
      }
      // second order: (1 − e^(−x))/x ≈ 1 − x/2
      expect(flowFilters(1).dual(1e-5, 1)).toBeCloseTo(1 - 5e-6 + 1e-10 / 6, 15);
    }
  });

  it("λ ≤ 0 learns nothing and has the limit η as its dual weight", () => {
    for (const filters of both) {
      for (const lambda of [0, -1e-9]) {
        expect(filters.residual(lambda, 7)).toBe(1);
        expect(filters.learned(lambda, 7)).toBe(0);
        expect(filters.dual(lambda, 7)).toBe(7);
        expect(filters.dual(lambda, Infinity)).toBe(0);
      }
    }
  });

  it("t = 0 and t = ∞", () => {
    for (const filters of both) {
      expect([filters.residual(0.3, 0), filters.learned(0.3, 0), filters.dual(0.3, 0)]).toEqual([1, 0, 0]);
      expect(filters.residual(0.3, Infinity)).toBe(0);
      expect(filters.learned(0.3, Infinity)).toBe(1);
      expect(filters.dual(0.3, Infinity)).toBeCloseTo(1 / 0.3, 14);
    }
  });
});

describe("gradient descent against ridge", () => {
  it("flow: ratio in [1, 1.298425607526], largest at ηλ = 1.793282159070", () => {
    const flow = flowFilters(1);
    expect(filterRatio(flow, 1.79328215907, 1).toFixed(12)).toBe("1.298425607526");
    const near = [1.7932, 1.7933].map((x) => filterRatio(flow, x, 1));
    expect(Math.max(...near)).toBeLessThan(1.298425607526);
    fc.assert(
      fc.property(lambda, fc.double({ min: 0, max: 1e6, noNaN: true }), (lambda, eta) => {
        const ratio = filterRatio(flow, lambda, eta);
        expect(ratio).toBeGreaterThanOrEqual(1 - 1e-12);
        expect(ratio).toBeLessThanOrEqual(1.298425607527);
        if (eta > 0) expect(ratio * ridgeFilter(lambda, eta)).toBeCloseTo(flow.learned(lambda, eta), 12);
      }),
    );
  });

  it("discrete steps: ratio in [1, 2]", () => {
    expect(filterRatio(discreteFilters(1), 1, 1)).toBe(2);
    fc.assert(
      fc.property(lambda, step, (lambda, t) => {
        const ratio = filterRatio(discreteFilters(1), lambda, t);
        expect(ratio).toBeGreaterThanOrEqual(1 - 1e-12);
        expect(ratio).toBeLessThanOrEqual(2 + 1e-12);
      }),
    );
  });
});
