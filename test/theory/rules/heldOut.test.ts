/** cv and holdout as rules. */
import { describe, expect, it } from "vitest";
import { decompose, project } from "../../../src/theory/eigenbasis.ts";
import { crossValidate, gradientDescent } from "../../../src/theory/index.ts";
import { cv } from "../../../src/theory/rules/cv.ts";
import { holdout } from "../../../src/theory/rules/holdout.ts";
import { rulePath } from "../../../src/theory/rules/path.ts";
import { task } from "../kernels.ts";

const some = task({ n: 24, outputs: 2, signal: 0.5, offset: 0.5, seed: 2, held: 30, d: 20 });

async function prepared(maxSteps: number) {
  const { values, vectors } = await decompose(some.kernel, some.n);
  const rho = project(
    vectors,
    some.targets.map((y, i) => y - some.f0[i]),
  );
  return { vectors, rho, path: rulePath(values, rho, 1 / values[0], maxSteps) };
}

describe("cv", () => {
  it("smallest mean error over every step, one-standard-error steps and curve", async () => {
    const maxSteps = 300;
    const { path } = await prepared(maxSteps);
    const validation = await crossValidate({
      ...some,
      filters: path.filters,
      folds: 6,
      seed: 1,
      permutations: 0,
      maxSteps,
    });
    const every = Array.from({ length: maxSteps + 1 }, (_, t) => validation.error(t));
    const least = Math.min(...every.map(({ mean }) => mean));
    const best = every.findIndex(({ mean }) => mean === least);
    const choice = cv(validation, maxSteps);
    expect(choice.step).toBe(best);
    expect(choice.error).toBe(least);
    const within = (t: number) => every[t].mean <= least + every[best].standardError;
    expect(choice.oneStandardErrorStep).toBe(every.findIndex((_, t) => within(t)));
    let last = best;
    while (last < maxSteps && within(last + 1)) last++;
    expect(choice.interval).toEqual([choice.oneStandardErrorStep, last]);
    choice.curve.step.forEach((t, k) => {
      expect(choice.curve.error[k]).toBe(every[t].mean);
      expect(choice.curve.standard_error[k]).toBe(every[t].standardError);
    });
  });

  it("a path that diverges is listed only as far as its numbers go", async () => {
    const { values } = await decompose(some.kernel, some.n);
    const { filters } = rulePath(values, values, 8 / values[0], 10000);
    const all = { ...some, filters, folds: 6, seed: 1, permutations: 0, maxSteps: 10000 };
    const choice = cv(await crossValidate(all), 10000);
    expect(choice.step).toBeLessThan(5);
    expect(choice.curve.error.every(Number.isFinite)).toBe(true);
    expect(choice.curve.standard_error.every(Number.isFinite)).toBe(true);
  });
});

describe("holdout", () => {
  it("smallest error of explicit descent on the texts kept aside", async () => {
    const maxSteps = 200;
    const { path, vectors, rho } = await prepared(maxSteps);
    const kept = { cross: some.cross, targets: some.testTargets, f0: some.testF0 };
    const { step } = holdout(path, { vectors, coefficients: rho, beyond: null }, kept, some.n, 2);
    const steps = Array.from({ length: maxSteps + 1 }, (_, t) => t);
    const { test } = gradientDescent({ ...some, stepSize: path.filters.stepSize, steps, test: kept });
    const errors = (test ?? []).map((f) => f.reduce((sum, v, i) => sum + (v - kept.targets[i]) ** 2, 0));
    expect(step).toBe(errors.indexOf(Math.min(...errors)));
    expect(step).toBeGreaterThan(0);
  });
});
