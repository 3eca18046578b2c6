import { describe, expect, it } from "vitest";
import { decompose } from "../../src/theory/eigenbasis.ts";
import { gradientDescent, trainingCurves } from "../../src/theory/index.ts";
import { sobolev, task } from "./kernels.ts";

const small = task({ n: 14, outputs: 3, signal: 0.7, offset: 0.5, seed: 11, held: 9 });
const test = { cross: small.cross, targets: small.testTargets, f0: small.testF0 };
const steps = [0, 1, 5, 40, 400];

describe("curves", () => {
  it("are the losses and accuracies of explicit gradient descent", async () => {
    const spectrum = await decompose(small.kernel, small.n);
    const etaPerStep = 0.9 / spectrum.values[0];
    const curves = trainingCurves({ ...small, spectrum, etaPerStep, steps, test });
    const explicit = gradientDescent({ ...small, stepSize: etaPerStep, steps, test });
    const score = (f: Float64Array, y: Float64Array) => {
      const n = f.length / 3;
      const best = (row: Float64Array) => row.indexOf(Math.max(...row));
      let right = 0;
      for (let i = 0; i < n; i++) {
        if (best(f.subarray(3 * i, 3 * i + 3)) === best(y.subarray(3 * i, 3 * i + 3))) right++;
      }
      return { loss: f.reduce((sum, v, i) => sum + (v - y[i]) ** 2, 0) / (2 * n), accuracy: right / n };
    };
    steps.forEach((_, k) => {
      const train = score(explicit.train[k], small.targets);
      const held = score((explicit.test ?? [])[k], small.testTargets);
      expect(curves.train_loss[k]).toBeCloseTo(train.loss, 11);
      expect(curves.test_loss?.[k]).toBeCloseTo(held.loss, 11);
      expect(curves.train_accuracy[k]).toBe(train.accuracy);
      expect(curves.test_accuracy?.[k]).toBe(held.accuracy);
    });
    expect(curves.step).toEqual(steps);
  });

  it("many steps at once are one step at a time", async () => {
    const spectrum = await decompose(small.kernel, small.n);
    const all = { ...small, spectrum, etaPerStep: 0.3, test };
    const together = trainingCurves({ ...all, steps });
    const alone = steps.map((step) => trainingCurves({ ...all, steps: [step] }));
    expect(together.test_loss).toEqual(alone.map((curve) => curve.test_loss?.[0]));
    expect(together.train_loss).toEqual(alone.map((curve) => curve.train_loss[0]));
  });

  it("one output: the side of the middle of the targets; no test texts: null", async () => {
    const { kernel } = sobolev(8);
    const targets = Float64Array.from({ length: 8 }, (_, i) => (i < 4 ? -1 : 1));
    const spectrum = await decompose(kernel, 8);
    const curves = trainingCurves({
      ...{ spectrum, n: 8, outputs: 1, targets, etaPerStep: 0.25 },
      f0: new Float64Array(8).fill(0.1),
      steps: [0, 5000],
    });
    expect(curves.train_accuracy).toEqual([0.5, 1]);
    expect([curves.test_loss, curves.test_accuracy]).toEqual([null, null]);
  });

  it("a path that diverges has infinite loss where it has overflowed, never NaN", async () => {
    const spectrum = await decompose(small.kernel, small.n);
    const curves = trainingCurves({
      ...{ ...small, spectrum, test },
      etaPerStep: 30 / spectrum.values[0],
      steps: [0, 5, 100000],
    });
    expect(curves.train_loss[1]).toBeGreaterThan(curves.train_loss[0]);
    expect([curves.train_loss[2], curves.test_loss?.[2]]).toEqual([Infinity, Infinity]);
    for (const share of [...curves.train_accuracy, ...(curves.test_accuracy ?? [])]) {
      expect(share).toBeGreaterThanOrEqual(0);
      expect(share).toBeLessThanOrEqual(1);
    }
  });

  it("refuses wrong shapes by name", async () => {
    const spectrum = await decompose(small.kernel, small.n);
    const all = { ...small, spectrum, etaPerStep: 0.3, steps };
    expect(() => trainingCurves({ ...all, targets: new Float64Array(3) })).toThrow(/targets to hold 42/);
    expect(() => trainingCurves({ ...all, outputs: 2 })).toThrow(/eigenvalues to hold 28/);
    expect(() => trainingCurves({ ...all, steps: [0.5] })).toThrow(/step/);
  });
});
