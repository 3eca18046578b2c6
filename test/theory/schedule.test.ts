import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  cosineSchedule,
  linearSchedule,
  rademacherRule,
  stepClock,
  stoppingTime,
  stoppingTimeByDefinition,
  stoppingTimeByDimension,
  trainingSchedule,
  warmupSchedule,
} from "../../src/theory/index.ts";
import { sobolevValues } from "./kernels.ts";

const schedules = fc
  .array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 60 })
  .filter((list) => list.some((value) => value > 1e-6));

describe("clock", () => {
  it("η_t is the sum of the first t step sizes, and stands still past the end", () => {
    const clock = stepClock("test", [0.5, 0, 0.25]);
    expect([0, 1, 2, 3, 9].map((t) => clock.eta(t))).toEqual([0, 0.5, 0.5, 0.75, 0.75]);
    expect([clock.last, clock.largest, clock.constant]).toEqual([3, 0.5, null]);
    expect([0, 0.49, 0.5, 0.74, 0.75].map((eta) => clock.lastWithin(eta))).toEqual([0, 0, 2, 2, Infinity]);
    const same = stepClock("test", () => 0.1, 1000);
    const constant = stepClock("test", 0.1);
    for (const t of [1, 3, 333, 1000]) expect(same.eta(t)).toBeCloseTo(constant.eta(t), 12);
  });

  it("warmup rises to the peak, cosine and line fall to the floor", () => {
    const shared = { peak: 2, steps: 10, warmup: 4 };
    expect([...warmupSchedule(shared)]).toEqual([0.5, 1, 1.5, 2, 2, 2, 2, 2, 2, 2]);
    const cosine = cosineSchedule({ ...shared, floor: 0.1 });
    // halfway between peak and floor after half the decay
    expect(cosine[7]).toBeCloseTo(0.2 + 0.9 * (1 + Math.cos(Math.PI / 2)), 14);
    expect([...linearSchedule(shared)].slice(4)).toEqual(
      [2, 5 / 3, 4 / 3, 1, 2 / 3, 1 / 3].map((value) => expect.closeTo(value, 14)),
    );
    // Σ of half a cosine is half of the rectangle, to one step
    const long = stepClock("test", cosineSchedule({ peak: 1, steps: 1000 }));
    expect(long.eta(1000)).toBeCloseTo(500.5, 8);
  });

  it("momentum, loss and batches scale a schedule as they scale a constant", () => {
    const shared = { n: 60, outputs: 3, momentum: 0.9, loss: "mean" as const, batchSize: 8 };
    const { stepSize, stepsPerEpoch } = trainingSchedule({ ...shared, stepSize: [0.1, 0.2] });
    expect([...(stepSize as Float64Array)]).toEqual([2 / 3, 4 / 3].map((value) => expect.closeTo(value, 12)));
    expect(stepsPerEpoch).toBe(7.5);
    const asked = trainingSchedule({ ...shared, stepSize: (s) => 0.1 * s }).stepSize;
    expect((asked as (s: number) => number)(3)).toBeCloseTo(2, 12);
  });

  it("refuses what is no schedule", () => {
    expect(() => stepClock("test", [])).toThrow(/a list or a function/);
    expect(() => stepClock("test", [0, 0])).toThrow(/above 0/);
    expect(() => stepClock("test", [1, -1])).toThrow(/step size at step 1/);
    expect(() => stepClock("test", [1, Number.NaN])).toThrow(/step size at step 1/);
    expect(() => stepClock("test", [1e308, 1e308])).toThrow(/sum of the step sizes/);
    expect(() => cosineSchedule({ peak: 1, steps: 3, warmup: 3 })).toThrow(/warmup of less than 3/);
    expect(() => linearSchedule({ peak: 1, steps: 3, floor: 2 })).toThrow(/floor/);
  });
});

describe("T̂ on a schedule", () => {
  it("is the same by radius, definition and dimension, and is the last t with η_t ≤ 1/ε̂²", () => {
    fc.assert(
      fc.property(schedules, fc.double({ min: 0.05, max: 3, noNaN: true }), (stepSize, sigma) => {
        const all = { eigenvalues: sobolevValues(30), n: 30, sigma, norm: 1, stepSize };
        const { step, criticalRadiusSquared } = stoppingTime(all);
        const clock = stepClock("test", stepSize);
        let last = 0;
        for (let t = 1; t <= stepSize.length; t++) if (clock.eta(t) <= 1 / criticalRadiusSquared) last = t;
        fc.pre(stepSize.every((_, t) => Math.abs(clock.eta(t + 1) * criticalRadiusSquared - 1) > 1e-9));
        expect(step).toBe(last === stepSize.length ? Infinity : last);
        expect(stoppingTimeByDefinition(all)).toBe(step);
        expect(stoppingTimeByDimension(all)).toBe(step);
      }),
    );
  });

  it("equal steps in a list or a function say what the constant says", () => {
    const all = { eigenvalues: sobolevValues(100), n: 100, sigma: 0.25, norm: 1 };
    const constant = stoppingTime({ ...all, stepSize: 0.25 });
    expect(constant.step).toBe(76);
    expect(stoppingTime({ ...all, stepSize: () => 0.25 })).toEqual(constant);
    expect(stoppingTime({ ...all, stepSize: new Array(100).fill(0.25) })).toEqual(constant);
    // half the steps, half as large, then whole ones
    const warm = stoppingTime({ ...all, stepSize: (s) => (s < 40 ? 0.125 : 0.25) });
    expect(warm).toMatchObject({ step: 96, eta: 19 });
  });

  it("a schedule that ends first never stops, and the rule says so", () => {
    const all = { eigenvalues: sobolevValues(100), n: 100, sigma: 0.25, norm: 1 };
    const stepSize = new Array(50).fill(0.25);
    expect(stoppingTime({ ...all, stepSize }).step).toBe(Infinity);
    const found = rademacherRule({ ...all, stepSize, stepsPerEpoch: 5 });
    expect(found).toMatchObject({ step: 50, epochs: 10, eta: 12.5, reliability: "unreliable" });
    expect(found.note).toMatch(/schedule ends before/);
  });
});
