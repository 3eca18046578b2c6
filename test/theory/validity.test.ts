import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { randomStream } from "../../src/random.ts";
import { decompose } from "../../src/theory/eigenbasis.ts";
import { featureChange, kernelDrift, linearisationError, yardsticks } from "../../src/theory/index.ts";
import { randomKernel } from "./kernels.ts";

const status = (of: { status: { name: string; status: string }[] }, name: string) =>
  of.status.find((entry) => entry.name === name)?.status;

describe("kernel drift", () => {
  it("of a kernel that only grew: direction kept, change and size known", () => {
    const before = randomKernel(6, 20, 1);
    const drift = kernelDrift({ before, after: before.map((v) => 1.5 * v), n: 6, stepSize: 0.1, eta: 3 });
    expect(drift.cosine).toBeCloseTo(1, 14);
    expect(drift.centredCosine).toBeCloseTo(1, 14);
    expect([drift.relativeChange, drift.sizeRatio]).toEqual([
      expect.closeTo(0.5, 14),
      expect.closeTo(1.5, 14),
    ]);
    expect(drift.largest[1] / drift.largest[0]).toBeCloseTo(1.5, 13);
    expect(drift.shift / drift.largest[0]).toBeCloseTo(0.5, 13);
    expect(drift.outputBound).toBeCloseTo(3 * drift.shift, 14);
    expect(drift.speed).toBeCloseTo(0.1 * drift.largest[1], 14);
    expect(status(drift, "kernel-stable")).toBe("doubtful");
  });

  it("no eigenvalue moves further than the shift", async () => {
    for (let seed = 0; seed < 10; seed++) {
      const [before, after] = [randomKernel(7, 9, seed), randomKernel(7, 9, 100 + seed)];
      const { shift, largest } = kernelDrift({ before, after, n: 7 });
      const [a, b] = [(await decompose(before, 7)).values, (await decompose(after, 7)).values];
      a.forEach((value, i) => {
        expect(Math.abs(value - b[i])).toBeLessThanOrEqual(shift * (1 + 1e-12));
      });
      expect(largest[0]).toBeCloseTo(a[0], 12);
    }
  });

  it("bounds how far outputs leave the kernel's path when the kernel moves on the way", () => {
    const n = 6;
    const [before, after] = [randomKernel(n, 20, 3), randomKernel(n, 20, 4)];
    const { gaussian } = randomStream(5);
    const r = Float64Array.from({ length: n }, () => gaussian());
    // gradient flow with a kernel that goes from one to the other, by small steps
    const [eta, steps] = [0.7, 20000];
    let moving = Float64Array.from(r);
    let fixed = Float64Array.from(r);
    for (let s = 0; s < steps; s++) {
      const share = s / steps;
      const move = (e: Float64Array, theta: (at: number) => number) =>
        e.map((value, i) => {
          let pull = 0;
          for (let j = 0; j < n; j++) pull += theta(i * n + j) * e[j];
          return value - ((eta / steps) * pull) / n;
        });
      moving = move(moving, (at) => before[at] + share * (after[at] - before[at]));
      fixed = move(fixed, (at) => before[at]);
    }
    const { outputBound } = kernelDrift({ before, after, n, eta });
    const apart = Math.hypot(...moving.map((value, i) => value - fixed[i])) / Math.hypot(...r);
    expect(apart).toBeGreaterThan(0.01);
    expect(apart).toBeLessThan(outputBound ?? 0);
  });

  it("an offset that all texts share hides change from the cosine, not from the centred one", () => {
    const offset = 1000;
    const [a, b] = [randomKernel(8, 3, 1), randomKernel(8, 3, 2)].map((k) => k.map((v) => v + offset));
    const drift = kernelDrift({ before: a, after: b, n: 8 });
    expect(drift.cosine).toBeGreaterThan(0.9999);
    expect(drift.centredCosine).toBeLessThan(0.9);
  });

  it("sees a step size that was passed, kernels of zeros, one text; refuses other shapes", () => {
    const before = Float64Array.of(1);
    const fast = kernelDrift({ before, after: Float64Array.of(5), n: 1, stepSize: 0.5 });
    expect(status(fast, "step-size-along-the-run")).toBe("fails");
    expect(status(fast, "kernel-stable")).toBe("fails");
    const zero = kernelDrift({
      before: new Float64Array(4),
      after: new Float64Array(4),
      n: 2,
      stepSize: 1,
      eta: 1,
    });
    expect(zero).toMatchObject({ cosine: 1, centredCosine: 1, relativeChange: 0, sizeRatio: 1, shift: 0 });
    expect(kernelDrift({ before: Float64Array.of(0), after: before, n: 1 }).relativeChange).toBe(Infinity);
    expect(status(kernelDrift({ before, after: before, n: 1 }), "step-size-along-the-run")).toBe(
      "not-checked",
    );
    expect(() => kernelDrift({ before, after: new Float64Array(4), n: 1 })).toThrow(/kernel after/);
  });
});

