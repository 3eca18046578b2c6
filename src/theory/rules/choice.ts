/**
 * What every rule in this folder gives, and how a choice carries what was left out of the spectrum.
 *
 *   low(t) ≤ criterion(t) ≤ high(t)   ⇒   the full spectrum's minimum lies at a step with low(t) ≤ min high               [derived]
 *   tr(I − S_t) > 0.8 N               ⇒   unreliable: in-sample rules are close to 0/0. Seen in trials; theory.md §2
 */
import { firstStep, minimise } from "../search.ts";
import { type Bracket, degrees, type RulePath, width } from "./path.ts";

export interface Truncation {
  /** Where the full spectrum can put the step: it lies in this range whatever the directions left out look like. */
  steps: [number, number];
  /** Width of the bounds on the criterion at the step chosen. */
  criterion: number;
}

export interface RuleChoice {
  step: number;
  reliability: "reliable" | "conservative" | "unreliable";
  /** When to trust the rule, and why it is flagged where it is. */
  note: string;
  /** With the k largest eigenvalues and the trace only. */
  truncation?: Truncation;
}

/** Above this share of N the fit is close to interpolation and in-sample rules lose their footing (theory.md §2). */
const NEAR_INTERPOLATION = 0.8;

/** The choice of an in-sample rule, flagged where it lies near interpolation and where the rest of the spectrum could move it far. */
export function inSampleChoice(
  path: RulePath,
  step: number,
  note: string,
  truncation?: Truncation,
): RuleChoice {
  const share = degrees(path, step) / path.size;
  const doubts = [
    share > NEAR_INTERPOLATION &&
      `Here tr(I − S_t) is ${Math.round(100 * share)} % of N, near interpolation: do not rely on it.`,
    truncation && tooWide(truncation),
  ].filter((doubt) => typeof doubt === "string");
  return {
    step,
    reliability: doubts.length > 0 ? "unreliable" : "reliable",
    note: [note, ...doubts].join(" "),
    ...(truncation && { truncation }),
  };
}

/** A range of steps wider than a factor of two is no answer; undefined where it is one. */
export function tooWide({ steps: [low, high] }: Truncation): string | undefined {
  if (high <= 2 * low + 1) return undefined;
  return `The eigenvalues left out could put it anywhere from step ${low} to ${high}: a larger k is needed.`;
}

/** On a plateau equal criteria round differently: share of the criterion that tells nothing. */
const ROUND_OFF = 1e-12;

export interface BracketMinimum {
  step: number;
  value: number;
  truncation?: Truncation;
}

/**
 * The step with the smallest criterion. Where the criterion is known up to bounds only, the full spectrum's minimum lies at a step
 * with low(t) ≤ min high: those steps are the truncation. Exact as far as `minimise` is.
 */
export function minimiseBracket(criterion: (t: number) => Bracket, path: RulePath): BracketMinimum {
  const { maxSteps, rest } = path;
  const seen = new Map<number, Bracket>();
  const at = (t: number) => {
    const known = seen.get(t) ?? criterion(t);
    seen.set(t, known);
    return known;
  };
  const best = minimise((t) => at(t).value, maxSteps);
  if (!rest) return { step: best.step, value: best.value };
  const ceiling = minimise((t) => at(t).high, maxSteps).value;
  const round = ROUND_OFF * (Math.abs(ceiling) + Math.abs(at(0).value));
  const possible = (t: number) => at(t).low <= ceiling + (Number.isFinite(round) ? round : 0);
  const steps = [...seen.keys()].sort((a, b) => a - b);
  let first = steps.findIndex(possible);
  let last = steps.length - 1;
  while (last > 0 && !possible(steps[last])) last--;
  if (first === -1) first = steps.indexOf(best.step); // ∞ everywhere
  const from = first > 0 ? steps[first - 1] : steps[first];
  const to = last + 1 < steps.length ? steps[last + 1] : steps[last];
  const low = from + (firstStep((k) => possible(from + k), steps[first] - from) ?? steps[first] - from);
  const beyond = firstStep((k) => !possible(steps[last] + k), to - steps[last]);
  const high = beyond === null ? to : Math.max(steps[last], steps[last] + beyond - 1);
  return {
    step: best.step,
    value: best.value,
    truncation: {
      steps: [Math.min(low, best.step), Math.max(high, best.step)],
      criterion: width(at(best.step)),
    },
  };
}
