import { describe, expect, it } from "vitest";
import { randomStream } from "../../src/random.ts";
import { gradientDescentMse, minibatchMoments } from "../../src/theory/index.ts";
import { relativeDistance } from "../support/matrices.ts";
import { task } from "./kernels.ts";

const small = task({ n: 4, outputs: 2, signal: 1, offset: 0.5, seed: 4, held: 3 });
const residual = small.targets.map((y, i) => y - small.f0[i]);
const test = { cross: small.cross, f0: small.testF0 };
const [n, C] = [4, 2];
const N = n * C;

/** One step on the batch `drawn` of example numbers: c ← c + (α/b) e on its rows. */
function step(c: Float64Array, drawn: readonly number[], stepSize: number): Float64Array {
  const out = Float64Array.from(c);
  for (const k of drawn) {
    for (let a = k * C; a < (k + 1) * C; a++) {
      let e = residual[a];
      for (let j = 0; j < N; j++) e -= small.kernel[a * N + j] * c[j];
      out[a] += (stepSize / drawn.length) * e;
    }
  }
  return out;
}

/** All batches of two, each as likely as the others. */
const pairs = (replacement: boolean) =>
  Array.from({ length: n * n }, (_, k) => [Math.floor(k / n), k % n]).filter(
    ([i, j]) => replacement || i !== j,
  );

describe("minibatch descent", () => {
  for (const replacement of [false, true]) {
    it(`every sequence of batches written out, ${replacement ? "with" : "without"} replacement: the same mean and variance`, async () => {
      const [stepSize, t] = [0.4, 3];
      const moments = await minibatchMoments({
        ...{ ...small, residual, stepSize, batchSize: 2, replacement, test },
        steps: [0, 1, t],
      });
      let paths: Float64Array[] = [new Float64Array(N)];
      for (let s = 0; s < t; s++) {
        paths = paths.flatMap((c) => pairs(replacement).map((drawn) => step(c, drawn, stepSize)));
      }
      const of = (kernel: Float64Array, f0: Float64Array) => {
        const mean = new Float64Array(f0.length);
        const square = new Float64Array(f0.length);
        for (const c of paths) {
          for (let m = 0; m < f0.length; m++) {
            let f = f0[m];
            for (let j = 0; j < N; j++) f += kernel[m * N + j] * c[j];
            mean[m] += f / paths.length;
            square[m] += f ** 2 / paths.length;
          }
        }
        return { mean, variance: square.map((value, m) => value - mean[m] ** 2) };
      };
      const train = of(small.kernel, small.f0);
      const held = of(small.cross, small.testF0);
      expect(
        relativeDistance(
          moments.residual[2],
          small.targets.map((y, i) => y - train.mean[i]),
        ),
      ).toBeLessThan(1e-12);
      expect(relativeDistance(moments.variance[2], train.variance)).toBeLessThan(1e-11);
      expect(relativeDistance(moments.test?.[2].mean ?? test.f0, held.mean)).toBeLessThan(1e-12);
      expect(relativeDistance(moments.test?.[2].variance ?? test.f0, held.variance)).toBeLessThan(1e-11);
      const loss = train.variance.reduce((sum, v, i) => sum + v + (small.targets[i] - train.mean[i]) ** 2, 0);
      expect(moments.loss[2]).toBeCloseTo(loss / (2 * n), 12);
      expect(Math.max(...moments.variance[0])).toBe(0);
    });
  }

  it("simulated batches of a longer run agree within their standard errors", async () => {
    const [stepSize, t, draws] = [0.3, 40, 3000];
    const { mean, variance } = (
      await minibatchMoments({ ...small, residual, stepSize, batchSize: 1, steps: [t], test })
    ).test?.[0] ?? { mean: test.f0, variance: test.f0 };
    const { integer } = randomStream(3);
    const M = test.f0.length;
    const seen = { mean: new Float64Array(M), square: new Float64Array(M), fourth: new Float64Array(M) };
    for (let draw = 0; draw < draws; draw++) {
      let c: Float64Array = new Float64Array(N);
      for (let s = 0; s < t; s++) c = step(c, [integer(n)], stepSize);
      for (let m = 0; m < M; m++) {
        let f = test.f0[m] - mean[m];
        for (let j = 0; j < N; j++) f += small.cross[m * N + j] * c[j];
        seen.mean[m] += f / draws;
        seen.square[m] += f ** 2 / draws;
        seen.fourth[m] += f ** 4 / draws;
      }
    }
    for (let m = 0; m < M; m++) {
      expect(Math.abs(seen.mean[m])).toBeLessThan(4.5 * Math.sqrt(variance[m] / draws));
      const error = Math.sqrt((seen.fourth[m] - seen.square[m] ** 2) / draws);
      expect(Math.abs(seen.square[m] - variance[m])).toBeLessThan(4.5 * error);
    }
  });

  it("has the full-batch path as its mean, no variance at b = n, and less of it with larger batches", async () => {
    const all = { ...small, residual, stepSize: 0.3, steps: [1, 10, 50], test };
    const gd = await gradientDescentMse(all);
    const [one, three, full] = [
      await minibatchMoments({ ...all, batchSize: 1 }),
      await minibatchMoments({ ...all, batchSize: 3 }),
      await minibatchMoments({ ...all, batchSize: n }),
    ];
    all.steps.forEach((t, k) => {
      expect(relativeDistance(one.residual[k], gd.residual(t))).toBeLessThan(1e-12);
      expect(relativeDistance(one.test?.[k].mean ?? test.f0, gd.predictor(test)(t))).toBeLessThan(1e-11);
      expect(Math.max(...full.variance[k], ...(full.test?.[k].variance ?? []))).toBeLessThan(1e-25);
      expect(full.loss[k]).toBeCloseTo(gd.loss(t), 14);
      expect(three.loss[k]).toBeGreaterThan(full.loss[k]);
      expect(one.loss[k]).toBeGreaterThan(three.loss[k]);
    });
    const alone = await minibatchMoments({ ...all, batchSize: 1, steps: [50] });
    expect(alone.variance[0]).toEqual(one.variance[2]);
  });

  it("one text; and what cannot be answered", async () => {
    const single = { kernel: Float64Array.of(2), n: 1, residual: Float64Array.of(1), stepSize: 0.1 };
    const { loss, variance } = await minibatchMoments({ ...single, batchSize: 1, steps: [0, 3] });
    expect(loss[1]).toBeCloseTo(0.5 * 0.8 ** 6, 14);
    expect(variance[1][0]).toBe(0);
    const all = { ...small, residual, stepSize: 0.3, batchSize: 2 };
    await expect(minibatchMoments({ ...all, steps: [2, 1] })).rejects.toThrow(/rising order/);
    await expect(minibatchMoments({ ...all, batchSize: 9, steps: [1] })).rejects.toThrow(/at most n = 4/);
    await expect(minibatchMoments({ ...all, stepSize: 50, steps: [400] })).rejects.toThrow(
      /overflow at step/,
    );
  });
});
