/** What every chart over steps shares: where the rules stop, the interval of the answer, and the name of the axis. */
import type { StudyRecord } from "../../study/record.ts";
import { count, number } from "../format.ts";
import { type Markup, markup } from "../markup.ts";
import { type Frame, px } from "../svg/chart.ts";
import type { Mark } from "../svg/flags.ts";
import type { Scale } from "../svg/scale.ts";
import { givenRules, shortName } from "../words.ts";

/** Names that share one pole: at most this many are written out. */
const NAMED = 3;

interface RuleAt {
  name: string;
  step: number;
  isAnswer: boolean;
  isTrusted: boolean;
}

/** One mark for each step at which some rule stops. */
export function groupedMarks(rules: readonly RuleAt[]): Mark[] {
  const byStep = new Map<number, RuleAt[]>();
  for (const rule of rules) byStep.set(rule.step, [...(byStep.get(rule.step) ?? []), rule]);
  return [...byStep].map(([step, there]) => {
    const more = there.length > NAMED ? ` +${there.length - NAMED}` : "";
    const text = there
      .slice(0, NAMED)
      .map(({ name }) => name)
      .join(", ");
    const trusted = there.some(({ isTrusted }) => isTrusted);
    const style = there.some(({ isAnswer }) => isAnswer) ? "answer" : trusted ? "plain" : "dotted";
    return { step, text: `${text}${more} ${count(step)}${style === "dotted" ? " ?" : ""}`, style };
  });
}

export const ruleMarks = ({ prediction }: StudyRecord): Mark[] =>
  groupedMarks(
    givenRules(prediction).map(({ name, rule }) => ({
      name: shortName[name],
      step: rule.step,
      isAnswer: name === prediction.answer.rule,
      isTrusted: rule.reliability !== "unreliable",
    })),
  );

/** "cv 85; T̂ 41; GCV 900 (unreliable)": every rule with its step, for those who cannot see the marks. */
export function marksInWords({ prediction }: StudyRecord): string {
  const words = givenRules(prediction).map(({ name, rule }) => {
    const doubt = rule.reliability === "unreliable" ? " (unreliable)" : "";
    return `${shortName[name]} ${count(rule.step)}${doubt}`;
  });
  return words.length === 0 ? "No rule gives a step." : `Marked: ${words.join("; ")}.`;
}

/** The interval of the answer, as a shade behind the frame. */
export function intervalShade({ prediction }: StudyRecord, x: Scale, frame: Frame): Markup {
  const [from, to] = prediction.answer.interval_steps.map((step) =>
    Math.min(Math.max(x(step), frame.left), frame.right),
  );
  const width = Number.isFinite(to - from) ? Math.max(to - from, 0) : 0;
  return markup`<rect class="span" x="${px(width > 0 ? from : frame.left)}" y="${px(frame.top)}" width="${px(width)}" height="${px(frame.bottom - frame.top)}"/>`;
}

export const stepAxisName = ({ prediction }: StudyRecord) =>
  `training step (${number(prediction.steps_per_epoch)} per epoch)`;

/** Largest step a chart must hold: its own curve and every mark. */
export const lastStep = (steps: readonly number[], marks: Mark[]) =>
  [...steps, ...marks.map((mark) => mark.step)].filter(Number.isFinite).reduce((a, b) => Math.max(a, b), 1);

/** Least and greatest finite value; of positive ones only where the axis is logarithmic. */
export function extent(columns: readonly (readonly number[])[], positive = false): [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const column of columns) {
    for (const value of column) {
      if (!Number.isFinite(value) || (positive && value <= 0)) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  return [low, high];
}
