import { describe, expect, it } from "vitest";
import {
  crossEntropyGradient,
  gradientDescent,
  gradientDescentMse,
  gradientFlow,
  kernelRidge,
} from "../../src/theory/index.ts";
import { relativeDistance } from "../support/matrices.ts";
import { task } from "./kernels.ts";

const small = task({ n: 10, outputs: 3, signal: 1, offset: 0.5, seed: 4, held: 5 });
const residual = small.targets.map((y, i) => y - small.f0[i]);
const test = { cross: small.cross, f0: small.testF0 };
const clocks = [0, 0.01, 0.5, 3, 20, 100];

describe("gradient flow with error control", () => {
  it("is the closed form of the squared loss, on training and on test texts, with weight decay or without", async () => {
    for (const weightDecay of [0, 0.05]) {
      const flow = await gradientFlow({ ...small, clocks, test, weightDecay });
      const closed = await gradientDescentMse({
        ...{ ...small, residual, weightDecay },
        stepSize: 1,
        dynamics: "flow",
      });
      const predict = closed.predictor(test);
      clocks.forEach((eta, k) => {
        const f = closed.residual(eta).map((r, i) => small.targets[i] - r);
        expect(relativeDistance(flow.train[k], f)).toBeLessThan(1e-7);
        expect(relativeDistance((flow.test ?? [])[k], predict(eta))).toBeLessThan(1e-7);
      });
      expect([...flow.train[0]]).toEqual([...small.f0]);
    }
  });

  it("is the limit of small steps of cross-entropy: the error of Euler's steps halves with them", async () => {
    const eta = 4;
    const { train } = await gradientFlow({ ...small, loss: "ce", clocks: [eta], tolerance: 1e-10 });
    const errors = [400, 800, 1600].map((steps) => {
      const euler = gradientDescent({ ...small, loss: "ce", stepSize: eta / steps, steps: [steps] });
      return relativeDistance(euler.train[0], train[0]);
    });
    expect(errors[0] / errors[1]).toBeCloseTo(2, 1);
    expect(errors[1] / errors[2]).toBeCloseTo(2, 1);
  });

  it("a tighter tolerance is a smaller error", async () => {
    const all = { ...small, loss: "ce" as const, clocks: [30] };
    const best = await gradientFlow({ ...all, tolerance: 1e-12 });
    const error = async (tolerance: number) =>
      relativeDistance((await gradientFlow({ ...all, tolerance })).train[0], best.train[0]);
    const [loose, tight] = [await error(1e-4), await error(1e-8)];
    expect(loose).toBeLessThan(1e-3);
    expect(tight).toBeLessThan(1e-7);
    expect(tight).toBeLessThan(loose / 100);
  });

  it("many clocks at once are one at a time, and a walk resumed is the walk that went on: the same bits", async () => {
    const all = { ...small, loss: "ce" as const, weightDecay: 0.01, test };
    const together = await gradientFlow({ ...all, clocks });
    let state: (typeof together)["state"] | undefined;
    for (let k = 0; k < clocks.length; k++) {
      const alone = await gradientFlow({ ...all, clocks: [clocks[k]] });
      expect(alone.train[0]).toEqual(together.train[k]);
      const resumed = await gradientFlow({ ...all, clocks: [clocks[k]], state });
      expect(resumed.train[0]).toEqual(together.train[k]);
      expect((resumed.test ?? [])[0]).toEqual((together.test ?? [])[k]);
      state = JSON.parse(JSON.stringify(resumed.state), (key, value) =>
        key === "y" || key === "slope" ? Float64Array.from(Object.values(value)) : value,
      );
    }
    expect(state).toEqual(together.state);
  });

  it("takes a convex loss of one's own: Huber's", async () => {
    const huber = (f: Float64Array, y: Float64Array) =>
      f.map((value, i) => Math.max(-0.2, Math.min(0.2, value - y[i])));
    const flow = await gradientFlow({ ...small, loss: huber, clocks: [8], tolerance: 1e-9 });
    const euler = gradientDescent({ ...small, loss: huber, stepSize: 8 / 20000, steps: [20000] });
    expect(relativeDistance(flow.train[0], euler.train[0])).toBeLessThan(1e-3);
  });

  it("η = ∞: ridge for the squared loss; for cross-entropy the point where decay and labels balance", async () => {
    const weightDecay = 0.02;
    const ridge = await kernelRidge({ ...small, residual, penalty: weightDecay });
    const squared = await gradientFlow({ ...small, weightDecay, clocks: [1, Infinity], test });
    expect(relativeDistance(squared.test?.[1] ?? test.f0, ridge.predict(test))).toBeLessThan(1e-7);
    const entropy = await gradientFlow({ ...small, loss: "ce", weightDecay, clocks: [1500, Infinity], test });
    expect(relativeDistance(entropy.train[0], entropy.train[1])).toBeLessThan(1e-6);
    const pull = crossEntropyGradient(entropy.train[1], small.targets, 3);
    const balance = entropy.train[1].map((_, i) =>
      small.kernel
        .subarray(i * 30, i * 30 + 30)
        .reduce((sum, theta, j) => sum + theta * (pull[j] / 10 + weightDecay * entropy.dual[1][j]), 0),
    );
    expect(Math.max(...balance.map(Math.abs))).toBeLessThan(1e-8);
    await expect(gradientFlow({ ...small, loss: "ce", clocks: [Infinity] })).rejects.toThrow(
      /weightDecay above 0/,
    );
  });

  it("one text, a kernel of zeros, equal labels: numbers, not NaN", async () => {
    const one = { n: 1, f0: Float64Array.of(0.3, -0.2), targets: Float64Array.of(1, 0) };
    for (const kernel of [new Float64Array(4), Float64Array.of(2, 0, 0, 2)]) {
      for (const loss of ["mse", "ce"] as const) {
        const flow = await gradientFlow({ ...one, kernel, loss, clocks: [0, 5], weightDecay: 0 });
        const decayed = await gradientFlow({ ...one, kernel, loss, clocks: [Infinity], weightDecay: 0.1 });
        expect([...flow.train, ...decayed.train].every((f) => f.every(Number.isFinite))).toBe(true);
        if (kernel[0] === 0) expect([...flow.train[1]]).toEqual([...one.f0]);
      }
    }
    const targets = small.targets.map((_, i) => (i % 3 === 0 ? 1 : 0));
    const same = await gradientFlow({ ...small, targets, loss: "ce", clocks: [40] });
    expect(same.train[0].every(Number.isFinite)).toBe(true);
  });

  it("stops where it is told to, and says what is wrong", async () => {
    const controller = new AbortController();
    controller.abort(new Error("enough"));
    await expect(gradientFlow({ ...small, clocks: [1], signal: controller.signal })).rejects.toThrow(
      /enough/,
    );
    await expect(gradientFlow({ ...small, clocks: [500], maxSteps: 5 })).rejects.toThrow(/in 5 steps/);
    await expect(gradientFlow({ ...small, clocks: [2, 1] })).rejects.toThrow(/rising order/);
    await expect(gradientFlow({ ...small, clocks: [Number.NaN] })).rejects.toThrow(/rising order/);
    const nan = (f: Float64Array) => f.map(() => Number.NaN);
    await expect(gradientFlow({ ...small, clocks: [1], loss: nan })).rejects.toThrow(/not finite/);
  });
});
