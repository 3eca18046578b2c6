/** The whole analysis: composition, verdicts on tasks that carry something and on tasks that do not, and the odd cases. */
import { describe, expect, it } from "vitest";
import { randomStream } from "../../src/random.ts";
import { decompose } from "../../src/theory/eigenbasis.ts";
import { analyseStopping, riskCurve, type StopAnalysis, stoppingTime } from "../../src/theory/index.ts";
import { shuffled, sobolev, task } from "./kernels.ts";

/** Paths of everything in the analysis that is not a finite number, string, boolean or null. */
function unfit(value: unknown, path = "analysis"): string[] {
  if (typeof value === "number") return Number.isFinite(value) ? [] : [`${path} = ${value}`];
  if (value === undefined) return [`${path} is undefined`];
  if (value === null || typeof value !== "object") return [];
  return Object.entries(value).flatMap(([key, item]) => unfit(item, `${path}.${key}`));
}

const ordinary = task({ n: 28, outputs: 3, signal: 0.8, offset: 0.4, seed: 1, held: 40, d: 20 });

describe("composition", () => {
  it("reproduces theory.md §9 for one output", async () => {
    const n = 100;
    const { kernel, target } = sobolev(n);
    const { gaussian } = randomStream(1);
    const targets = target.map((value) => value + gaussian());
    const f0 = new Float64Array(n);
    const shared = { kernel, n, outputs: 1, targets, f0, stepSize: 0.25, sigma: 1, norm: 1, truth: target };
    const found = await analyseStopping({ ...shared, rule: "rademacher", permutations: 9 });
    expect(found.answer).toMatchObject({ rule: "rademacher", step: 10, epochs: 10 });
    expect(found.rules.rademacher).toMatchObject({ step: 10, eta: 2.5, reliability: "conservative" });
    expect(found.critical_radius_squared.toFixed(10)).toBe("0.3716292876");
    expect(found.ridge_equivalent).toBeCloseTo(0.4, 14);
    expect(found.max_learning_rate).toBeCloseTo(2 / 0.409356047469, 10);
    expect(found.rules.oracle?.step).toBe(91);
    const at = found.risk.step.indexOf(10);
    expect(found.risk.total[at].toFixed(6)).toBe("0.033356");
    expect([found.sigma_source, found.norm_source]).toEqual(["given", "given"]);
    expect(found.decay).toMatchObject({ model: "polynomial", rate_in_n: "n^(-0.67)" });
  });

  it("holds every field, all numbers finite, in the user's clock", async () => {
    const { cross, testTargets, testF0 } = ordinary;
    const found = await analyseStopping({
      ...ordinary,
      holdout: { cross, targets: testTargets, f0: testF0 },
      stepSize: 0.05,
      momentum: 0.5,
      batchSize: 8,
      maxSteps: 2000,
    });
    expect(unfit(found)).toEqual([]);
    expect(found.eta_per_step).toBeCloseTo(0.1, 14);
    expect(found.steps_per_epoch).toBe(3.5);
    expect(found.max_steps).toBe(2000);
    expect(found.answer.epochs).toBeCloseTo(found.answer.step / 3.5, 12);
    expect(found.rules.cv?.eta).toBeCloseTo(0.1 * (found.rules.cv?.step ?? 0), 12);
    const [low, high] = found.answer.interval_steps;
    expect(low).toBeLessThanOrEqual(found.answer.step);
    expect(high).toBeGreaterThanOrEqual(found.answer.step);
    expect(found.rules.oracle).toBe(null);
    expect(found.rule_reasons).toEqual({ oracle: "the true function is not known" });
    // σ from cv: σ² = 2·error/C
    const error = Math.min(...(found.rules.cv?.curve.error ?? []));
    expect(found.sigma).toBeCloseTo(Math.sqrt((2 * error) / 3), 12);
    expect(found.sigma_source).toMatch(/cross-validation/);
    // T̂ on Θ/N with N and Cα
    const { values } = await decompose(ordinary.kernel, 28);
    const T = stoppingTime({
      eigenvalues: values.map((value) => value / 3),
      n: 84,
      sigma: found.sigma,
      norm: found.norm,
      stepSize: 3 * found.eta_per_step,
    });
    expect(found.rules.rademacher?.step).toBe(T.step);
    expect(found.critical_radius_squared).toBeCloseTo(T.criticalRadiusSquared, 12);
  });

  it("same seed, same answer; a spectrum given is not made again", async () => {
    const spectrum = await decompose(ordinary.kernel, 28);
    const first = await analyseStopping({ ...ordinary, seed: 7 });
    expect(await analyseStopping({ ...ordinary, seed: 7, spectrum })).toEqual(first);
  });

  it("any rule may give the answer; one that does not apply says why", async () => {
    const found = await analyseStopping({ ...ordinary, rule: "gcv", permutations: 19 });
    expect(found.answer).toMatchObject({ rule: "gcv", step: found.rules.gcv?.step });
    await expect(analyseStopping({ ...ordinary, rule: "holdout" })).rejects.toThrow(
      /no texts were kept aside/,
    );
    await expect(analyseStopping({ ...ordinary, rule: "oracle" })).rejects.toThrow(
      /true function is not known/,
    );
  });

  it("plug-in risk: the fit at the cv minimum taken as the truth", async () => {
    const { risk, rules, sigma, eta_per_step } = await analyseStopping(ordinary);
    const { values, vectors } = await decompose(ordinary.kernel, 28);
    const { gradientDescentMse } = await import("../../src/theory/index.ts");
    const residual = ordinary.targets.map((y, i) => y - ordinary.f0[i]);
    const fit = await gradientDescentMse({ ...ordinary, residual, stepSize: eta_per_step });
    const left = fit.residual(rules.cv?.step ?? 0);
    const target = residual.map((r, i) => r - left[i]);
    const all = { eigenvalues: values, vectors, target, n: 84, sigma, stepSize: eta_per_step, steps: [17] };
    expect(risk.total[risk.step.indexOf(17)]).toBeCloseTo(riskCurve(all).total[0], 10);
    expect(risk.source).toMatch(/plug-in/);
  });
});

