/**
 * Stein's unbiased estimate of the risk: (1/N)‖Y − f_t‖² − σ² + (2σ²/N) tr(I − S_t), at its smallest.
 * Source: theory.md §2; Stein 1981 [recalled]. Cost: k per step looked at.
 */
import { requireNumber } from "../check.ts";
import { inSampleChoice, minimiseBracket, type RuleChoice } from "./choice.ts";
import { ruleInput, type SpectrumRuleInput, type StoppingChoice, stated } from "./input.ts";
import { type Bracket, fitAt, type RulePath } from "./path.ts";

function sureBracket(path: RulePath, sigma: number, t: number): Bracket {
  const noise = sigma * sigma;
  const { error, degrees } = fitAt(path, t);
  const of = (side: keyof Bracket) => error[side] - noise + (2 * noise * degrees[side]) / path.size;
  return { low: of("low"), value: of("value"), high: of("high") };
}

/** The estimate at step t. */
export const sureAt = (path: RulePath, sigma: number, t: number): number => sureBracket(path, sigma, t).value;

export function sure(path: RulePath, sigma: number): RuleChoice {
  const { step, truncation } = minimiseBracket((t) => sureBracket(path, sigma, t), path);
  return inSampleChoice(
    path,
    step,
    "Unbiased for the in-sample risk when σ is right; too small a σ stops too late.",
    truncation,
  );
}

/**
 * The step with the smallest Stein estimate of the risk.
 * @param input.sigma σ ≥ 0, noise of one target entry
 * @throws as ruleInput: CallError for a wrong call, DataError for unfit numbers
 */
export function steinUnbiasedRisk(input: SpectrumRuleInput & { sigma: number }): StoppingChoice {
  const path = ruleInput("steinUnbiasedRisk", input);
  requireNumber("steinUnbiasedRisk", "sigma", input.sigma, 0);
  return stated(sure(path, input.sigma), path.filters, input.stepsPerEpoch);
}
