import { describe, expect, it } from "vitest";
import { randomStream } from "../../src/random.ts";
import { decompose } from "../../src/theory/eigenbasis.ts";
import { gradientDescent, gradientDescentMse, kernelRidge, maxLearningRate } from "../../src/theory/index.ts";
import { relativeDistance } from "../support/matrices.ts";
import { randomKernel, sobolev, task } from "./kernels.ts";

const small = task({ n: 10, outputs: 3, signal: 1, offset: 0.5, seed: 4, held: 5 });
const residual = small.targets.map((y, i) => y - small.f0[i]);
const test = { cross: small.cross, f0: small.testF0 };
const steps = [0, 1, 2, 3, 10, 57, 300];

describe("closed form", () => {
  for (const share of [1, 0.3, 1.9]) {
    it(`is explicit gradient descent, α = ${share}/λ₁, on training and on test texts`, async () => {
      const { values } = await decompose(small.kernel, small.n);
      const stepSize = share / values[0];
      const closed = await gradientDescentMse({ ...small, residual, stepSize });
      const explicit = gradientDescent({ ...small, stepSize, steps, test });
      const predict = closed.predictor(test);
      steps.forEach((t, k) => {
        const f = closed.residual(t).map((r, i) => small.targets[i] - r);
        expect(relativeDistance(f, explicit.train[k])).toBeLessThan(1e-11);
        expect(relativeDistance(predict(t), (explicit.test ?? [])[k])).toBeLessThan(1e-11);
        const loss = f.reduce((sum, value, i) => sum + (value - small.targets[i]) ** 2, 0) / (2 * small.n);
        expect(closed.loss(t)).toBeCloseTo(loss, 12);
      });
    });
  }

  for (const [momentum, weightDecay] of [
    [0.9, 0],
    [0, 0.3],
    [0.7, 0.05],
  ]) {
    it(`is explicit gradient descent with momentum ${momentum} and weight decay ${weightDecay}`, async () => {
      const { values } = await decompose(small.kernel, small.n);
      const all = { ...small, stepSize: 0.8 / values[0], momentum, weightDecay };
      const closed = await gradientDescentMse({ ...all, residual });
      const explicit = gradientDescent({ ...all, steps, test });
      const predict = closed.predictor(test);
      steps.forEach((t, k) => {
        const f = closed.residual(t).map((r, i) => small.targets[i] - r);
        expect(relativeDistance(f, explicit.train[k])).toBeLessThan(1e-11);
        expect(relativeDistance(predict(t), (explicit.test ?? [])[k])).toBeLessThan(1e-11);
      });
    });
  }

  it("with weight decay ends at kernel ridge regression of that penalty, with momentum or without", async () => {
    const weightDecay = 0.2;
    const ridge = await kernelRidge({ ...small, residual, penalty: weightDecay });
    for (const how of [{ dynamics: "flow" as const }, {}, { momentum: 0.9 }]) {
      const gd = await gradientDescentMse({ ...small, residual, stepSize: 0.1, weightDecay, ...how });
      expect(relativeDistance(gd.residual(Infinity), ridge.residual)).toBeLessThan(1e-12);
      expect(relativeDistance(gd.predictor(test)(Infinity), ridge.predict(test))).toBeLessThan(1e-12);
      expect(relativeDistance(gd.residual(100000), ridge.residual)).toBeLessThan(1e-10);
    }
    const decayed = await gradientDescentMse({ ...small, residual, stepSize: 0.1, weightDecay: 50 });
    expect(() => decayed.loss(Infinity)).toThrow(/diverges/);
  });

  it("α at 0.5, 1, 3 × the maximum: loss ratio < 0.1, < 1, > 10 after 30 steps on random kernels", async () => {
    for (let seed = 0; seed < 20; seed++) {
      const n = 2 + (seed % 12);
      const kernel = randomKernel(n, 6 * n, seed);
      const { values } = await decompose(kernel, n);
      const limit = maxLearningRate({ eigenvalues: values });
      const { gaussian } = randomStream(seed);
      const r = Float64Array.from({ length: n }, () => gaussian());
      const ratio = async (share: number) => {
        const gd = await gradientDescentMse({ kernel, n, residual: r, stepSize: share * limit });
        return gd.loss(30) / gd.loss(0);
      };
      expect(await ratio(0.5)).toBeLessThan(0.1);
      expect(await ratio(1)).toBeLessThan(1);
      expect(await ratio(3)).toBeGreaterThan(10);
    }
  });

  it("many times at once are one time at a time, in any order", async () => {
    const gd = await gradientDescentMse({ ...small, residual, stepSize: 0.2, momentum: 0.5 });
    const together = gd.predictor(test);
    const forward = steps.map((t) => together(t));
    const alone = [...steps].reverse().map((t) => gd.predictor(test)(t));
    expect(forward).toEqual(alone.reverse());
  });

  it("gives the dual coefficients: f_t(x) = f₀(x) + Θ(x, X) c_t", async () => {
    const gd = await gradientDescentMse({ ...small, residual, stepSize: 0.2 });
    const c = gd.dual(40);
    const f = small.testF0.map((value, m) =>
      c.reduce((sum, weight, j) => sum + small.cross[m * c.length + j] * weight, value),
    );
    expect(relativeDistance(gd.predictor(test)(40), f)).toBeLessThan(1e-12);
  });

  it("starts at f₀ and ends at the interpolant", async () => {
    const { kernel, target } = sobolev(25);
    const gd = await gradientDescentMse({ kernel, n: 25, residual: target, stepSize: 0.25 });
    expect(relativeDistance(gd.residual(0), target)).toBeLessThan(1e-13);
    expect([...gd.dual(0)]).toEqual(new Array(25).fill(0));
    expect(Math.max(...gd.residual(Infinity).map(Math.abs))).toBeLessThan(1e-13);
    // between the points of min(x, x′) the interpolant of smallest norm is the broken line
    const x = 0.1;
    const cross = Float64Array.from({ length: 25 }, (_, i) => Math.min(x, (i + 1) / 25));
    const [f] = gd.predictor({ cross, f0: Float64Array.of(0.7) })(Infinity);
    expect(f).toBeCloseTo(0.7 + (target[1] + target[2]) / 2, 12);
    expect(gd.predictor({ cross, f0: Float64Array.of(0.7) })(0)[0]).toBe(0.7);
  });

  it("with a singular kernel stays finite at t = ∞, and learns what can be learnt", async () => {
    const gd = await gradientDescentMse({ ...small, residual, stepSize: 0.1 });
    const last = gd.residual(Infinity);
    // what is left has nothing more to give: Θ (Y − f) = 0
    const pull = last.map((_, i) =>
      last.reduce((sum, r, j) => sum + small.kernel[i * last.length + j] * r, 0),
    );
    expect(Math.max(...pull.map(Math.abs))).toBeLessThan(1e-10);
    expect(gd.dual(Infinity).every(Number.isFinite)).toBe(true);
  });

  it("gradient flow is the limit of small steps", async () => {
    const flow = await gradientDescentMse({ ...small, residual, stepSize: 1, dynamics: "flow" });
    const fine = await gradientDescentMse({ ...small, residual, stepSize: 1e-5 });
    expect(relativeDistance(fine.residual(150000), flow.residual(1.5))).toBeLessThan(1e-4);
    expect(flow.loss(0.5)).toBeLessThan(flow.loss(0.25));
  });

  it("predictive variance over label noise is that of many noisy labels; over starts, that of many starts", async () => {
    const sigma = 0.3;
    const [n, m, t] = [12, 3, 25];
    const all = randomKernel(n + m, 8, 3);
    const at = (rows: number[], columns: number[]) =>
      Float64Array.from(rows.flatMap((i) => columns.map((j) => all[i * (n + m) + j])));
    const X = Array.from({ length: n }, (_, i) => i);
    const x = Array.from({ length: m }, (_, i) => n + i);
    const [kernel, cross] = [at(X, X), at(x, X)];
    const prior = Float64Array.from(x, (i) => all[i * (n + m) + i]);
    const spectrum = await decompose(kernel, n);
    const whole = await decompose(all, 1);
    const { gaussian } = randomStream(9);
    const options = { spectrum, n, stepSize: 1 / spectrum.values[0], weightDecay: 0.01 };
    const gd = await gradientDescentMse({ ...options, residual: new Float64Array(n) });
    const { noise, start } = gd.variance({ cross, sigma, prior })(t);
    const draws = 4000;
    const seen = { noise: new Float64Array(m), start: new Float64Array(m) };
    for (let draw = 0; draw < draws; draw++) {
      const w = Float64Array.from({ length: n }, () => sigma * gaussian());
      const noisy = await gradientDescentMse({ ...options, residual: w });
      const f = noisy.predictor({ cross, f0: new Float64Array(m) })(t);
      for (let k = 0; k < m; k++) seen.noise[k] += f[k] ** 2 / draws;
      // f₀ of covariance Θ on all points, labels 0
      const f0 = new Float64Array(n + m);
      for (let i = 0; i < n + m; i++) {
        const size = Math.sqrt(Math.max(0, whole.values[i])) * gaussian();
        for (let k = 0; k < n + m; k++) f0[k] += size * whole.vectors[i * (n + m) + k];
      }
      const started = await gradientDescentMse({ ...options, residual: f0.subarray(0, n).map((v) => -v) });
      const moved = started.predictor({ cross, f0: f0.subarray(n) })(t);
      for (let k = 0; k < m; k++) seen.start[k] += moved[k] ** 2 / draws;
    }
    // relative standard error of a variance from 4000 draws: √(2/4000) = 0.022
    for (let k = 0; k < m; k++) {
      expect(Math.abs(seen.noise[k] / noise[k] - 1)).toBeLessThan(0.09);
      expect(Math.abs(seen.start[k] / (start ?? [])[k] - 1)).toBeLessThan(0.09);
    }
    expect([...gd.variance({ cross, sigma, prior })(0).noise]).toEqual([0, 0, 0]);
    expect([...(gd.variance({ cross, sigma, prior })(0).start ?? [])]).toEqual([...prior]);
    expect(gd.variance({ cross, sigma })(5).start).toBe(null);
  });

  it("at t = ∞ the spread over starts is a Gaussian process's posterior: 0 on the training points", async () => {
    const n = 9;
    const kernel = randomKernel(n, 40, 5);
    const gd = await gradientDescentMse({ kernel, n, residual: new Float64Array(n), stepSize: 0.1 });
    const prior = Float64Array.from({ length: n }, (_, i) => kernel[i * n + i]);
    const { noise, start } = gd.variance({ cross: kernel, sigma: 0.4, prior })(Infinity);
    for (let i = 0; i < n; i++) {
      expect((start ?? [])[i]).toBeLessThan(1e-12);
      expect(noise[i]).toBeCloseTo(0.16, 12);
    }
  });

  it("refuses what cannot be answered", async () => {
    const gd = await gradientDescentMse({ ...small, residual, stepSize: 100 });
    expect(() => gd.loss(0.5)).toThrow(/integer t/);
    expect(() => gd.loss(-1)).toThrow(/integer t/);
    expect(() => gd.loss(Infinity)).toThrow(/diverges/);
    expect(() => gd.residual(100000)).toThrow(/overflowed/);
    expect(() => gd.variance({ cross: small.cross, sigma: 1, prior: new Float64Array(2) })).toThrow(/prior/);
    await expect(
      gradientDescentMse({ ...small, residual, stepSize: 1, dynamics: "flow", momentum: 0.5 }),
    ).rejects.toThrow(/no momentum/);
    expect(() => gd.predictor({ cross: small.cross, f0: new Float64Array(2) })).toThrow(/cross kernel/);
    await expect(gradientDescentMse({ kernel: small.kernel, n: 7, residual, stepSize: 1 })).rejects.toThrow(
      /N a multiple of n = 7/,
    );
    const broken = residual.map((r, i) => (i === 4 ? Number.NaN : r));
    await expect(gradientDescentMse({ ...small, residual: broken, stepSize: 1 })).rejects.toThrow(
      /NaN at position 4/,
    );
  });
});
