import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { randomStream } from "../../src/random.ts";
import { decompose } from "../../src/theory/eigenbasis.ts";
import {
  flowFilters,
  gradientDescentMse,
  kernelRidge,
  ridgeEquivalent,
  ridgeFilter,
  ridgePath,
} from "../../src/theory/index.ts";
import { relativeDistance } from "../support/matrices.ts";
import { spectra, task } from "./kernels.ts";

const small = task({ n: 12, outputs: 2, signal: 1, offset: 0.4, seed: 8, held: 6 });
const residual = small.targets.map((y, i) => y - small.f0[i]);

describe("kernel ridge regression", () => {
  it("solves (Θ + nρI) c = r, and predicts f₀ + Θ(x, X) c", async () => {
    const penalty = 0.07;
    const { dual: c, residual: left, predict, degrees } = await kernelRidge({ ...small, residual, penalty });
    const N = c.length;
    for (let i = 0; i < N; i++) {
      let sum = small.n * penalty * c[i];
      for (let j = 0; j < N; j++) sum += small.kernel[i * N + j] * c[j];
      expect(sum).toBeCloseTo(residual[i], 12);
      // first-order condition: Y − f = nρ c
      expect(left[i]).toBeCloseTo(small.n * penalty * c[i], 12);
    }
    const f = small.testF0.map((f0, m) => c.reduce((sum, w, j) => sum + small.cross[m * N + j] * w, f0));
    expect(relativeDistance(predict({ cross: small.cross, f0: small.testF0 }), f)).toBeLessThan(1e-12);
    const { values } = await decompose(small.kernel, small.n);
    const trace = values.reduce((sum, value) => sum + Math.max(0, value) / (Math.max(0, value) + penalty), 0);
    expect(degrees).toBeCloseTo(trace, 10);
  });

  it("at penalty 1/η stays beside gradient descent at η: never ahead, never by more than the filter ratio", async () => {
    const { values } = await decompose(small.kernel, small.n);
    const stepSize = 1 / values[0];
    const gd = await gradientDescentMse({ ...small, residual, stepSize, dynamics: "flow" });
    for (const t of [1, 10, 100]) {
      const ridge = await kernelRidge({ ...small, residual, penalty: ridgeEquivalent(stepSize * t) });
      expect(gd.loss(t)).toBeLessThanOrEqual(ridge.loss * (1 + 1e-12));
      const fitted = (left: Float64Array) => Math.hypot(...left.map((value, i) => residual[i] - value));
      expect(fitted(gd.residual(t))).toBeLessThanOrEqual(1.2984256076 * fitted(ridge.residual));
    }
  });

  it("the path of both side by side is each of them alone, within its bounds", async () => {
    const { values } = await decompose(small.kernel, small.n);
    const steps = [0, 1, 4, 30, 1000];
    for (const dynamics of ["discrete", "flow"] as const) {
      const all = { ...small, residual, stepSize: 1 / values[0], dynamics };
      const path = await ridgePath({ ...all, steps });
      const gd = await gradientDescentMse(all);
      for (const [k, t] of steps.entries()) {
        expect(path.descent.loss[k]).toBeCloseTo(gd.loss(t), 12);
        expect(path.ratio[k][0]).toBeGreaterThanOrEqual(1 - 1e-12);
        expect(path.ratio[k][1]).toBeLessThanOrEqual(dynamics === "flow" ? 1.298425607527 : 2 + 1e-12);
        expect(path.distance[k]).toBeLessThanOrEqual(dynamics === "flow" ? 0.20364 : 0.5 + 1e-12);
        if (t === 0) continue;
        const ridge = await kernelRidge({ ...small, residual, penalty: path.penalty[k] });
        expect(path.ridge.loss[k]).toBeCloseTo(ridge.loss, 12);
        expect(path.ridge.degrees[k]).toBeCloseTo(ridge.degrees, 10);
        const apart = Math.hypot(...gd.residual(t).map((left, i) => left - ridge.residual[i]));
        expect(path.distance[k]).toBeCloseTo(apart / Math.hypot(...residual), 12);
      }
      expect([path.penalty[0], path.distance[0], path.descent.degrees[0]]).toEqual([Infinity, 0, 0]);
    }
  });

  it("filters: differ by 0.2036 at most, and descent's risk is at most 1.6859 times ridge's", () => {
    fc.assert(
      fc.property(spectra, fc.double({ min: -3, max: 5, noNaN: true }), fc.integer(), (values, x, seed) => {
        const eta = 10 ** x / values[0];
        const flow = flowFilters(1);
        const { gaussian } = randomStream(seed);
        let [descent, ridge] = [0, 0];
        for (const lambda of values) {
          const [a, b] = [flow.learned(lambda, eta), ridgeFilter(lambda, eta)];
          expect(a - b).toBeGreaterThanOrEqual(-1e-15);
          expect(a - b).toBeLessThanOrEqual(0.20364);
          const energy = gaussian() ** 2;
          descent += (1 - a) ** 2 * energy + 0.3 * a * a;
          ridge += (1 - b) ** 2 * energy + 0.3 * b * b;
        }
        expect(descent).toBeLessThanOrEqual(1.298425607527 ** 2 * ridge * (1 + 1e-12));
      }),
    );
  });

  it("numbers for one text, a kernel of zeros and no residual", async () => {
    const one = await ridgePath({
      ...{ kernel: Float64Array.of(0), n: 1, residual: Float64Array.of(0), stepSize: 1 },
      steps: [0, 7],
    });
    expect([one.ratio, one.distance, one.descent.loss]).toEqual([
      [
        [1, 1],
        [1, 1],
      ],
      [0, 0],
      [0, 0],
    ]);
  });

  it("refuses a penalty or a clock of 0", async () => {
    await expect(kernelRidge({ ...small, residual, penalty: 0 })).rejects.toThrow(/penalty/);
    expect(() => ridgeEquivalent(0)).toThrow(/eta above 0/);
    expect(ridgeEquivalent(4)).toBe(0.25);
  });
});