describe("verdicts", () => {
  const judged = async (of: Parameters<typeof analyseStopping>[0]) => (await analyseStopping(of)).answer;

  for (const seed of [1, 2, 3, 4, 5, 6]) {
    const made = task({ n: 40, outputs: 2, signal: 0.6, offset: 0.5, seed, d: 20 });
    it(`labels that carry something, seed ${seed}: there is something to learn`, async () => {
      const answer = await judged({ ...made, seed });
      expect(["stop", "train-to-the-end"]).toContain(answer.verdict);
      expect(answer.step).toBeGreaterThan(0);
    });
    it(`the same labels dealt to the texts at random, seed ${seed}: nothing to learn, though f₀ is far off`, async () => {
      const answer = await judged({ ...shuffled(made, seed), seed });
      expect(answer.verdict).toBe("nothing-to-learn");
      expect(answer.why).toMatch(/Nothing to learn/);
    });
  }

  it("with many outputs and a large common offset: still nothing in labels dealt at random", async () => {
    for (const seed of [1, 2, 3]) {
      const made = task({ n: 42, outputs: 7, signal: 0.8, offset: 1.5, seed });
      expect((await judged({ ...shuffled(made, seed), seed, maxSteps: 2000 })).verdict).toBe(
        "nothing-to-learn",
      );
    }
  });

  it("noisy labels overfit: stop, and say where the error goes", async () => {
    const made = task({ n: 60, outputs: 2, signal: 0.35, seed: 4, d: 60 });
    const answer = await judged(made);
    expect(answer.verdict).toBe("stop");
    expect(answer.why).toMatch(/smallest at step \d+ .*and rises to/);
  });

  it("labels a linear function makes exactly: late, and no harm in going on", async () => {
    const made = task({ n: 60, outputs: 2, signal: 0, seed: 5, d: 6 });
    // targets from the kernel's own range: Θ c for a fixed c
    const { gaussian } = randomStream(3);
    const c = Float64Array.from({ length: 120 }, () => gaussian() / 30);
    const targets = c.map((_, i) => c.reduce((sum, weight, j) => sum + weight * made.kernel[i * 120 + j], 0));
    const found = await analyseStopping({ ...made, targets });
    expect(found.answer.verdict).toBe("train-to-the-end");
    expect(found.answer.step).toBeGreaterThan(50);
    expect(Math.min(...(found.rules.cv?.curve.error ?? []))).toBeLessThan(1e-6);
  });

  it("a pretrained point that is right already: nothing to learn", async () => {
    const made = task({ n: 30, outputs: 2, signal: 0.5, seed: 6, d: 40 });
    const { gaussian } = randomStream(2);
    const f0 = made.targets.map((y) => y + 0.01 * gaussian());
    const answer = await judged({ ...made, f0 });
    expect(answer.verdict).toBe("nothing-to-learn");
    expect(answer.why).toMatch(/than the pretrained point does/);
  });

  it("a step size past the limit, and a matrix that is no kernel: unreliable, numbers finite", async () => {
    const { values } = await decompose(ordinary.kernel, 28);
    const fast = await analyseStopping({ ...ordinary, stepSize: 3 / values[0] });
    expect(fast.answer.verdict).toBe("unreliable");
    expect(fast.answer.why).toMatch(/1.50 times the limit/);
    expect(fast.rules.sure).toBe(null);
    expect(fast.rule_reasons.sure).toMatch(/diverges/);
    expect(unfit(fast)).toEqual([]);
    const negated = ordinary.kernel.map((value, k) => (k % 85 === 0 ? value - 0.5 : value));
    const bent = await analyseStopping({ ...ordinary, kernel: negated });
    expect(bent.answer.verdict).toBe("unreliable");
    expect(bent.answer.why).toMatch(/not a kernel/);
    expect(unfit(bent)).toEqual([]);
  });

  it("a few texts: cannot tell learning from luck", async () => {
    const answer = await judged(task({ n: 6, outputs: 2, signal: 2, seed: 1 }));
    expect(answer.verdict).toBe("unreliable");
    expect(answer.why).toMatch(/Too few labelled texts/);
  });
});

