/**
 * Generalised cross-validation: ‖Y − f_t‖²_N / (1 − tr(I − S_t)/N)², at its smallest. Needs no σ.
 * Near interpolation it is 0/0; where the denominator is below 1e-10 it counts as +∞.
 * Source: theory.md §2; Golub, Heath & Wahba 1979 [recalled]. Cost: k per step looked at.
 */
import { inSampleChoice, minimiseBracket, type RuleChoice } from "./choice.ts";
import { ruleInput, type SpectrumRuleInput, type StoppingChoice, stated } from "./input.ts";
import { type Bracket, fitAt, type RulePath } from "./path.ts";

const SMALLEST = 1e-10;
/** What rounding leaves of 1 − tr(I − S_t)/N: near interpolation it is all there is. */
const ROUND_OFF = 8 * Number.EPSILON;

function gcvBracket(path: RulePath, t: number): Bracket {
  const { error, degrees } = fitAt(path, t);
  const of = (side: keyof Bracket, slack: number) => {
    const left = 1 - degrees[side] / path.size + slack;
    return left < SMALLEST ? Number.POSITIVE_INFINITY : error[side] / (left * left);
  };
  return { low: of("low", ROUND_OFF), value: of("value", 0), high: of("high", -ROUND_OFF) };
}

/** The criterion at step t. */
export const gcvAt = (path: RulePath, t: number): number => gcvBracket(path, t).value;

export function gcv(path: RulePath): RuleChoice {
  const { step, truncation } = minimiseBracket((t) => gcvBracket(path, t), path);
  return inSampleChoice(
    path,
    step,
    "Needs no σ. Blind when labels cannot be learnt: it then says to train to interpolation.",
    truncation,
  );
}

/**
 * The step with the smallest generalised cross-validation error.
 * @throws as ruleInput: CallError for a wrong call, DataError for unfit numbers
 */
export function generalizedCrossValidation(input: SpectrumRuleInput): StoppingChoice {
  const path = ruleInput("generalizedCrossValidation", input);
  return stated(gcv(path), path.filters, input.stepsPerEpoch);
}
