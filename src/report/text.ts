/** A record for a terminal: the answer first, at most some forty lines of plain text. */
import type { StudyRecord } from "../study/record.ts";
import { count, epochs, number, percent } from "./format.ts";
import { clean } from "./markup.ts";
import { warningsOf } from "./page/opening.ts";
import {
  answerSentence,
  longName,
  reasonOf,
  reliabilityWord,
  ruleNames,
  statusWord,
  subject,
  tHatSentence,
  verdictWord,
} from "./words.ts";

const COLUMNS = 80;
/** Assumptions, and warnings, listed at most. */
const LISTED = 6;
/** Lines of one warning or reason at most. */
const WRAPPED = 2;

const length = (text: string) => [...text.replace(/\p{Mark}/gu, "")].length;
const pad = (text: string, width: number) => text + " ".repeat(Math.max(width - length(text), 0));
const padLeft = (text: string, width: number) => " ".repeat(Math.max(width - length(text), 0)) + text;

/** Words into lines of at most COLUMNS, the later ones indented; what exceeds `most` lines ends in "…". */
function wrap(text: string, first: string, most: number): string[] {
  const indent = " ".repeat(length(first));
  const lines: string[] = [];
  let at = first;
  let empty = true;
  for (const word of clean(text).split(" ").filter(Boolean)) {
    if (!empty && length(at) + 1 + length(word) > COLUMNS) {
      lines.push(at);
      at = indent;
      empty = true;
    }
    at += (empty ? "" : " ") + word;
    empty = false;
  }
  lines.push(at);
  return lines.length <= most ? lines : [...lines.slice(0, most - 1), `${lines[most - 1]} …`];
}

function listed<T>(items: T[], show: (item: T) => string[]): string[] {
  const more = items.length - LISTED;
  return [
    ...items.slice(0, LISTED).flatMap(show),
    ...(more > 0 ? [`  and ${count(more)} more in the record`] : []),
  ];
}

function rulesTable(prediction: StudyRecord["prediction"]): string[] {
  const width = Math.max(...ruleNames.map((name) => length(longName[name])));
  const given = ruleNames.flatMap((name) => {
    const rule = prediction.rules[name];
    if (!rule) return [];
    const { icon, word } = reliabilityWord[rule.reliability];
    const mark = name === prediction.answer.rule ? ">" : " ";
    return `${mark} ${pad(longName[name], width)} ${padLeft(count(rule.step), 8)} ${padLeft(number(rule.epochs), 8)}  ${icon} ${word}`;
  });
  const none = ruleNames.filter((name) => !prediction.rules[name]);
  return [
    `  ${pad("Rule", width)} ${padLeft("step", 8)} ${padLeft("epochs", 8)}`,
    ...given,
    ...none.flatMap((name) => wrap(`${longName[name]}: none, ${reasonOf(prediction, name)}`, "  ", 1)),
  ];
}

/** The answer, its verdict and T̂ beside it. */
const opening = (prediction: StudyRecord["prediction"]) => [
  ...wrap(answerSentence(prediction), "", 3),
  ...wrap(`${verdictWord[prediction.answer.verdict].word}: ${prediction.answer.why}`, "", 3),
  ...wrap(tHatSentence(prediction), "", 2),
];

/** Rules, σ and B with their sources, assumptions. */
function grounds(prediction: StudyRecord["prediction"]): string[] {
  const held = prediction.effective_dimension;
  const size = prediction.n * prediction.outputs;
  return [
    ...rulesTable(prediction),
    "",
    ...wrap(`${number(prediction.sigma)} (${prediction.sigma_source})`, "noise σ = ", WRAPPED),
    ...wrap(`${number(prediction.norm)} (${prediction.norm_source})`, "norm B = ", WRAPPED),
    ...wrap(
      `${number(prediction.max_learning_rate)}; effective dimension at the answer ${number(held)} of ${count(size)} (${percent(held / size)})`,
      "largest stable learning rate = ",
      WRAPPED,
    ),
    "",
    "Assumptions",
    ...listed(prediction.assumptions, (a) => {
      const { icon, word } = statusWord[a.status];
      return wrap(`${a.name}${a.note ? `: ${a.note}` : ""}`, `  ${icon} ${pad(word, 12)}`, 1);
    }),
  ];
}

const joined = (lines: string[]) => `${lines.map((line) => line.trimEnd()).join("\n")}\n`;

/** The summary `ntkit stop` prints. */
export function stopText(prediction: StudyRecord["prediction"]): string {
  return joined([...opening(prediction), "", ...grounds(prediction)]);
}

/** The summary `ntkit predict` prints. User's words in it are cleaned of what a terminal would obey. */
export function text(record: StudyRecord): string {
  const { prediction, data } = record;
  const warnings = warningsOf(record);
  return joined([
    ...opening(prediction),
    ...wrap(
      `${subject(record)}: ${count(data.n_train)} texts, ${count(data.classes.length)} classes, ${epochs(prediction.max_steps / prediction.steps_per_epoch)} considered.`,
      "",
      2,
    ),
    "",
    ...grounds(prediction),
    ...(warnings.length > 0 ? ["", "Warnings"] : []),
    ...listed(warnings, (warning) => wrap(warning, "  ! ", WRAPPED)),
  ]);
}
