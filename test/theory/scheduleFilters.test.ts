import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { spectrumFilters } from "../../src/theory/filters.ts";
import { cosineSchedule, discreteFilters, scheduleFilters, stepClock } from "../../src/theory/index.ts";

const cosine = cosineSchedule({ peak: 1, steps: 300, warmup: 20 });

/** Π (1 − α_s λ), one factor after the other. */
const product = (alphas: ArrayLike<number>, lambda: number, t: number) => {
  let left = 1;
  for (let s = 0; s < t; s++) left *= 1 - alphas[s] * lambda;
  return left;
};

describe("filters of a schedule", () => {
  it("S_t is the product over the steps, for small and for large λ", () => {
    const filters = scheduleFilters(stepClock("test", cosine));
    fc.assert(
      fc.property(
        fc.double({ min: -12, max: 0.28, noNaN: true }),
        fc.integer({ min: 0, max: 320 }),
        (e, t) => {
          const lambda = 10 ** e;
          const S = product(cosine, lambda, Math.min(t, 300));
          expect(Math.abs(filters.residual(lambda, t) - S)).toBeLessThanOrEqual(1e-12 * Math.abs(S) + 1e-14);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("1 − S_t and (1 − S_t)/λ keep full relative precision near λ = 0: η_t − λ Σ_{r<s} α_r α_s + …", () => {
    const clock = stepClock("test", cosine);
    const filters = scheduleFilters(clock);
    const eta = clock.eta(300);
    const squares = cosine.reduce((sum, alpha) => sum + alpha * alpha, 0);
    for (const lambda of [1e-9, 1e-12, 1e-200]) {
      const second = (eta * eta - squares) / 2;
      expect(filters.dual(lambda, 300) / (eta - lambda * second)).toBeCloseTo(1, 12);
      expect(filters.learned(lambda, 300) / (lambda * (eta - lambda * second))).toBeCloseTo(1, 12);
    }
    expect(filters.dual(0, 300)).toBe(eta);
    expect(filters.dual(5e-324, 300)).toBeCloseTo(eta, 8);
  });

  it("with equal steps they are those of a constant step", () => {
    const filters = scheduleFilters(stepClock("test", new Array(500).fill(0.4)));
    const constant = discreteFilters(0.4);
    for (const lambda of [0, -1e-18, 1e-8, 0.01, 1, 1.24, 1.26, 2, 2.5, 4]) {
      for (const t of [0, 1, 2, 63, 64, 65, 500]) {
        for (const name of ["residual", "learned", "dual"] as const) {
          const [a, b] = [filters[name](lambda, t), constant[name](lambda, t)];
          expect(Math.abs(a - b)).toBeLessThanOrEqual(1e-12 * Math.max(1e-3, Math.abs(b)));
        }
      }
    }
  });

  it("a whole spectrum at once is one direction at a time, to two units in the last place, in any order of steps", () => {
    const values = Float64Array.of(1.9, 1, 0.6, 0.5, 0.3, 1e-3, 1e-9, 0, 0);
    for (const filters of [
      scheduleFilters(stepClock("test", cosine)),
      discreteFilters(0.5),
      discreteFilters(1),
    ]) {
      const at = spectrumFilters(filters, values);
      for (const t of [0, 200, 3, 64, 65, 300, 1]) {
        const { left, learned } = at(t);
        values.forEach((value, i) => {
          const close = (got: number, asked: number) =>
            expect(Math.abs(got - asked)).toBeLessThanOrEqual(4 * Number.EPSILON * Math.abs(asked));
          close(left[i], filters.residual(value, t));
          close(learned[i], filters.learned(value, t));
        });
      }
    }
  });
});
