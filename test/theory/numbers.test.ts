/** Every number of theory.md §9: integers exactly, the others to all digits printed there. */
import { describe, expect, it } from "vitest";
import { decompose } from "../../src/theory/eigenbasis.ts";
import { discreteFilters, filterRatio } from "../../src/theory/filters.ts";
import { criticalRadius, learningCurve, riskCurve, stoppingTime } from "../../src/theory/index.ts";
import { sobolev, sobolevValues } from "./kernels.ts";

const stepSize = 0.25;
const stop = (n: number, sigma: number, norm = 1) =>
  stoppingTime({ eigenvalues: sobolevValues(n), n, sigma, norm, stepSize });

describe("first-order Sobolev kernel", () => {
  it("λ₁ = 0.409356047469 at n = 100, by formula and by eigendecomposition", async () => {
    expect(sobolevValues(100)[0].toFixed(12)).toBe("0.409356047469");
    const { values } = await decompose(sobolev(100).kernel, 100);
    expect(values[0].toFixed(12)).toBe("0.409356047469");
    const formula = sobolevValues(100);
    values.forEach((value, i) => {
      expect(Math.abs(value - formula[i])).toBeLessThan(1e-14);
    });
  });

  const table: [number, number[]][] = [
    [1, [5, 7, 10, 18, 31, 49]],
    [0.5, [10, 18, 31, 49, 76, 122]],
    [0.25, [30, 49, 76, 122, 195, 309]],
    [0.1, [102, 165, 260, 416, 661, 1050]],
  ];
  for (const [sigma, row] of table) {
    it(`T̂ at σ = ${sigma}, n = 25 … 800`, () => {
      expect([25, 50, 100, 200, 400, 800].map((n) => stop(n, sigma).step)).toEqual(row);
    });
  }

  it("ε̂² = 0.3716292876 at n = 100, σ = 1", () => {
    expect(stop(100, 1).criticalRadiusSquared.toFixed(10)).toBe("0.3716292876");
    const radius = criticalRadius({ eigenvalues: sobolevValues(100), n: 100, sigma: 1, norm: 1 });
    expect((radius * radius).toFixed(10)).toBe("0.3716292876");
  });

  it("T̂ = 31, 76, 194, 487 for B = 0.5, 1, 2, 4", () => {
    expect([0.5, 1, 2, 4].map((norm) => stop(100, 0.25, norm).step)).toEqual([31, 76, 194, 487]);
  });

  it("T̂ = 10, 57, 261, 1216, 5655 for n = 10² … 10⁶, and ε̂² falls as n^(−2/3)", () => {
    const found = [1e2, 1e3, 1e4, 1e5, 1e6].map((n) => stop(n, 1));
    expect(found.map(({ step }) => step)).toEqual([10, 57, 261, 1216, 5655]);
    const slopes = found
      .slice(1)
      .map((at, i) => Math.log10(at.criticalRadiusSquared / found[i].criticalRadiusSquared));
    expect(Math.abs(slopes[3] + 2 / 3)).toBeLessThan(2e-3);
    // and closer with every decade of n
    const errors = slopes.map((slope) => Math.abs(slope + 2 / 3));
    expect(errors.slice(1).every((error, i) => error < errors[i])).toBe(true);
  });

  it("exact risk at n = 100, σ = 1: 0.033356 at t = 10 (0.028856 + 0.004500), best 0.020424 at t = 91", async () => {
    const { kernel, target } = sobolev(100);
    const { values, vectors } = await decompose(kernel, 100);
    const steps = Array.from({ length: 400 }, (_, t) => t);
    const risk = riskCurve({ eigenvalues: values, vectors, target, n: 100, sigma: 1, stepSize, steps });
    expect(risk.total[10].toFixed(6)).toBe("0.033356");
    expect(risk.bias2[10].toFixed(6)).toBe("0.028856");
    expect(risk.variance[10].toFixed(6)).toBe("0.004500");
    const best = risk.total.indexOf(Math.min(...risk.total));
    expect(best).toBe(91);
    expect(risk.total[best].toFixed(6)).toBe("0.020424");
  });

  it("GD/ridge filter ratio, largest 1.102, 1.178, 1.305, 1.281, 1.296 at t = 1, 3, 10, 100, 1000", () => {
    const filters = discreteFilters(stepSize);
    const largest = [1, 3, 10, 100, 1000].map((t) =>
      Math.max(...sobolevValues(100).map((lambda) => filterRatio(filters, lambda, t))).toFixed(3),
    );
    expect(largest).toEqual(["1.102", "1.178", "1.305", "1.281", "1.296"]);
  });
});

describe("other numbers", () => {
  it("rank 5, n = 1000, σ = 1: ε̂² = 0.147781121979", () => {
    for (const eigenvalues of [
      [1, 1, 1, 1, 1],
      [9, 5, 2, 0.3, 0.15],
    ]) {
      const found = stoppingTime({ eigenvalues, n: 1000, sigma: 1, norm: 1, stepSize: 0.01 });
      expect(found.criticalRadiusSquared.toFixed(12)).toBe("0.147781121979");
    }
  });

  it("eigenlearning: κ = 0.00070318, test 0.026054, train 0.013173", () => {
    const index = Array.from({ length: 1500 }, (_, i) => i + 1);
    const size = Math.sqrt(index.reduce((sum, i) => sum + i ** -2, 0));
    const curve = learningCurve({
      eigenvalues: index.map((i) => i ** -2),
      coefficients: index.map((i) => 1 / i / size),
      n: 200,
      ridge: 0.1,
      sigma: 0.1,
    });
    expect(curve.kappa[0].toFixed(8)).toBe("0.00070318");
    expect(curve.test[0].toFixed(6)).toBe("0.026054");
    expect(curve.train[0].toFixed(6)).toBe("0.013173");
  });
});
