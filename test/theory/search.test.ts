import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { firstStep, minimise, stepGrid, stretchWithin } from "../../src/theory/search.ts";

const rates = fc.array(fc.double({ min: -5, max: 0, noNaN: true }), { minLength: 1, maxLength: 5 });
const curve = fc.record({ fall: rates, rise: rates, weight: fc.double({ min: 0.01, max: 3, noNaN: true }) });

/** A sum of decaying and of growing exponentials, as risk is. */
const risk =
  ({ fall, rise, weight }: { fall: number[]; rise: number[]; weight: number }) =>
  (t: number) => {
    let sum = 0;
    for (const rate of fall) sum += Math.exp(-2 * t * 10 ** rate) / fall.length;
    for (const rate of rise) sum += (weight * Math.expm1(-t * 10 ** rate) ** 2) / rise.length;
    return sum;
  };

describe("minimise", () => {
  it("finds the least value that looking at every step finds", () => {
    fc.assert(
      fc.property(curve, fc.integer({ min: 0, max: 4000 }), (drawn, last) => {
        const f = risk(drawn);
        let least = Number.POSITIVE_INFINITY;
        for (let t = 0; t <= last; t++) least = Math.min(least, f(t));
        const found = minimise(f, last);
        expect(found.value).toBe(f(found.step));
        // to the rounding of the sum: on a plateau equal values round differently
        expect(found.value - least).toBeLessThanOrEqual(1e-15);
      }),
      { numRuns: 200 },
    );
  });

  it("a parabola far out, exactly", () => {
    for (const at of [0, 1, 63, 64, 65, 777, 54321, 99999, 100000]) {
      const found = minimise((t) => (t - at) ** 2, 100000);
      expect(found.step).toBe(at);
      expect(found.steps.length).toBeLessThan(350);
    }
  });

  it("a single step to choose from", () => {
    expect(minimise(() => 3, 0)).toMatchObject({ step: 0, value: 3, steps: [0], values: [3] });
  });

  it("earlier on ties; what is not finite counts as +∞ and is not listed", () => {
    expect(minimise(() => 1, 500).step).toBe(0);
    const found = minimise((t) => (t > 40 ? Number.NaN : (t - 50) ** 2), 1000);
    expect(found.step).toBe(40);
    expect(Math.max(...found.steps)).toBe(40);
    expect(found.at(41)).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("firstStep", () => {
  it("is exact for conditions that stay true", () => {
    fc.assert(
      fc.property(fc.nat(3000), fc.nat(3000), (from, last) => {
        expect(firstStep((t) => t >= from, last)).toBe(from <= last ? from : null);
      }),
    );
  });
});

describe("stretchWithin", () => {
  it("first step under the bound, last step of the stretch with the minimum", () => {
    const minimum = minimise((t) => (Math.log(t + 1) - Math.log(501)) ** 2, 10000);
    const bound = Math.log(2) ** 2 + 1e-12;
    expect(stretchWithin(minimum, bound)).toEqual({ first: 250, last: 1001 });
    expect(stretchWithin(minimum, 0)).toEqual({ first: 500, last: 500 });
    expect(stretchWithin(minimum, 1e9)).toEqual({ first: 0, last: 10000 });
  });

  it("the grid starts at 0, ends at the last step and rises", () => {
    for (const last of [0, 1, 64, 65, 1000]) {
      const grid = stepGrid(last);
      expect([grid[0], grid[grid.length - 1]]).toEqual([0, last]);
      expect(grid.every((t, i) => i === 0 || t > grid[i - 1])).toBe(true);
    }
  });
});