describe("linearisation error", () => {
  it("is the distance over the way gone, with shares of accuracy and of gain", () => {
    const before = Float64Array.of(0, 1, 0, 1, 0, 1, 0, 1); // all of class 1
    const targets = Float64Array.of(1, 0, 1, 0, 1, 0, 0, 1);
    const real = Float64Array.of(1, 0, 1, 0, 1, 0, 0, 1);
    const linear = Float64Array.of(1, 0, 1, 0, 0, 1, 0, 1);
    const found = linearisationError({ before, linear, real, outputs: 2, targets });
    expect(found.relative).toBeCloseTo(Math.sqrt(2 / 6), 14);
    expect(found.cosine).toBeCloseTo(4 / Math.sqrt(24), 14);
    expect(found.accuracy).toEqual({ before: 0.25, linear: 0.75, real: 1 });
    expect(found.accuracyShare).toBe(0.75);
    expect(found.gainShare).toBeCloseTo(2 / 3, 14);
    expect(status(found, "kernel-accuracy")).toBe("fails");
    expect(status(found, "kernel-gain")).toBe("holds");
    expect(status(found, "linearisation-error")).toBe("doubtful");
  });

  it("where nothing moved, nothing was gained, or no targets are known", () => {
    const f = Float64Array.of(0.2, 0.4);
    const still = linearisationError({ before: f, linear: f, real: f, outputs: 1, targets: f });
    expect([still.relative, still.cosine, still.gainShare]).toEqual([0, 1, null]);
    const lone = linearisationError({ before: f, linear: Float64Array.of(1, 1), real: f, outputs: 1 });
    expect([lone.relative, lone.accuracy, status(lone, "linearisation-error")]).toEqual([
      Infinity,
      null,
      "fails",
    ]);
    expect(() => linearisationError({ before: f, linear: f, real: f, outputs: 3 })).toThrow(/whole texts/);
    expect(() =>
      linearisationError({ before: f, linear: f, real: Float64Array.of(1, Number.NaN), outputs: 1 }),
    ).toThrow(/NaN at position 1/);
  });
});

describe("feature change", () => {
  it("is the mean relative distance of gradients, and lies between what their norms allow", () => {
    fc.assert(
      fc.property(fc.integer(), fc.double({ min: 0.1, max: 10, noNaN: true }), (seed, growth) => {
        const { gaussian } = randomStream(seed);
        const [rows, P] = [4, 6];
        const draw = (size: number) =>
          Array.from({ length: rows }, () => Array.from({ length: P }, () => size * gaussian()));
        const [J0, Jt] = [draw(1), draw(growth)];
        const inner = (a: number[][], b: number[][]) =>
          Float64Array.from(a, (row, i) => row.reduce((sum, value, k) => sum + value * b[i][k], 0));
        const diagonals = { before: inner(J0, J0), after: inner(Jt, Jt) };
        const { distance, between } = featureChange({ ...diagonals, crossed: inner(J0, Jt) });
        const byHand =
          J0.reduce(
            (sum, row, i) => sum + Math.hypot(...row.map((v, k) => v - Jt[i][k])) / Math.hypot(...row),
            0,
          ) / rows;
        expect(distance).toBeCloseTo(byHand, 10);
        expect(distance).toBeGreaterThanOrEqual(between[0] - 1e-12);
        expect(distance).toBeLessThanOrEqual(between[1] + 1e-12);
      }),
    );
  });

  it("from norms alone says only what they prove", () => {
    const before = Float64Array.of(1, 4, 0);
    const open = featureChange({ before, after: before });
    expect(open).toMatchObject({ distance: null, between: [0, 2], skipped: 1 });
    expect(status(open, "features-fixed")).toBe("not-checked");
    const grown = featureChange({ before, after: Float64Array.of(16, 100, 1) });
    expect(status(grown, "features-fixed")).toBe("fails");
    const shrunk = featureChange({ before, after: Float64Array.of(0.01, 0.01, 0) });
    expect(status(shrunk, "features-fixed")).toBe("holds");
    const same = featureChange({ before, after: before, crossed: before });
    expect([same.distance, status(same, "features-fixed")]).toEqual([0, "holds"]);
    expect(() => featureChange({ before: Float64Array.of(0), after: Float64Array.of(1) })).toThrow(/not 0/);
  });

  it("every yardstick names its source", () => {
    for (const { source } of Object.values(yardsticks))
      expect(source).toMatch(/\[derived\]|\[recalled\]|convention/);
  });
});
