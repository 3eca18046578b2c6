import { describe, expect, it } from "vitest";
import { randomStream } from "../../src/random.ts";
import { decompose, project } from "../../src/theory/eigenbasis.ts";
import {
  boundedLabelNoise,
  crossValidationNoise,
  lateResidualNoise,
  nearestNeighbourNoise,
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
});
