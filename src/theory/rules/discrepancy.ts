/**
 * Minimum discrepancy: the first step with ‖Y − f_t‖²_N ≤ σ². Its polynomial smoothing weighs the directions by λ^a:
 *
 *   (1/N) Σ λ^a S_t² (u_iᵀr)² ≤ σ² tr(K̂^a)/N,   a = 1/(β + 1) for λ_j ~ j^(−β)       [recalled]
 *
 * Both sides fall with t (α ≤ 2/λ₁), so bisection is exact. With the k largest eigenvalues only, m directions of trace τ and energy E
 * below λ_k add to the left side between 0 and λ_k^a E, to tr(K̂^a) between (τ/λ_k)λ_k^a and m(τ/m)^a, as λ^a is concave [derived].
 * Source: Celisse & Wahl, JMLR 22 (2021); Averyanov & Celisse, arXiv:2007.06827; theory.md §2. Cost: k log(maxSteps).
 */
import { requireNumber } from "../check.ts";
import { fitDecay } from "../decay.ts";
import { firstStep } from "../search.ts";
import type { DecayFit } from "../types.ts";
import { inSampleChoice, type RuleChoice } from "./choice.ts";
import { ruleInput, type SpectrumRuleInput, type StoppingChoice, stated } from "./input.ts";
import { type Bracket, fitAt, type RulePath, restLeft, width } from "./path.ts";

/** The first step whose excess (left side minus right side) is not above 0. */
function firstBelow(path: RulePath, excess: (t: number) => Bracket, note: string): RuleChoice {
  const { maxSteps, rest } = path;
  const first = (side: keyof Bracket) => firstStep((t) => excess(t)[side] <= 0, maxSteps);
  const step = first("value");
  const earliest = rest ? (first("low") ?? maxSteps) : 0;
  const chosen = step ?? maxSteps;
  const truncation = rest
    ? { steps: [earliest, first("high") ?? maxSteps] as [number, number], criterion: width(excess(chosen)) }
    : undefined;
  if (step !== null) return inSampleChoice(path, step, note, truncation);
  return {
    step: maxSteps,
    reliability: "unreliable",
    note: `${note} The residual is still above the noise level at the largest step considered.`,
    ...(truncation && { truncation }),
  };
}

export function discrepancy(path: RulePath, sigma: number): RuleChoice {
  return firstBelow(
    path,
    (t) => {
      const { low, value, high } = fitAt(path, t).error;
      const level = sigma * sigma;
      return { low: low - level, value: value - level, high: high - level };
    },
    "Stops when the training residual is down to the noise: as good as σ is, and unsteady when few directions carry the signal.",
  );
}

/** @param decay β of λ_j ~ j^(−β); Infinity (faster than any power) gives a = 0, the plain rule */
export function smoothedDiscrepancy(path: RulePath, sigma: number, decay: number): RuleChoice {
  const { values, energy, rest } = path;
  const a = 1 / (decay + 1);
  const power = (value: number) => (value > 0 ? value ** a : a === 0 ? 1 : 0);
  const weight = values.map(power);
  let trace = 0;
  for (const value of weight) trace += value;
  const mean = rest ? rest.trace / rest.count : 0;
  const restTrace = rest && {
    low: a === 0 ? rest.count : rest.bound > 0 ? (rest.trace / rest.bound) * power(rest.bound) : 0,
    value: rest.count * power(mean),
    high: rest.count * power(mean),
  };
  const noise = sigma * sigma;
  const excess = (t: number): Bracket => {
    const { left } = path.at(t);
    let sum = 0;
    for (let i = 0; i < values.length; i++) sum += weight[i] * left[i] ** 2 * energy[i];
    if (!rest || !restTrace) {
      const value = sum - noise * trace;
      return { low: value, value, high: value };
    }
    const S = restLeft(path, t).value;
    // with a = 0 every direction left out weighs 1 and the bounds are those of the plain rule
    const floor = a === 0 ? fitAt(path, t).error.low * path.size - sum : 0;
    const value = sum + power(mean) * S * S * rest.energy - noise * (trace + restTrace.value);
    return {
      low: Math.min(value, sum + floor - noise * (trace + restTrace.high)),
      value,
      high: Math.max(value, sum + power(rest.bound) * rest.energy - noise * (trace + restTrace.low)),
    };
  };
  return firstBelow(
    path,
    excess,
    `Discrepancy in the directions the kernel sees best (weights λ^${a.toFixed(2)}, exponent recalled from the literature): steadier than the plain rule, needs σ.`,
  );
}

/** β for the smoothing: that of a polynomial decay, Infinity for faster ones. */
export const smoothingDecay = ({ model, exponent }: DecayFit): number =>
  model === "polynomial" && exponent > 0 ? exponent : Number.POSITIVE_INFINITY;

/**
 * The first step at which the training residual is down to the noise.
 * @param input.sigma σ ≥ 0, noise of one target entry
 * @throws as ruleInput: CallError for a wrong call, DataError for unfit numbers
 */
export function discrepancyPrinciple(input: SpectrumRuleInput & { sigma: number }): StoppingChoice {
  const path = ruleInput("discrepancyPrinciple", input);
  requireNumber("discrepancyPrinciple", "sigma", input.sigma, 0);
  return stated(discrepancy(path, input.sigma), path.filters, input.stepsPerEpoch);
}

/**
 * The same in directions weighted by λ^a, a = 1/(β + 1) [recalled].
 * @param input.decay β of λ_j ~ j^(−β); default `fitDecay` of the eigenvalues, Infinity where it is not polynomial
 * @throws as ruleInput: CallError for a wrong call, DataError for unfit numbers
 */
export function smoothedDiscrepancyPrinciple(
  input: SpectrumRuleInput & { sigma: number; decay?: number },
): StoppingChoice {
  const where = "smoothedDiscrepancyPrinciple";
  const path = ruleInput(where, input);
  requireNumber(where, "sigma", input.sigma, 0);
  if (input.decay !== undefined && input.decay !== Number.POSITIVE_INFINITY) {
    requireNumber(where, "decay", input.decay, 0);
  }
  const fitted = () =>
    path.values[0] > 0 ? smoothingDecay(fitDecay(path.values, { n: path.size, samples: 0 })) : Infinity;
  const choice = smoothedDiscrepancy(path, input.sigma, input.decay ?? fitted());
  return stated(choice, path.filters, input.stepsPerEpoch);
}
