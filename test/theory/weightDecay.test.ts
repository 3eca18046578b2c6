import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decayedFilters,
  discreteFilters,
  flowFilters,
  momentumFilters,
  ridgeFilter,
} from "../../src/theory/index.ts";

const lambda = fc.double({ min: -9, max: 0, noNaN: true }).map((x) => 10 ** x);
const decay = fc.double({ min: -6, max: 0, noNaN: true }).map((x) => 10 ** x);
const kinds = [discreteFilters(0.5), flowFilters(0.5), momentumFilters(0.5, 0.8)];

describe("weight decay towards the pretrained point", () => {
  it("is what explicit steps a ← a + α(λ(1 − a) − μa) make", () => {
    fc.assert(
      fc.property(lambda, decay, fc.integer({ min: 0, max: 200 }), (value, mu, t) => {
        let learned = 0;
        for (let s = 0; s < t; s++) learned += 0.5 * (value * (1 - learned) - mu * learned);
        const filters = decayedFilters(kinds[0], mu);
        expect(Math.abs(filters.learned(value, t) - learned)).toBeLessThan(1e-13);
        expect(Math.abs(filters.residual(value, t) - (1 - learned))).toBeLessThan(1e-13);
        expect(filters.dual(value, t) * value).toBeCloseTo(learned, 12);
      }),
    );
  });

  it("at t = ∞ is ridge of penalty μ, and never learns more than that or than descent without decay", () => {
    fc.assert(
      fc.property(lambda, decay, fc.integer({ min: 0, max: 1000 }), (value, mu, t) => {
        const ridge = ridgeFilter(value, 1 / mu);
        for (const plain of kinds) {
          const filters = decayedFilters(plain, mu);
          expect(filters.learned(value, Infinity) / ridge).toBeCloseTo(1, 12);
          expect(filters.learned(value, t) + filters.residual(value, t)).toBeCloseTo(1, 11);
        }
        const flow = decayedFilters(kinds[1], mu);
        expect(flow.learned(value, t)).toBeLessThanOrEqual(ridge * (1 + 1e-12));
        expect(flow.learned(value, t)).toBeLessThanOrEqual(kinds[1].learned(value, t) * (1 + 1e-12));
      }),
    );
  });

  it("learns nothing at λ ≤ 0, is the plain method at μ = 0, and refuses μ < 0", () => {
    for (const plain of kinds) {
      const filters = decayedFilters(plain, 0.1);
      for (const value of [0, -1e-9]) {
        expect([filters.residual(value, 9), filters.learned(value, 9)]).toEqual([1, 0]);
        expect(filters.dual(value, Infinity)).toBeCloseTo(10, 12);
      }
      expect(decayedFilters(plain, 0)).toBe(plain);
    }
    expect(() => decayedFilters(kinds[0], -1)).toThrow(/weightDecay/);
  });
});
