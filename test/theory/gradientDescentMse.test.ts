import { describe, expect, it } from "vitest";
import { decompose } from "../../src/theory/eigenbasis.ts";
import { gradientDescent, gradientDescentMse } from "../../src/theory/index.ts";
import { relativeDistance } from "../support/matrices.ts";
import { sobolev, task } from "./kernels.ts";

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

  it("refuses what cannot be answered", async () => {
    const gd = await gradientDescentMse({ ...small, residual, stepSize: 100 });
    expect(() => gd.loss(0.5)).toThrow(/integer t/);
    expect(() => gd.loss(-1)).toThrow(/integer t/);
    expect(() => gd.loss(Infinity)).toThrow(/diverges/);
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
