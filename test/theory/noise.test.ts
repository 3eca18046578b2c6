import { describe, expect, it } from "vitest";
import { randomStream } from "../../src/random.ts";
import { decompose, project } from "../../src/theory/eigenbasis.ts";
import {
  boundedLabelNoise,
  crossValidationNoise,
  lateResidualNoise,
  lateResidualNoiseOf,
  nearestNeighbourNoise,
  replicateNoise,
} from "../../src/theory/index.ts";
import { rulePath } from "../../src/theory/rules/path.ts";
import { sobolev } from "./kernels.ts";

/** f* of the Sobolev example with noise 0.3 on 200 points. */
function noisy(seed: number) {
  const { kernel, target } = sobolev(200);
  const { gaussian } = randomStream(seed);
  return { kernel, residual: target.map((value) => value + 0.3 * gaussian()) };
}

describe("noise level", () => {
  it("late residual: 0.3 within 10 % on a smooth target", async () => {
    const { values, vectors } = await decompose(sobolev(200).kernel, 200);
    for (const seed of [1, 2, 3]) {
      const path = rulePath(values, project(vectors, noisy(seed).residual), 1 / values[0], 100000);
      const { sigma, source } = lateResidualNoise(path);
      expect(Math.abs(sigma / 0.3 - 1)).toBeLessThan(0.1);
      expect(source).toMatch(/residual left at step \d+/);
    }
  });

  it("nearest neighbours: 0.3 within 15 %; identical texts are repeated labels", () => {
    for (const seed of [1, 2, 3]) {
      const { sigma } = nearestNeighbourNoise({ ...noisy(seed), n: 200, outputs: 1 });
      expect(Math.abs(sigma / 0.3 - 1)).toBeLessThan(0.15);
    }
    const pairs = Float64Array.of(2, 2, 0, 0, 2, 2, 0, 0, 0, 0, 3, 3, 0, 0, 3, 3);
    const residual = Float64Array.of(1, 0, 5, 3);
    // mean over texts of half the squared difference: (1 + 1 + 4 + 4)/8
    expect(nearestNeighbourNoise({ kernel: pairs, n: 4, outputs: 1, residual }).sigma).toBeCloseTo(
      Math.sqrt(1.25),
      14,
    );
  });

  it("σ² = 2·error/C at the cross-validation minimum", () => {
    expect(crossValidationNoise({ error: 0.32, outputs: 4 }).sigma).toBeCloseTo(0.4, 14);
    expect(crossValidationNoise({ error: 0, outputs: 4 }).sigma).toBe(0);
  });

  it("labels in {−1, +1}: at most 1", () => {
    expect(boundedLabelNoise([1, -1, -1, 1]).sigma).toBe(1);
    expect(boundedLabelNoise([0, 1, 0]).sigma).toBe(0.5);
  });

  it("repeated labels: within-group variance, σ²/2·dof its standard error", () => {
    const input = { groups: [7, 7, 2, 7, 2, 5], targets: Float64Array.of(1, 3, 0, 2, 2, 9), outputs: 1 };
    // groups {1, 3, 2}: 2; {0, 2}: 2; {9}: 0; degrees of freedom 2 + 1
    const { sigma, standardError } = replicateNoise(input);
    expect(sigma).toBeCloseTo(Math.sqrt(4 / 3), 14);
    expect(standardError).toBeCloseTo(Math.sqrt(4 / 3 / 6), 14);
    expect(() => replicateNoise({ ...input, groups: [1, 2, 3, 4, 5, 6] })).toThrow(/more than once/);
    const { gaussian } = randomStream(5);
    const groups = Array.from({ length: 600 }, (_, i) => i % 200);
    const targets = Float64Array.from(
      { length: 1200 },
      (_, k) => (Math.floor(k / 2) % 200) + 0.3 * gaussian(),
    );
    const found = replicateNoise({ groups, targets, outputs: 2 });
    expect(Math.abs(found.sigma - 0.3)).toBeLessThan(4 * (found.standardError ?? 0));
  });

  it("standard errors are the spread over draws of the noise", async () => {
    const { values, vectors } = await decompose(sobolev(200).kernel, 200);
    const late: number[] = [];
    let said = 0;
    for (let seed = 0; seed < 60; seed++) {
      const rho = project(vectors, noisy(seed).residual);
      const found = lateResidualNoise(rulePath(values, rho, 1 / values[0], 100000));
      late.push(found.sigma);
      said += (found.standardError ?? 0) / 60;
    }
    const mean = late.reduce((a, b) => a + b, 0) / 60;
    const spread = Math.sqrt(late.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 59);
    // a standard deviation from 60 draws is known to 9 %
    expect(Math.abs(said / spread - 1)).toBeLessThan(0.35);
    const near = nearestNeighbourNoise({ ...noisy(1), n: 200, outputs: 1 });
    expect(near.standardError).toBeGreaterThan(0.005);
    expect(near.standardError).toBeLessThan(0.05);
    expect(crossValidationNoise({ error: 0.32, outputs: 4, standardError: 0.08 }).standardError).toBeCloseTo(
      0.05,
      14,
    );
  });

  it("late residual from the largest eigenvalues and the trace is that of the full spectrum, nearly", async () => {
    const { values, vectors } = await decompose(sobolev(200).kernel, 200);
    const r = noisy(1).residual;
    const rho = project(vectors, r);
    const all = { n: 200, stepSize: 1 / values[0], maxSteps: 100000 };
    const whole = lateResidualNoiseOf({ ...all, eigenvalues: values, coefficients: rho });
    const top = lateResidualNoiseOf({
      ...all,
      eigenvalues: values.slice(0, 120),
      coefficients: rho.slice(0, 120),
      trace: values.reduce((a, b) => a + b, 0),
      squaredNorm: r.reduce((sum, value) => sum + value * value, 0),
    });
    expect(Math.abs(top.sigma / whole.sigma - 1)).toBeLessThan(0.05);
  });
});
