import { describe, expect, it } from "vitest";
import { CallError, DataError } from "../../src/errors.ts";
import { decompose } from "../../src/theory/eigenbasis.ts";
import { crossValidate, discreteFilters, pathCv } from "../../src/theory/index.ts";
import { task } from "./kernels.ts";

const small = task({ n: 24, outputs: 2, signal: 0.8, offset: 0.4, seed: 6 });
const other = task({ n: 24, outputs: 2, signal: 0.8, offset: 0.4, seed: 7 });
const N = 48;
const alpha = async () => 0.8 / (await decompose(small.kernel, small.n)).values[0];

/** The recursion, one fold, one example and one step at a time. */
function bruteForce(
  stepSize: number,
  loss: "mse" | "ce",
  kernels: [number, Float64Array][],
  steps: number,
  foldOf: Int32Array,
) {
  const { n, outputs: C, targets, f0 } = small;
  return Array.from({ length: n }, (_, held) => {
    const fold = foldOf[held];
    const rest = Array.from({ length: n }, (_, i) => i).filter((i) => foldOf[i] !== fold);
    const f = Float64Array.from(f0);
    for (let t = 0; t < steps; t++) {
      const [, kernel] = kernels.findLast(([from]) => from <= t)!;
      const pull = new Float64Array(N);
      for (const i of rest) {
        const own = Array.from({ length: C }, (_, c) => f[i * C + c]);
        const total = own.reduce((sum, value) => sum + Math.exp(value), 0);
        own.forEach((value, c) => {
          const p = loss === "ce" ? Math.exp(value) / total : value;
          pull[i * C + c] = targets[i * C + c] - p;
        });
      }
      const moves = f.map((_, row) => {
        let sum = 0;
        for (let column = 0; column < N; column++) sum += kernel[row * N + column] * pull[column];
        return (stepSize * sum) / rest.length;
      });
      for (let row = 0; row < N; row++) f[row] += moves[row];
    }
    const own = Array.from({ length: C }, (_, c) => f[held * C + c]);
    const total = own.reduce((sum, value) => sum + Math.exp(value), 0);
    return own.reduce((sum, value, c) => {
      const y = targets[held * C + c];
      return sum + (loss === "ce" ? y * (Math.log(total) - value) : 0.5 * (value - y) ** 2);
    }, 0);
  });
}

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>) {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    expect(Math.abs(actual[i] - expected[i])).toBeLessThanOrEqual(1e-11 * Math.max(1, Math.abs(expected[i])));
  }
}

describe("path-cv", () => {
  it("with one kernel is cross-validation of the kernel path, at every step", async () => {
    const stepSize = await alpha();
    const path = pathCv({ ...small, stepSize, maxSteps: 40, folds: 6, seed: 5 });
    path.retake(0, small.kernel);
    const closed = await crossValidate({
      ...small,
      filters: discreteFilters(stepSize),
      folds: 6,
      seed: 5,
      permutations: 0,
      maxSteps: 40,
    });
    for (const t of [0, 1, 2, 13, 40]) expectClose(path.errors(t), closed.errors(t));
  });

  for (const loss of ["mse", "ce"] as const) {
    it(`${loss}: a kernel taken again drives the steps that follow it, and none before`, async () => {
      const stepSize = (await alpha()) / 2;
      const { foldOf } = await crossValidate({
        ...small,
        filters: discreteFilters(stepSize),
        folds: 4,
        seed: 3,
        permutations: 0,
        maxSteps: 1,
      });
      const path = pathCv({ ...small, stepSize, maxSteps: 12, loss, folds: 4, seed: 3 });
      path.retake(0, small.kernel);
      expectClose(path.errors(7), bruteForce(stepSize, loss, [[0, small.kernel]], 7, foldOf));
      path.retake(5, other.kernel);
      const kernels: [number, Float64Array][] = [
        [0, small.kernel],
        [5, other.kernel],
      ];
      for (const t of [3, 5, 6, 12])
        expectClose(path.errors(t), bruteForce(stepSize, loss, kernels, t, foldOf));
    });
  }

  it("a step size that changes is used step by step", async () => {
    const base = await alpha();
    const path = pathCv({ ...small, stepSize: (t) => (t < 3 ? base / 2 : 0), maxSteps: 9, folds: 4 });
    path.retake(0, small.kernel);
    expect(path.errors(9)).toEqual(path.errors(3));
    expect(path.errors(3)).not.toEqual(path.errors(2));
  });

  it("answers the earliest step within one paired standard error of the minimum", async () => {
    const path = pathCv({ ...small, stepSize: await alpha(), maxSteps: 300, folds: 8, seed: 2 });
    const said = path.retake(0, small.kernel);
    expect(path.answer()).toEqual(said);
    const errors = Array.from({ length: said.horizon + 1 }, (_, t) => path.errors(t));
    const mean = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const means = errors.map(mean);
    const minimum = means.indexOf(Math.min(...means));
    const within = (t: number) => {
      const d = errors[t].map((value, i) => value - errors[minimum][i]);
      const variance = d.reduce((sum, value) => sum + (value - mean(d)) ** 2, 0) / (d.length - 1);
      return mean(d) <= Math.sqrt(variance / d.length);
    };
    expect(said.minimum).toBe(minimum);
    expect(said.step).toBe(errors.findIndex((_, t) => within(t)));
    expect(said.step).toBeLessThanOrEqual(minimum);
    expect(said.error).toBeGreaterThanOrEqual(said.leastError);
  });

  it("answers 0 where labels are noise, and late where they are exactly learnable", () => {
    const n = 40;
    const learnable = task({ n, outputs: 1, signal: 1, offset: 0, seed: 3 });
    const answers = [0, 1].map((share) => {
      const noise = Float64Array.from({ length: n }, (_, i) => (Math.sin(12.9898 * i * i) > 0 ? 1 : -1));
      const targets = share ? Float64Array.from(learnable.f0) : noise;
      if (share) for (let i = 0; i < n; i++) targets[i] += learnable.kernel[i] / learnable.kernel[0];
      const path = pathCv({
        ...learnable,
        targets,
        stepSize: 0.5 / learnable.kernel[0],
        maxSteps: 400,
        folds: 10,
      });
      return path.retake(0, learnable.kernel);
    });
    expect(answers[0].step).toBe(0);
    expect(answers[1].step).toBeGreaterThan(5);
  });

  it("refuses kernels out of order, of another size, or past an overflow, and bad options", async () => {
    const stepSize = await alpha();
    const path = pathCv({ ...small, stepSize, maxSteps: 20, folds: 4 });
    expect(() => path.answer()).toThrow(CallError);
    expect(() => path.retake(3, small.kernel)).toThrow(/first at 0/);
    path.retake(0, small.kernel);
    path.retake(6, other.kernel);
    expect(() => path.retake(5, small.kernel)).toThrow(/rising steps/);
    expect(() => path.retake(7, small.kernel.subarray(1))).toThrow(CallError);
    expect(() =>
      path.retake(
        7,
        small.kernel.map(() => Number.NaN),
      ),
    ).toThrow(DataError);
    expect(() => path.errors(21)).toThrow(CallError);
    expect(() => pathCv({ ...small, stepSize, maxSteps: 0 })).toThrow(CallError);
    expect(() => pathCv({ ...small, stepSize, maxSteps: 5, folds: 30 })).toThrow(/folds/);
    const wild = pathCv({ ...small, stepSize: 1e200, maxSteps: 20, folds: 4 });
    expect(wild.retake(0, small.kernel).horizon).toBeLessThan(5);
    expect(() => wild.retake(10, small.kernel)).toThrow(DataError);
  });
});
