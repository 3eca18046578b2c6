import { describe, expect, it } from "vitest";
import { advance, type Field, type WalkState } from "../../src/theory/dormandPrince.ts";

/** y′ = (−y₁, y₀ + y₀²): no symmetry that could hide an error of order. */
const slope = (y: Float64Array) => Float64Array.of(-y[1], y[0] + y[0] * y[0]);
const from = (y: Float64Array, step: number): WalkState => ({ time: 0, y, slope: slope(y), step });
const loose: Field = { slope, error: () => 0, firstStep: () => 1 };
const y0 = Float64Array.of(0.3, 0.1);

/** A reference by many small steps. */
function exact(time: number): Float64Array {
  let state = from(y0, time / 512);
  for (let i = 0; i < 512; i++) {
    const leg = advance(loose, { ...state, step: time / 512 });
    state = leg?.to ?? state;
  }
  return state.y;
}
const distance = (a: Float64Array, b: Float64Array) => Math.hypot(a[0] - b[0], a[1] - b[1]);

describe("Dormand–Prince", () => {
  it("has local error h⁶ at the end of a step and h⁵ inside it", () => {
    const errors = [0.4, 0.2, 0.1].map((h) => {
      const leg = advance(loose, from(y0, h));
      if (!leg) throw new Error("no step");
      return { end: distance(leg.to.y, exact(h)), inside: distance(leg.at(0.6 * h), exact(0.6 * h)) };
    });
    for (let i = 1; i < 3; i++) {
      expect(Math.log2(errors[i - 1].end / errors[i].end)).toBeGreaterThan(5.6);
      expect(Math.log2(errors[i - 1].inside / errors[i].inside)).toBeGreaterThan(4.6);
    }
  });

  it("keeps the error it was told to: a decade of tolerance is a decade of error", () => {
    const walk = (tolerance: number) => {
      const field: Field = {
        slope,
        error: (e) => Math.hypot(e[0], e[1]) / tolerance,
        firstStep: () => 0.01,
      };
      let state = from(y0, 0);
      for (let steps = 1; ; steps++) {
        const leg = advance(field, state);
        if (!leg) throw new Error("no step");
        if (leg.to.time >= 3) return { steps, error: distance(leg.at(3), exact(3)) };
        state = leg.to;
      }
    };
    for (const tolerance of [1e-5, 1e-7, 1e-9]) {
      const { error } = walk(tolerance);
      expect(error).toBeLessThan(30 * tolerance);
    }
    expect(walk(1e-9).steps / walk(1e-5).steps).toBeLessThan(10);
  });

  it("throws steps away until they are good enough, and gives up on a field that is not finite", () => {
    const strict: Field = { slope, error: (e) => Math.hypot(e[0], e[1]) / 1e-9, firstStep: () => 2 };
    const leg = advance(strict, from(y0, 0));
    expect(leg?.rejected).toBeGreaterThan(0);
    expect(leg?.to.time).toBeLessThan(0.5);
    const broken: Field = { ...loose, error: () => Number.NaN };
    expect(advance(broken, from(y0, 1))).toBe(null);
  });
});
