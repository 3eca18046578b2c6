import { describe, expect, it } from "vitest";
import { criticalRadius, decayRadius, fitDecay } from "../../src/theory/index.ts";

const make = (n: number, f: (j: number) => number) => Float64Array.from({ length: n }, (_, i) => f(i + 1));

describe("radius and rate implied by a decay", () => {
  const shapes: [string, (j: number) => number, number][] = [
    ["power 2", (j) => 3 * j ** -2, 0.03],
    ["power 3", (j) => 0.5 * j ** -3, 0.06],
    ["exponential", (j) => 2 * Math.exp(-0.3 * j), 0.03],
  ];
  for (const [name, shape, tolerance] of shapes) {
    it(`of ${name}: near the radius of the spectrum itself, and its slope in n`, () => {
      const eigenvalues = make(name === "exponential" ? 100 : 4000, shape);
      const fit = fitDecay(eigenvalues);
      for (const n of [1e4, 1e6]) {
        const of = (n: number) => ({ n, sigma: 0.3, norm: 2 });
        const exact = (n: number) => criticalRadius({ eigenvalues, ...of(n) }) ** 2;
        const found = decayRadius({ fit, ...of(n) });
        expect(Math.abs(found.radiusSquared / exact(n) - 1)).toBeLessThan(tolerance);
        const slope = Math.log(exact(8 * n) / exact(n / 8)) / Math.log(64);
        expect(Math.abs(found.slope - slope)).toBeLessThan(0.02);
        const own = decayRadius({ fit, ...of(n * 1.001) }).radiusSquared / found.radiusSquared;
        expect(Math.log(own) / Math.log(1.001)).toBeCloseTo(found.slope, 3);
      }
    });
  }

  it("of finite rank exactly", () => {
    const fit = fitDecay(make(60, (j) => (j <= 5 ? 1 : 0)));
    const { radiusSquared, slope } = decayRadius({ fit, n: 1000, sigma: 1, norm: 1 });
    expect(radiusSquared.toFixed(12)).toBe("0.147781121979"); // theory.md §9
    expect(slope).toBe(-1);
  });

  it("refuses a decay that is too slow, and no noise", () => {
    const fit = fitDecay(make(200, (j) => j ** -0.8));
    expect(() => decayRadius({ fit, n: 10, sigma: 1, norm: 1 })).toThrow(/faster than 1\/j/);
    expect(() => decayRadius({ fit, n: 10, sigma: 0, norm: 1 })).toThrow(/sigma/);
  });
});
