import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { randomStream } from "../../src/random.ts";
import { decompose, project } from "../../src/theory/eigenbasis.ts";
import {
  cosineSchedule,
  type Guarantee,
  guarantees,
  riskCurve,
  scheduleFilters,
  stepClock,
} from "../../src/theory/index.ts";
import { riskAt } from "../../src/theory/risk.ts";
import { sobolev, spectra } from "./kernels.ts";

const steps = [1, 2, 3, 5, 10, 20, 50, 100, 400, 3000];
const holds = ({ side }: Guarantee, risk: number, bound: number) =>
  side === "upper" ? risk <= bound * (1 + 1e-9) : risk >= bound * (1 - 1e-9);

describe("guarantees", () => {
  it("every derived bound, and the recalled ones from above, hold for the exact risk of any g with ‖g‖_H = B", () => {
    fc.assert(
      fc.property(
        spectra,
        fc.double({ min: 0.05, max: 3, noNaN: true }),
        fc.boolean(),
        fc.integer({ min: 0, max: 2 ** 30 }),
        (eigenvalues, sigma, listed, seed) => {
          const n = eigenvalues.length;
          const { gaussian } = randomStream(seed);
          const a = eigenvalues.map(() => gaussian());
          const norm = Math.sqrt(eigenvalues.reduce((sum, value, i) => sum + (value > 0 ? a[i] ** 2 : 0), 0));
          fc.pre(norm > 0);
          // g = Σ √(nλ) a_i u_i
          const energy = a.map((value, i) => n * eigenvalues[i] * value ** 2);
          const alpha = 1 / eigenvalues[0];
          const stepSize = listed
            ? cosineSchedule({ peak: alpha, steps: 3000, warmup: 9, floor: 0.1 })
            : alpha;
          const said = guarantees({ eigenvalues, n, sigma, norm, stepSize, steps });
          const filters = scheduleFilters(stepClock("test", stepSize));
          for (const guarantee of said.guarantees) {
            if (guarantee.side === "lower" && guarantee.constant === "recalled") continue;
            guarantee.step.forEach((t, k) => {
              if (t > 1e5) return;
              const at = { values: eigenvalues, energy, rest: 0, n, sigma };
              const { bias2, variance } = riskAt(filters, t, at);
              const { formula } = guarantee;
              expect({ formula, t, holds: holds(guarantee, bias2 + variance, guarantee.bound[k]) }).toEqual({
                formula,
                t,
                holds: true,
              });
            });
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it("all of them on the Sobolev example; regions follow T̂", async () => {
    const { kernel, target } = sobolev(100);
    const { values, vectors } = await decompose(kernel, 100);
    const input = { eigenvalues: values, n: 100, sigma: 1, norm: 1, stepSize: 0.25, steps };
    const { stop, guarantees: all } = guarantees(input);
    expect(stop.step).toBe(10);
    const g = project(vectors, target);
    for (const guarantee of all) {
      const risk = riskCurve({ ...input, coefficients: g, steps: guarantee.step });
      guarantee.step.forEach((_, k) => {
        expect(holds(guarantee, risk.total[k], guarantee.bound[k])).toBe(true);
      });
    }
    expect(all.map(({ region, side, constant }) => `${region} ${side} ${constant}`)).toEqual([
      "before upper derived",
      "before upper recalled",
      "at upper derived",
      "at upper recalled",
      "after upper derived",
      "after lower derived",
      "after lower recalled",
    ]);
    expect(all[0].step).toEqual([1, 2, 3, 5]);
    expect(all[2].step).toEqual([10]);
    expect(all[4].step).toEqual([20, 50, 100, 400, 3000]);
    expect(all[3].bound[0]).toBeCloseTo(12 * 0.3716292876, 8);
    expect(all[2].bound[0]).toBeCloseTo((0.5 + 1 / (4 * Math.E)) / Math.E / 2.5, 12);
  });

  it("the largest eigenvalues and the trace give the same bounds from above", () => {
    const { values } = sobolev(100);
    const trace = values.reduce((sum, value) => sum + value, 0);
    const input = { n: 100, sigma: 1, norm: 1, stepSize: 0.25, steps: [1, 5, 20] };
    const whole = guarantees({ ...input, eigenvalues: values });
    const top = guarantees({ ...input, eigenvalues: values.slice(0, 8), trace });
    whole.guarantees.forEach((guarantee, i) => {
      if (guarantee.side === "lower" && guarantee.constant === "derived") {
        guarantee.bound.forEach((bound, k) => {
          expect(top.guarantees[i].bound[k]).toBeLessThanOrEqual(bound);
        });
      } else {
        guarantee.bound.forEach((bound, k) => {
          expect(top.guarantees[i].bound[k]).toBeCloseTo(bound, 12);
        });
      }
    });
  });

  it("refuses σ = 0, B = 0 and steps above 1/λ₁", () => {
    const input = { eigenvalues: [1, 0.5], n: 2, sigma: 1, norm: 1, stepSize: 1, steps: [1] };
    expect(() => guarantees({ ...input, sigma: 0 })).toThrow(/sigma/);
    expect(() => guarantees({ ...input, norm: 0 })).toThrow(/norm/);
    expect(() => guarantees({ ...input, stepSize: 1.5 })).toThrow(/1\/λ₁/);
  });
});
