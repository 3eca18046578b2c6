import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { discreteFilters, momentumFilters } from "../../src/theory/index.ts";

const lambda = fc.double({ min: -12, max: 0.5, noNaN: true }).map((x) => 10 ** x);
const momentum = fc.double({ min: 0.01, max: 0.99, noNaN: true });

/** S_t and D_t by t explicit steps. */
function byHand(alpha: number, m: number, value: number, t: number) {
  let [D, w] = [0, 0];
  for (let s = 0; s < t; s++) {
    w = m * w + alpha * (1 - value * D);
    D += w;
  }
  return { S: 1 - value * D, D };
}

describe("heavy ball", () => {
  it("is what t explicit steps make, up to the limit 2(1 + m)/λ", () => {
    fc.assert(
      fc.property(lambda, momentum, fc.integer({ min: 0, max: 300 }), (value, m, t) => {
        const alpha = Math.min(1, (1.99 * (1 + m)) / value);
        const filters = momentumFilters(alpha, m);
        const { S, D } = byHand(alpha, m, value, t);
        expect(Math.abs(filters.residual(value, t) - S)).toBeLessThan(1e-11);
        expect(Math.abs(filters.dual(value, t) / Math.max(D, alpha) - D / Math.max(D, alpha))).toBeLessThan(
          1e-11,
        );
        expect(filters.learned(value, t) + filters.residual(value, t)).toBeCloseTo(1, 11);
      }),
    );
  });

  it("at the double root αλ = (1 − √m)² is rᵗ(1 + bt) with r = √m", () => {
    const root = 0.8; // √m, and both roots of the characteristic equation
    const filters = momentumFilters((1 - root) ** 2, root * root);
    // S_0 = 1 and S_1 = 1 − αλ fix S_t = rᵗ (1 + b t), b = S_1/r − 1
    const b = (1 - (1 - root) ** 2) / root - 1;
    for (const t of [0, 1, 2, 10, 100])
      expect(filters.residual(1, t)).toBeCloseTo(root ** t * (1 + b * t), 14);
  });

  it("without momentum is plain descent, with it runs on the clock αt/(1 − m)", () => {
    const plain = discreteFilters(0.1);
    for (const t of [0, 3, 50]) expect(momentumFilters(0.1, 0).residual(0.7, t)).toBe(plain.residual(0.7, t));
    const filters = momentumFilters(1e-7, 0.9);
    expect(filters.stepSize).toBeCloseTo(1e-6, 18);
    // small steps: the flow at that clock, later by the start-up of m/(1 − m) steps
    const eta = (t: number) => filters.stepSize * (t - 9);
    expect(filters.residual(1, 2e6)).toBeCloseTo(Math.exp(-eta(2e6)), 5);
  });

  it("keeps full relative precision near λ = 0, and has limits at t = 0 and ∞", () => {
    const [alpha, m, t] = [0.5, 0.9, 1000];
    const filters = momentumFilters(alpha, m);
    const D0 = byHand(alpha, m, 0, t).D;
    for (const value of [0, -1e-9, 1e-20, 1e-300]) expect(filters.dual(value, t) / D0).toBeCloseTo(1, 13);
    expect(filters.learned(1e-20, t) / (1e-20 * D0)).toBeCloseTo(1, 13);
    expect([filters.residual(0, t), filters.learned(-1, t), filters.dual(0, Infinity)]).toEqual([1, 0, 0]);
    expect([filters.residual(2, Infinity), filters.dual(2, Infinity)]).toEqual([0, 0.5]);
    expect([filters.residual(2, 0), filters.learned(2, 0), filters.dual(2, 0)]).toEqual([1, 0, 0]);
  });

  it("beyond its limit grows to infinity and never to NaN", () => {
    const filters = momentumFilters(1, 0.5);
    expect(Math.abs(filters.residual(2.9, 4000))).toBeLessThan(1);
    expect(Math.abs(filters.residual(3.1, 4000))).toBeGreaterThan(1e6);
    for (const t of [1e5, 1e5 + 1, 2 ** 40, Infinity]) {
      for (const value of [filters.residual(50, t), filters.learned(50, t), filters.dual(50, t)]) {
        expect(Math.abs(value)).toBe(Infinity);
      }
    }
    expect(() => momentumFilters(1, 1)).toThrow(/below 1/);
    expect(() => momentumFilters(0, 0.5)).toThrow(/stepSize/);
  });
});
