import { describe, expect, it } from "vitest";
import { stoppingTime } from "../../../src/theory/index.ts";
import { rademacher, radiusInput } from "../../../src/theory/rules/rademacher.ts";
import { sobolevValues } from "../kernels.ts";

const one = {
  values: sobolevValues(100),
  n: 100,
  outputs: 1,
  stepSize: 0.25,
  sigma: 0.5,
  norm: 1,
  maxSteps: 10000,
};

describe("T̂ as a rule", () => {
  it("with one output is theory.md §9, with its neighbours at σ/B doubled and halved", () => {
    const found = rademacher(one);
    expect(found).toMatchObject({ step: 31, reliability: "conservative", interval: [10, 76] });
    expect(found.note).toMatch(/doubled it says 10, halved 76/);
  });

  it("with C outputs is the rule on Θ/N with steps Cα and N in place of n", () => {
    // every output has the same kernel: N = 300 rows, each eigenvalue of Θ/n three times
    const values = Float64Array.from({ length: 300 }, (_, i) => one.values[Math.floor(i / 3)]);
    const found = rademacher({ ...one, values, outputs: 3 });
    const direct = stoppingTime({
      eigenvalues: values.map((value) => value / 3),
      ...{ n: 300, sigma: 0.5, norm: 1, stepSize: 0.75 },
    });
    expect(found.step).toBe(direct.step);
    expect(found.criticalRadiusSquared).toBe(direct.criticalRadiusSquared);
    // S_t is the same on both clocks
    const seen = radiusInput({ ...one, values, outputs: 3 });
    expect(Number(seen.stepSize) * Number(seen.eigenvalues[0])).toBeCloseTo(0.25 * values[0], 15);
    // three outputs share one norm budget: each may have B/√3, so the rule stops where one output with B/√3 does
    expect(found.step).toBe(rademacher({ ...one, norm: 1 / Math.sqrt(3) }).step);
  });

  it("σ = 0 never stops: the last step, flagged", () => {
    expect(rademacher({ ...one, sigma: 0 })).toMatchObject({ step: 10000, reliability: "unreliable" });
    expect(rademacher({ ...one, norm: 0 }).step).toBe(0);
  });
});
