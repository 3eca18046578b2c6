import { describe, expect, it } from "vitest";
import { randomStream } from "../../src/random.ts";
import { ruleSensitivities, sensitivityOf, stoppingSensitivity } from "../../src/theory/index.ts";
import { sobolevValues } from "./kernels.ts";

describe("sensitivity to σ and B", () => {
  const n = 100;
  const eigenvalues = sobolevValues(n);
  const { gaussian } = randomStream(2);
  const coefficients = eigenvalues.map((value) => Math.sqrt(n * value) * gaussian() + 0.5 * gaussian());
  const input = { eigenvalues, coefficients, n, sigma: 0.5, norm: 1, stepSize: 0.25, decay: 2 };

  it("T̂ moves with σ/B alone, residual rules with σ alone, GCV with neither", () => {
    const found = ruleSensitivities(input, [0.5, 1, 2]);
    const { step } = stoppingSensitivity(input, [0.5, 1, 2]);
    expect(found.rademacher.bySigma).toEqual(step);
    expect(found.rademacher.byNorm).toEqual([...step].reverse());
    expect(found.rademacher.elasticity.sigma).toBeCloseTo(-found.rademacher.elasticity.norm, 12);
    for (const rule of ["discrepancy", "smoothed_discrepancy", "sure"] as const) {
      const { bySigma, byNorm, elasticity } = found[rule];
      expect(new Set(byNorm).size).toBe(1);
      // more noise, earlier stop
      expect(bySigma[0]).toBeGreaterThanOrEqual(bySigma[1]);
      expect(bySigma[1]).toBeGreaterThanOrEqual(bySigma[2]);
      expect(bySigma[0]).toBeGreaterThan(bySigma[2]);
      expect(elasticity.sigma).toBeLessThan(0);
      expect(elasticity.norm).toBe(0);
    }
    expect(found.gcv.elasticity).toEqual({ sigma: 0, norm: 0 });
  });

  it("elasticity of a power is its exponent", () => {
    const { elasticity } = sensitivityOf((sigma, norm) => norm ** 3 / sigma ** 2 - 1, { sigma: 2, norm: 5 });
    expect(elasticity.sigma).toBeCloseTo(-2, 12);
    expect(elasticity.norm).toBeCloseTo(3, 12);
    expect(() => sensitivityOf(() => 1, input, [1])).toThrow(/two factors/);
    expect(() => sensitivityOf(() => 1, input, [1, 0])).toThrow(/a factor/);
  });
});
