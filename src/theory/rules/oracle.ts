/**
 * The oracle: the step with the smallest exact in-sample risk, when f* is known (theory.md §3). What the other rules aim at.
 *
 *   (1/N) Σ S_t² (u_iᵀg)² + (σ²/N) Σ (1 − S_t)²
 *
 * With the k largest eigenvalues only, the others add to Σ(1 − S_t)² at least D²/m and at most D(1 − S_t(λ_k)), D their Σ(1 − S_t)
 * [derived]. Cost: k per step looked at.
 */
import { requireNumber } from "../check.ts";
import { minimiseBracket, type RuleChoice } from "./choice.ts";
import { ruleInput, type SpectrumRuleInput, type StoppingChoice, stated } from "./input.ts";
import { type Bracket, fitAt, type RulePath, restDegrees, restLeft, rulePath } from "./path.ts";

function riskBracket(path: RulePath, sigma: number, t: number): Bracket {
  const { error } = fitAt(path, t);
  const { learned } = path.at(t);
  let spent = 0;
  for (let i = 0; i < learned.length; i++) spent += learned[i] ** 2;
  const scale = (sigma * sigma) / path.size;
  const { rest } = path;
  if (!rest) {
    const value = error.value + scale * spent;
    return { low: value, value, high: value };
  }
  const degrees = restDegrees(path, t);
  const value = degrees.value ** 2 / rest.count;
  const low = Math.min(value, degrees.low ** 2 / rest.count);
  const high = Math.max(value, degrees.high * (1 - restLeft(path, t).low));
  return {
    low: error.low + scale * (spent + low),
    value: error.value + scale * (spent + value),
    high: error.high + scale * (spent + high),
  };
}

/** @param path that of g: energy (u_iᵀg)² */
function best(path: RulePath, sigma: number): RuleChoice {
  const { step, truncation } = minimiseBracket((t) => riskBracket(path, sigma, t), path);
  return {
    step,
    reliability: "reliable",
    note: "Uses the true function: a yardstick, not a rule.",
    ...(truncation && { truncation }),
  };
}

/** @param truth (N) u_iᵀ g, g = f*(X) − f₀(X) */
export function oracle(
  { values, filters, maxSteps }: RulePath,
  truth: Float64Array,
  sigma: number,
): RuleChoice {
  return best(rulePath(values, truth, filters, maxSteps), sigma);
}

/**
 * The step with the smallest exact in-sample risk.
 * @param input.coefficients (k) u_iᵀ g of the true function, g = f*(X) − f₀(X); `squaredNorm` is ‖g‖²
 * @throws as ruleInput: CallError for a wrong call, DataError for unfit numbers
 */
export function oracleStop(input: SpectrumRuleInput & { sigma: number }): StoppingChoice {
  const path = ruleInput("oracleStop", input);
  requireNumber("oracleStop", "sigma", input.sigma, 0);
  return stated(best(path, input.sigma), path.filters, input.stepsPerEpoch);
}
