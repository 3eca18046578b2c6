/**
 * The whole stopping analysis of one kernel and its targets: every rule, σ and B from data, exact risk, decay, assumptions, and
 * the answer with its verdict. This file only composes; each number is made in the file named after it, whose head has the formula
 * and says [derived], [recalled] or [paper].
 * Cost: one eigendecomposition of N, K of N(1 − 1/K), six of N/2, 0.63 N for each
 * resample asked for; then N² per step a rule looks at.
 */
import { CallError, complaint } from "../errors.ts";
import { negativeMass } from "../numerics/index.ts";
import { assumptions } from "./assumptions.ts";
import { type CrossValidation, crossValidate } from "./crossValidation.ts";
import { fitDecay } from "./decay.ts";
import { project } from "./eigenbasis.ts";
import { chooseNorm, chooseSigma } from "./estimates.ts";
import { defaultFolds } from "./folds.ts";
import { type PreparedProblem, prepareProblem, type StoppingProblem } from "./problem.ts";
import { riskCurve } from "./risk.ts";
import { type AppliedRules, applyRules } from "./rules/all.ts";
import type { RuleChoice } from "./rules/choice.ts";
import { cv } from "./rules/cv.ts";
import { stepGrid } from "./search.ts";
import { effectiveDimension } from "./spectrum.ts";
import type { RuleName, RuleResult, StopAnalysis } from "./types.ts";
import { stepUncertainty } from "./uncertainty.ts";
import { judge } from "./verdict.ts";

/** @throws CallError for a wrong shape or option, DataError for NaN or a kernel that is 0 */
export async function analyseStopping(problem: StoppingProblem): Promise<StopAnalysis> {
  const prepared = await prepareProblem(problem);
  const { spectrum, residual, etaPerStep, stepsPerEpoch, maxSteps, seed } = prepared;
  const { kernel, n, outputs, targets, onProgress } = problem;
  const validation = n < 2 ? null : await validate(prepared);
  onProgress?.({ stage: "stopping rules", done: 0, total: 1 });
  const byCv = validation && cv(validation, maxSteps);
  const estimates = { sigma: chooseSigma(prepared, byCv), norm: await chooseNorm(prepared, byCv) };
  const { sigma, source: sigma_source } = estimates.sigma;
  const { norm, source: norm_source } = estimates.norm;
  const decay = fitDecay(spectrum.values, { seed });
  const applied = applyRules(prepared, byCv, { sigma, norm, decay });
  const answer = answerOf(prepared, applied, validation);
  const T = applied.rademacher;
  const epsilon2 = Math.min(T?.criticalRadiusSquared ?? 0, Number.MAX_VALUE);
  onProgress?.({ stage: "stopping rules", done: 1, total: 1 });
  const uncertainty = await stepUncertainty(prepared, estimates, { decay, rademacher: T });

  const result = ({ step, reliability, note }: RuleChoice): RuleResult => {
    return { step, epochs: step / stepsPerEpoch, eta: etaPerStep * step, reliability, note };
  };
  const named = (name: RuleName) => {
    const choice = applied.choices[name];
    return choice && result(choice);
  };
  return {
    answer: { ...answer, epochs: answer.step / stepsPerEpoch },
    n,
    outputs,
    eta_per_step: etaPerStep,
    steps_per_epoch: stepsPerEpoch,
    max_steps: maxSteps,
    sigma,
    sigma_source,
    norm,
    norm_source,
    uncertainty,
    critical_radius_squared: epsilon2,
    rules: {
      rademacher: named("rademacher"),
      discrepancy: named("discrepancy"),
      smoothed_discrepancy: named("smoothed_discrepancy"),
      sure: named("sure"),
      gcv: named("gcv"),
      loo: named("loo"),
      cv: byCv && {
        ...result(byCv),
        one_standard_error_step: byCv.oneStandardErrorStep,
        folds: validation?.folds ?? 0,
        curve: byCv.curve,
      },
      holdout: named("holdout"),
      oracle: named("oracle"),
    },
    rule_reasons: applied.reasons,
    // ε̂² is on the clock of Θ/N; Θ/n is `outputs` times that
    ridge_equivalent:
      T && T.step > 0 ? 1 / (etaPerStep * T.step) : Math.min(outputs * epsilon2, Number.MAX_VALUE),
    max_learning_rate: 2 / spectrum.values[0],
    effective_dimension: effectiveDimension({
      eigenvalues: spectrum.values,
      eta: etaPerStep * (T?.step ?? 0),
    }),
    decay,
    risk: riskOf(prepared, byCv?.step ?? T?.step ?? 0, sigma),
    assumptions: assumptions({ kernel, values: spectrum.values, targets, residual, sigma, etaPerStep }),
  };
}

