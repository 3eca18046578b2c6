/**
 * How sure an analysis is of its steps: T̂ over the standard errors of σ and B, and the rules that read a spectrum over resampled
 * examples at the σ and B found. 95 % intervals, seeded. Formulas and source: intervals.ts [derived; percentiles recalled].
 *
 * Cross-validation and hold-out are not resampled: a text drawn twice would stand on both sides of a fold. The interval of cv is
 * its one standard error over folds. Cost: a thousand sorts; then an eigendecomposition of about 0.63 N a resample.
 */
import { requireInteger } from "./check.ts";
import type { Estimates } from "./estimates.ts";
import { bootstrapRules, type Resample, stoppingInterval } from "./intervals.ts";
import type { PreparedProblem } from "./problem.ts";
import { discrepancyPrinciple, smoothedDiscrepancyPrinciple, smoothingDecay } from "./rules/discrepancy.ts";
import { generalizedCrossValidation } from "./rules/gcv.ts";
import { type RademacherChoice, rademacherRule } from "./rules/rademacher.ts";
import { steinUnbiasedRisk } from "./rules/sure.ts";
import type { DecayFit, StepUncertainty } from "./types.ts";

type Interval = [number, number];

export async function stepUncertainty(
  prepared: PreparedProblem,
  { sigma, norm }: Estimates,
  { decay, rademacher }: { decay: DecayFit; rademacher: RademacherChoice | null },
): Promise<StepUncertainty> {
  const [sigmaError, normError] = [sigma.standardError, norm.standardError];
  const { problem, etaPerStep, maxSteps, spectrum, seed } = prepared;
  const { n, outputs, bootstrap = 0 } = problem;
  requireInteger("analyseStopping", "bootstrap", bootstrap, 0);
  const run = { n, outputs, stepSize: etaPerStep, maxSteps, sigma: sigma.sigma, norm: norm.norm };
  const capped = ([low, high]: Interval): Interval => [Math.min(low, maxSteps), Math.min(high, maxSteps)];
  const over = (errors: { sigmaError: number; normError: number }) =>
    stoppingInterval({ ...run, ...errors, eigenvalues: spectrum.values, seed }).interval;
  return {
    sigma_standard_error: sigmaError,
    norm_standard_error: normError,
    rademacher_interval_steps:
      rademacher && sigmaError !== null && normError !== null
        ? capped(over({ sigmaError, normError }))
        : null,
    bootstrap: bootstrap > 0 ? await resampled(prepared, bootstrap, run, smoothingDecay(decay)) : null,
  };
}

async function resampled(
  { problem, residual, spectrum, seed }: PreparedProblem,
  samples: number,
  run: { n: number; outputs: number; stepSize: number; maxSteps: number; sigma: number; norm: number },
  decay: number,
): Promise<StepUncertainty["bootstrap"]> {
  const { kernel, n, outputs, signal, onProgress } = problem;
  // a resample's λ₁ can pass 2/α where that of all examples does not: there the in-sample rules have no step
  const unlessDiverging = (rule: (sample: Resample) => { step: number }) => (sample: Resample) =>
    run.stepSize * sample.eigenvalues[0] <= 2 ? rule(sample).step : null;
  const knows = run.sigma > 0 || run.norm > 0;
  const found = await bootstrapRules(
    { kernel, n, outputs, residual, samples, seed, signal, onProgress },
    {
      rademacher: (sample) =>
        knows ? rademacherRule({ ...run, eigenvalues: sample.eigenvalues }).step : null,
      discrepancy: unlessDiverging((sample) => discrepancyPrinciple({ ...run, ...sample })),
      smoothed_discrepancy: unlessDiverging((sample) =>
        smoothedDiscrepancyPrinciple({ ...run, ...sample, decay }),
      ),
      sure: unlessDiverging((sample) => steinUnbiasedRisk({ ...run, ...sample })),
      gcv: unlessDiverging((sample) => generalizedCrossValidation({ ...run, ...sample })),
    },
  );
  const interval_steps: NonNullable<StepUncertainty["bootstrap"]>["interval_steps"] = {};
  // where even all examples diverge, resamples that do not are no picture of them
  const diverges = run.stepSize * spectrum.values[0] > 2;
  for (const [rule, of] of Object.entries(found)) {
    if (of && (rule === "rademacher" || !diverges)) {
      interval_steps[rule as keyof typeof found] = of.interval;
    }
  }
  return { samples, interval_steps };
}
