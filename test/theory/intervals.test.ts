import { describe, expect, it } from "vitest";
import { randomStream } from "../../src/random.ts";
import { decompose, project } from "../../src/theory/eigenbasis.ts";
import {
  bootstrapSteps,
  bootstrapStoppingTime,
  rademacherRule,
  steinUnbiasedRisk,
  stoppingInterval,
  stoppingTime,
} from "../../src/theory/index.ts";
import { sobolev, sobolevValues, task } from "./kernels.ts";

const n = 30;
const { kernel, target } = sobolev(n);
const { gaussian } = randomStream(1);
const residual = target.map((value) => value + 0.3 * gaussian());
const shared = { kernel, n, outputs: 1, residual, stepSize: 0.25, sigma: 0.3, norm: 1 };

describe("over resampled examples", () => {
  it("a resample has the spectrum and the path of the kernel with its rows repeated", async () => {
    const many = task({ n: 12, outputs: 2, signal: 0.5, seed: 1 });
    const r = many.targets.map((y) => y - 0.3);
    const seen: number[] = [];
    await bootstrapSteps({ ...many, residual: r, samples: 1, seed: 4 }, (sample) => {
      seen.push(...sample.eigenvalues.slice(0, 6));
      return 0;
    });
    // the same draw, rows written out
    const random = randomStream(4);
    const drawn = Array.from({ length: 12 }, () => random.integer(12)).sort((a, b) => a - b);
    const rows = drawn.flatMap((i) => [2 * i, 2 * i + 1]);
    const repeated = Float64Array.from({ length: 24 * 24 }, (_, k) => {
      return many.kernel[rows[Math.floor(k / 24)] * 24 + rows[k % 24]];
    });
    const { values, vectors } = await decompose(repeated, 12);
    seen.forEach((value, i) => {
      expect(value).toBeCloseTo(values[i], 12);
    });
    const rule = { stepSize: 1 / values[0], sigma: 0.4, n: 12, outputs: 2, maxSteps: 500 };
    const whole = steinUnbiasedRisk({
      ...rule,
      eigenvalues: values,
      coefficients: project(
        vectors,
        Float64Array.from(rows, (row) => r[row]),
      ),
    });
    const { steps } = await bootstrapSteps(
      { ...many, residual: r, samples: 1, seed: 4 },
      (sample) => steinUnbiasedRisk({ ...rule, ...sample }).step,
    );
    expect(steps).toEqual([whole.step]);
  });

  it("seeded; covers T̂ of the sample; σ and B drawn beside it widen it", async () => {
    const only = await bootstrapStoppingTime({ ...shared, samples: 60, seed: 3 });
    expect(await bootstrapStoppingTime({ ...shared, samples: 60, seed: 3 })).toEqual(only);
    const { step } = rademacherRule({ ...shared, eigenvalues: sobolevValues(n) });
    expect(only.interval[0]).toBeLessThanOrEqual(step + 1);
    expect(only.interval[1]).toBeGreaterThanOrEqual(step - 1);
    const both = await bootstrapStoppingTime({ ...shared, samples: 60, seed: 3, sigmaError: 0.15 });
    const width = ([low, high]: [number, number]) => high - low;
    expect(width(both.interval)).toBeGreaterThan(width(only.interval));
    expect(only.steps.length).toBe(60);
  });

  it("can be interrupted, refuses wrong shapes", async () => {
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(bootstrapStoppingTime({ ...shared, signal })).rejects.toThrow("enough");
    await expect(bootstrapStoppingTime({ ...shared, residual: new Float64Array(2) })).rejects.toThrow(
      /residual/,
    );
  });
});

describe("over σ and B", () => {
  it("is T̂ at the percentiles of log(σ/B)", () => {
    const all = { eigenvalues: sobolevValues(100), n: 100, sigma: 0.25, norm: 1, stepSize: 0.05 };
    const { interval, median } = stoppingInterval({
      ...all,
      sigmaError: 0.03,
      normError: 0.16,
      samples: 4000,
    });
    const s = Math.hypot(0.03 / 0.25, 0.16);
    const at = (z: number) => stoppingTime({ ...all, sigma: 0.25 * Math.exp(z * s) }).step;
    // 4000 draws: the 2.5 % point is known to about 6 % of s in z
    expect(interval[0]).toBeGreaterThanOrEqual(at(2.15));
    expect(interval[0]).toBeLessThanOrEqual(at(1.78));
    expect(interval[1]).toBeGreaterThanOrEqual(at(-1.78));
    expect(interval[1]).toBeLessThanOrEqual(at(-2.15));
    expect(Math.abs(median / at(0) - 1)).toBeLessThan(0.03);
    expect(stoppingInterval(all).interval).toEqual([at(0), at(0)]);
  });
});