function validate({ problem, path, labels, seed, maxSteps }: PreparedProblem): Promise<CrossValidation> {
  return crossValidate({
    ...problem,
    filters: path.filters,
    folds: problem.folds ?? defaultFolds(problem.n, labels),
    seed,
    labels,
    permutations: problem.permutations ?? 499,
    maxSteps,
  });
}

/** The step of the rule asked for, its interval, and the verdict. */
function answerOf(
  { problem, spectrum, etaPerStep, maxSteps }: PreparedProblem,
  applied: AppliedRules,
  validation: CrossValidation | null,
): Omit<StopAnalysis["answer"], "epochs"> {
  const { cv, rademacher, choices, reasons } = applied;
  const wanted = problem.rule ?? (cv ? "cv" : "rademacher");
  const choice = choices[wanted];
  if (!choice) {
    throw new CallError(
      complaint(
        "analyseStopping",
        `a rule that applies here`,
        `${wanted}: ${reasons[wanted]}`,
        "another rule",
      ),
    );
  }
  const { step } = choice;
  let interval: [number, number] = cv
    ? [Math.min(step, cv.interval[0]), Math.max(step, cv.interval[1])]
    : [step, step];
  if (wanted === "rademacher" && rademacher) interval = rademacher.interval;
  const speed = etaPerStep * spectrum.values[0];
  const judged =
    cv && validation
      ? judge({
          validation,
          cv,
          maxSteps,
          speed,
          negativeMass: negativeMass(spectrum.values),
          answer: { rule: wanted, ...choice },
        })
      : {
          verdict: "unreliable" as const,
          why: "One labelled text says nothing about any other: there is nothing to check a stopping step against.",
        };
  return { rule: wanted, step, interval_steps: interval, ...judged };
}

/** In-sample risk for the true function, or for the fit at `plugInStep` taken as the truth. */
function riskOf(prepared: PreparedProblem, plugInStep: number, sigma: number): StopAnalysis["risk"] {
  const { problem, spectrum, rho, path, etaPerStep, maxSteps } = prepared;
  const { truth, f0 } = problem;
  const { values, vectors } = spectrum;
  const g = truth
    ? project(
        vectors,
        truth.map((value, i) => value - f0[i]),
      )
    : rho.map((value, i) => path.filters.learned(values[i], plugInStep) * value);
  const curve = riskCurve({
    eigenvalues: values,
    coefficients: g,
    n: rho.length,
    sigma,
    stepSize: etaPerStep,
    steps: stepGrid(maxSteps),
  });
  // a path that diverges is drawn as far as its numbers go
  const end = curve.total.findIndex((value) => !Number.isFinite(value));
  const upTo = (numbers: number[]) => (end === -1 ? numbers : numbers.slice(0, end));
  const what = truth ? "the true function" : `plug-in: the fit at step ${plugInStep} taken as the truth`;
  return {
    step: upTo(curve.step),
    bias2: upTo(curve.bias2),
    variance: upTo(curve.variance),
    total: upTo(curve.total),
    source: `${what}, σ = ${sigma.toPrecision(3)}`,
  };
}
