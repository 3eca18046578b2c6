import { describe, expect, it } from "vitest";
import { decompose } from "../../src/theory/eigenbasis.ts";
import { gradientDescentMse, kernelRidge, ridgeEquivalent } from "../../src/theory/index.ts";
import { relativeDistance } from "../support/matrices.ts";
import { task } from "./kernels.ts";

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

  it("refuses a penalty or a clock of 0", async () => {
    await expect(kernelRidge({ ...small, residual, penalty: 0 })).rejects.toThrow(/penalty/);
    expect(() => ridgeEquivalent(0)).toThrow(/eta above 0/);
    expect(ridgeEquivalent(4)).toBe(0.25);
  });
});
