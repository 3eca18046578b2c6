/** What the report calls things, and its answer in one sentence. */
import type { Confirmation, ConfirmedRule, RuleOutcome } from "../study/confirmation.ts";
import type { StudyRecord } from "../study/record.ts";
import { count, epochs, number, percent, plural } from "./format.ts";

type Prediction = StudyRecord["prediction"];
export type RuleName = Prediction["answer"]["rule"];
export type Rule = NonNullable<Prediction["rules"][RuleName]>;

/** In the order of the tables: the two the report speaks of first, then from the plain to the special. */
export const ruleNames: readonly RuleName[] = [
  "cv",
  "rademacher",
  "sure",
  "gcv",
  "discrepancy",
  "smoothed_discrepancy",
  "loo",
  "holdout",
  "oracle",
];

/** On a chart. */
export const shortName: Record<RuleName, string> = {
  cv: "cv",
  rademacher: "T̂",
  sure: "SURE",
  gcv: "GCV",
  discrepancy: "discrepancy",
  smoothed_discrepancy: "smoothed",
  loo: "LOO",
  holdout: "hold-out",
  oracle: "oracle",
};

/** In a table. */
export const longName: Record<RuleName, string> = {
  cv: "Cross-validation of the kernel path (cv)",
  rademacher: "Local Rademacher complexity (T̂)",
  sure: "Stein's unbiased risk (SURE)",
  gcv: "Generalised cross-validation (GCV)",
  discrepancy: "Minimum discrepancy",
  smoothed_discrepancy: "Smoothed discrepancy",
  loo: "Leave-one-out shortcut (LOO)",
  holdout: "Hold-out",
  oracle: "Oracle",
};

/** Icon and word: the colour is never alone. */
export const verdictWord: Record<Prediction["answer"]["verdict"], { icon: string; word: string }> = {
  stop: { icon: "■", word: "Stop early" },
  "train-to-the-end": { icon: "▶", word: "Train to the end" },
  "nothing-to-learn": { icon: "○", word: "Nothing to learn" },
  unreliable: { icon: "▲", word: "Unreliable" },
};

export const statusWord: Record<Prediction["assumptions"][number]["status"], { icon: string; word: string }> =
  {
    holds: { icon: "✓", word: "holds" },
    doubtful: { icon: "~", word: "doubtful" },
    fails: { icon: "✗", word: "fails" },
    "not-checked": { icon: "–", word: "not checked" },
  };

export const reliabilityWord: Record<Rule["reliability"], { icon: string; word: string }> = {
  reliable: { icon: "✓", word: "reliable" },
  conservative: { icon: "↓", word: "conservative" },
  unreliable: { icon: "✗", word: "unreliable" },
};

/** Every rule that gives a step, in the order of ruleNames. */
export function givenRules(prediction: Prediction): { name: RuleName; rule: Rule }[] {
  return ruleNames.flatMap((name) => {
    const rule = prediction.rules[name];
    return rule ? [{ name, rule }] : [];
  });
}

/** Why a rule gives none. */
export const reasonOf = (prediction: Prediction, name: RuleName) =>
  prediction.rule_reasons[name] ?? "does not apply here";

const stepAndEpochs = (step: number, passes: number) => `${plural(step, "step")} (${epochs(passes)})`;

/** "; anything from 51 to 140 is as good within one standard error", or nothing when the interval is the step alone. */
function interval({ answer }: Prediction): string {
  const [from, to] = answer.interval_steps;
  if (from === to) return "";
  const range = `from ${count(from)} to ${count(to)}`;
  return answer.rule === "cv"
    ? `; anything ${range} is as good within one standard error`
    : `; the interval runs ${range}`;
}

/** The answer in a sentence, whatever the verdict. */
export function answerSentence(prediction: Prediction): string {
  const { answer } = prediction;
  const where = stepAndEpochs(answer.step, answer.epochs);
  switch (answer.verdict) {
    case "stop":
      return answer.step === 0
        ? `Do not train: the pretrained model as it is does best${interval(prediction)}.`
        : `Stop after ${where}${interval(prediction)}.`;
    case "train-to-the-end": {
      const last = stepAndEpochs(prediction.max_steps, prediction.max_steps / prediction.steps_per_epoch);
      return `Train to the end: within the ${last} considered there is no step at which to stop.`;
    }
    case "nothing-to-learn":
      return "Nothing to learn here that can be told from chance: do not count on training with these labels.";
    case "unreliable":
      return `No reliable answer: the rule says ${where}, but do not count on it.`;
  }
}

/** T̂ in a sentence, to stand beside the answer. */
export function tHatSentence(prediction: Prediction): string {
  const rule = prediction.rules.rademacher;
  if (!rule) return `T̂ gives no step: ${reasonOf(prediction, "rademacher")}.`;
  return `T̂, the theory's own rule, says ${stepAndEpochs(rule.step, rule.epochs)}.`;
}