describe("odd cases: an answer or a clear error, never NaN", () => {
  const check = async (problem: Parameters<typeof analyseStopping>[0]): Promise<StopAnalysis> => {
    const found = await analyseStopping({ maxSteps: 500, ...problem });
    expect(unfit(found)).toEqual([]);
    return found;
  };

  it("one text", async () => {
    const one = {
      kernel: Float64Array.of(2),
      n: 1,
      outputs: 1,
      targets: Float64Array.of(1),
      f0: Float64Array.of(0),
    };
    const found = await check(one);
    expect(found.rules.cv).toBe(null);
    expect(found.answer).toMatchObject({ rule: "rademacher", verdict: "unreliable" });
    await check({
      ...one,
      kernel: Float64Array.of(2, 1, 1, 2),
      outputs: 2,
      targets: Float64Array.of(0, 1),
      f0: new Float64Array(2),
    });
  });

  it("two texts, three texts", async () => {
    for (const n of [2, 3]) await check(task({ n, outputs: 2, signal: 1, seed: 1 }));
  });

  it("σ = 0, B = 0, both", async () => {
    const still = await check({ ...ordinary, sigma: 0 });
    expect(still.rules.rademacher).toMatchObject({ step: 500, reliability: "unreliable" });
    expect(still.critical_radius_squared).toBe(0);
    const flat = await check({ ...ordinary, norm: 0 });
    expect(flat.rules.rademacher?.step).toBe(0);
    const neither = await check({ ...ordinary, sigma: 0, norm: 0 });
    expect(neither.rules.rademacher).toBe(null);
    expect(neither.rule_reasons.rademacher).toMatch(/neither noise/);
  });

  it("a kernel with one eigenvalue, and one with round-off below 0", async () => {
    const rankOne = ordinary.kernel.map(() => 1);
    const found = await check({ ...ordinary, kernel: rankOne });
    expect(found.decay).toMatchObject({ model: "finite-rank", exponent: 1 });
    const { gaussian } = randomStream(1);
    const rough = ordinary.kernel.map((value) => value + 1e-9 * gaussian());
    const near = await check({ ...ordinary, kernel: rough });
    expect(near.rules.cv?.step).toBe((await check(ordinary)).rules.cv?.step);
  });

  it("constant labels, and targets equal to f₀", async () => {
    const constant = { ...ordinary, targets: ordinary.targets.map((_, k) => (k % 3 === 0 ? 1 : 0)) };
    expect((await check(constant)).answer.verdict).toBe("nothing-to-learn");
    expect((await check({ ...ordinary, targets: ordinary.f0 })).answer.verdict).toBe("nothing-to-learn");
  });

  it("a zero kernel, NaN, wrong shapes: refused by name", async () => {
    const bad = (change: Partial<Parameters<typeof analyseStopping>[0]>) =>
      analyseStopping({ ...ordinary, ...change });
    await expect(bad({ kernel: new Float64Array(84 * 84) })).rejects.toThrow(
      /positive eigenvalue, got λ₁ = 0/,
    );
    const holed = ordinary.kernel.slice();
    holed[5] = Number.NaN;
    await expect(bad({ kernel: holed })).rejects.toThrow(/NaN at position 5/);
    await expect(bad({ targets: new Float64Array(3) })).rejects.toThrow(/targets to hold 84 numbers, got 3/);
    await expect(bad({ outputs: 2 })).rejects.toThrow(/kernel of 56 rows/);
    await expect(bad({ sigma: -1 })).rejects.toThrow(/sigma/);
    await expect(bad({ folds: 1 })).rejects.toThrow(/2 to 28 folds/);
    await expect(bad({ stepSize: Number.NaN })).rejects.toThrow(/stepSize/);
    await expect(
      bad({ holdout: { cross: new Float64Array(2), targets: new Float64Array(3), f0: new Float64Array(3) } }),
    ).rejects.toThrow(/hold-out kernel to hold 252/);
  });

  it("can be interrupted", async () => {
    const control = new AbortController();
    const running = analyseStopping({
      ...ordinary,
      signal: control.signal,
      onProgress: ({ stage, done }) => {
        if (stage === "cross-validation" && done === 1) control.abort(new Error("enough"));
      },
    });
    await expect(running).rejects.toThrow("enough");
  });
});
