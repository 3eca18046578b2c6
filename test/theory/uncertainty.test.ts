/** Intervals of the analysis: those of intervals.ts at the σ, B and standard errors that the analysis found. */
import { describe, expect, it } from "vitest";
import { decompose } from "../../src/theory/eigenbasis.ts";
import {
  analyseStopping,
  bootstrapSteps,
  bootstrapStoppingTime,
  stoppingInterval,
} from "../../src/theory/index.ts";
import { generalizedCrossValidation } from "../../src/theory/rules/gcv.ts";
import { task } from "./kernels.ts";

const ordinary = task({ n: 24, outputs: 2, signal: 0.8, seed: 2 });
const shared = { ...ordinary, maxSteps: 400, permutations: 9, seed: 5 };
const residual = ordinary.targets.map((y, i) => y - ordinary.f0[i]);

describe("uncertainty of an analysis", () => {
  it("T̂ over σ and B is stoppingInterval with the errors it names; the bootstrap is off", async () => {
    const found = await analyseStopping(shared);
    const { sigma_standard_error, norm_standard_error, rademacher_interval_steps, bootstrap } =
      found.uncertainty!;
    expect(bootstrap).toBe(null);
    expect(sigma_standard_error).toBeGreaterThan(0);
    expect(norm_standard_error).toBeGreaterThan(0);
    // σ² = 2·error/C: relative errors of σ are half those of the error at the cv minimum
    const { curve } = found.rules.cv!;
    const at = curve.error.indexOf(Math.min(...curve.error));
    expect(sigma_standard_error! / found.sigma).toBeCloseTo(
      curve.standard_error[at] / curve.error[at] / 2,
      12,
    );
    const { values } = await decompose(ordinary.kernel, 24);
    const { interval } = stoppingInterval({
      eigenvalues: values,
      n: 24,
      outputs: 2,
      stepSize: found.eta_per_step,
      maxSteps: 400,
      sigma: found.sigma,
      norm: found.norm,
      sigmaError: sigma_standard_error!,
      normError: norm_standard_error!,
      seed: 5,
    });
    expect(rademacher_interval_steps).toEqual(interval.map((step) => Math.min(step, 400)));
    const [low, high] = interval;
    expect(low).toBeLessThan(high);
    expect(low).toBeLessThanOrEqual(found.rules.rademacher!.step);
    expect(high).toBeGreaterThanOrEqual(found.rules.rademacher!.step);
  });

  it("the bootstrap holds each rule as bootstrapSteps gives it, and changes nothing else", async () => {
    const plain = await analyseStopping(shared);
    const found = await analyseStopping({ ...shared, bootstrap: 30 });
    expect({ ...found, uncertainty: null }).toEqual({ ...plain, uncertainty: null });
    const { samples, interval_steps } = found.uncertainty!.bootstrap!;
    expect(samples).toBe(30);
    expect(Object.keys(interval_steps)).toEqual([
      "rademacher",
      "discrepancy",
      "smoothed_discrepancy",
      "sure",
      "gcv",
    ]);
    const { eta_per_step: stepSize, sigma, norm } = found;
    const alone = { ...ordinary, residual, samples: 30, seed: 5 };
    const run = { stepSize, maxSteps: 400 };
    expect(interval_steps.rademacher).toEqual(
      (await bootstrapStoppingTime({ ...alone, ...run, sigma, norm })).interval,
    );
    const gcv = await bootstrapSteps(
      alone,
      (sample) => generalizedCrossValidation({ ...run, ...sample }).step,
    );
    expect(interval_steps.gcv).toEqual(gcv.interval);
  });

  it("σ and B that are given have no error; where the path diverges only T̂ is left", async () => {
    const given = await analyseStopping({ ...shared, sigma: 0.4, norm: 2 });
    const { step } = given.rules.rademacher!;
    expect(given.uncertainty).toEqual({
      sigma_standard_error: 0,
      norm_standard_error: 0,
      rademacher_interval_steps: [step, step],
      bootstrap: null,
    });
    const stepSize = 2 * given.max_learning_rate;
    const wild = await analyseStopping({ ...shared, sigma: 0.4, norm: 2, stepSize, bootstrap: 5 });
    expect(Object.keys(wild.uncertainty!.bootstrap!.interval_steps)).toEqual(["rademacher"]);
    const silent = await analyseStopping({ ...shared, sigma: 0, norm: 0, bootstrap: 5 });
    expect(silent.uncertainty!.rademacher_interval_steps).toBe(null);
    expect(silent.uncertainty!.bootstrap!.interval_steps.rademacher).toBe(undefined);
    await expect(analyseStopping({ ...shared, bootstrap: -1 })).rejects.toThrow(/bootstrap/);
  });
});