/**
 * η̂ at which T̂ is reached, on the clock of Θ/n: ε̂² belongs to Θ/N, N = n·outputs, whose clock runs `outputs` times as fast.
 * Infinity where there is no noise.
 */
export const criticalEta = ({ critical_radius_squared, outputs }: Prediction) =>
  1 / (outputs * critical_radius_squared);

/** The fitted decay in a sentence. */
export function decaySentence({ decay }: Prediction): string {
  const range = `[${number(decay.interval[0])}, ${number(decay.interval[1])}]`;
  const rate = `; the risk then falls like ${decay.rate_in_n.replace("-", "−")} in the number of labels n.`;
  switch (decay.model) {
    case "polynomial":
      return `The eigenvalues fall like j^(−${number(decay.exponent)}), interval ${range}${rate}`;
    case "exponential":
      return `The eigenvalues fall like e^(−${number(decay.exponent)} j), interval ${range}${rate}`;
    case "finite-rank":
      return `The kernel has about ${plural(decay.exponent, "direction")}, interval ${range}, and nothing beyond${rate}`;
  }
}

/** "nano-gpt-neo on trec.csv": the last part of either path. */
export function subject(record: StudyRecord): string {
  const last = (path: string) => path.split(/[/\\]/).filter(Boolean).at(-1) ?? path;
  return `${last(record.checkpoint.source)} on ${last(record.data.source)}`;
}

/** How much of the prediction is the draw of the head: "λ₁ 55.9 to 58.5, T̂ step 2, …"; null where nobody asked. */
export function headWords({ heads, prediction }: StudyRecord): { heads: string; what: string } | null {
  if (!heads) return null;
  const range = (values: readonly number[], say: (value: number) => string) => {
    const [least, largest] = [Math.min(...values), Math.max(...values)];
    return least === largest ? say(least) : `${say(least)} to ${say(largest)}`;
  };
  const steps = heads.rademacher_step.filter((step) => step !== null);
  const parts = [
    `λ₁ ${range(heads.largest_eigenvalue, number)}`,
    ...(steps.length > 0 ? [`T̂ step ${range(steps, count)}`] : []),
    `${shortName[prediction.answer.rule]} step ${range(heads.answer_step, count)}`,
    `kernel ± ${percent(heads.kernel_deviation)}`,
  ];
  return { heads: `${plural(heads.seeds.length, "draw")} of the head`, what: parts.join(", ") };
}

/** What f(x) is ("zero head on the last state") and what is known of it; of label words and outputs, facts.ts shows the list. */
export function readoutWords(readout: StudyRecord["readout"]): { what: string; note: string } {
  const { kind, init, head_scale, pool, template, probe, classifier } = readout;
  switch (kind) {
    case "head": {
      const scale = head_scale === null ? "" : `weights of variance s²/d, s = ${number(head_scale)}`;
      const fitted =
        probe &&
        `fitted to the training texts with ridge penalty ${number(probe.penalty)}, the best by leave-one-out: loss ${number(probe.loo_loss)} there, ${number(probe.train_loss)} on its own texts`;
      const state = pool === null ? "" : ` on the ${pool} state`;
      return { what: `${init ?? "given"} head${state}`, note: fitted ?? scale };
    }
    case "prompt":
      return {
        what: `label words ${template?.includes("{mask}") ? "at the mask of" : "after"} a prompt`,
        note: template ?? "",
      };
    case "checkpoint":
      return {
        what: "classifier stored in the checkpoint",
        note: classifier ? `labels matched to its outputs by ${classifier.matched}` : "",
      };
  }
}

/** Of a confirmation: the answer's rules, and the two that only a real run has. */
export const confirmedShortName: Record<ConfirmedRule, string> = {
  ...shortName,
  path_cv: "path-cv",
  patience: "patience",
};

export const confirmedLongName: Record<ConfirmedRule, string> = {
  ...longName,
  path_cv: "Cross-validation carried along the run (path-cv)",
  patience: "Patience on a quarter of the labels",
};

/** Every rule that the run was held against, those of the run first. */
export function confirmedRules({ rules }: Confirmation): { name: ConfirmedRule; rule: RuleOutcome }[] {
  return (["path_cv", "patience", ...ruleNames] as const).flatMap((name) => {
    const rule = rules[name];
    return rule ? [{ name, rule }] : [];
  });
}

export const confirmedVerdict: Record<Confirmation["verdict"], { icon: string; word: string }> = {
  held: { icon: "✓", word: "The kernel view held" },
  drifted: { icon: "~", word: "The kernel drifted" },
  failed: { icon: "✗", word: "The kernel view failed" },
};

/** "+3 %", "none"; "–" where nothing was measured. Patience can do better than the run: "−2 %". */
export function regretWords(regret: number | null): string {
  if (regret === null) return "–";
  return regret === 0 ? "none" : `${regret > 0 ? "+" : "−"}${percent(Math.abs(regret))}`;
}
