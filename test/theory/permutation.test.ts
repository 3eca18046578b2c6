import { describe, expect, it } from "vitest";
import { decompose } from "../../src/theory/eigenbasis.ts";
import { crossValidate, discreteFilters } from "../../src/theory/index.ts";
import { type Task, task } from "./kernels.ts";

async function luck(of: Task, folds: number, seed: number, permutations = 99) {
  const { values } = await decompose(of.kernel, of.n);
  const validation = await crossValidate({
    ...of,
    filters: discreteFilters(1 / values[0]),
    folds,
    seed,
    permutations,
    maxSteps: 300,
  });
  if (!validation.luck) throw new Error("no test was made");
  return { ...validation.luck, validation };
}

describe("random deals of the labels", () => {
  it("the true deal is scored as cross-validation scores it", async () => {
    const { steps, observed, validation } = await luck(
      task({ n: 18, outputs: 3, signal: 0.5, offset: 1, seed: 1 }),
      6,
      0,
    );
    const smallest = Math.min(...steps.map((t) => validation.error(t).mean));
    expect(observed).toBeCloseTo(smallest, 12);
    expect([steps[0], steps[steps.length - 1]]).toEqual([0, 300]);
  });

  it("labels that carry something beat every deal", async () => {
    for (const seed of [1, 2, 3, 4]) {
      const { p, floor } = await luck(task({ n: 30, outputs: 3, signal: 1, offset: 0.5, seed }), 5, seed);
      expect(p).toBe(0.01);
      expect(floor).toBe(0.01);
    }
  });

  it("labels that carry nothing: p ≤ a with probability a, whatever the common offset", async () => {
    const p: number[] = [];
    for (let seed = 0; seed < 200; seed++) {
      const found = await luck(
        task({ n: 16, outputs: 2, signal: 0, offset: 1, seed: seed + 100, d: 6 }),
        4,
        seed,
        39,
      );
      p.push(found.p);
    }
    const share = (a: number) => p.filter((value) => value <= a + 1e-12).length / p.length;
    // binomial with 200 draws: three standard deviations above the level
    for (const a of [0.05, 0.1, 0.25, 0.5]) {
      expect(share(a)).toBeLessThanOrEqual(a + 3 * Math.sqrt((a * (1 - a)) / 200));
    }
    // and the test is not vacuous
    expect(share(0.5)).toBeGreaterThan(0.3);
  });

  it("deals that cannot be told from the true one: same targets, or all classes renamed", async () => {
    const none = task({ n: 12, outputs: 2, signal: 1, seed: 3 });
    const constant = { ...none, targets: none.targets.map((_, k) => (k % 2 === 0 ? 1 : 0)) };
    expect(await luck(constant, 4, 0)).toMatchObject({ p: 1, floor: 1 });
    // 3 folds of two texts, one of each class: 8 deals, of which 2 give the same error
    const tiny = await luck(task({ n: 6, outputs: 2, signal: 1, seed: 3 }), 3, 0, 399);
    expect(tiny.floor).toBeGreaterThan(0.15);
    expect(tiny.floor).toBeLessThan(0.4);
  });

  it("works for leave-one-out, where texts trade places between folds", async () => {
    const { p } = await luck(task({ n: 20, outputs: 2, signal: 1.5, seed: 3 }), 20, 0);
    expect(p).toBe(0.01);
  });
});
