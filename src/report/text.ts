/** A record for a terminal: the answer first, at most 45 lines of plain text, at most 80 columns wide whatever the words in it. */
import type { StudyRecord } from "../study/record.ts";
import { count, epochs, number, percent, plural } from "./format.ts";
import { clean } from "./markup.ts";
import { warningsOf } from "./page/opening.ts";
import {
  answerSentence,
  confirmedVerdict,
  headWords,
  longName,
  readoutWords,
  reasonOf,
  regretWords,
  reliabilityWord,
  ruleNames,
  shortName,
  statusWord,
  subject,
  tHatSentence,
} from "./words.ts";

const COLUMNS = 80;
/** Lines of one warning or reason at most; of the assumptions that may not hold; of all warnings. */
const WRAPPED = 2;
const DOUBTS = 4;
const DOUBTS_BESIDE_A_RUN = 2;
const WARNINGS = 5;
const WARNINGS_BESIDE_A_RUN = 2;

/** Columns a terminal gives a text: none to marks and joiners, two to wide letters and pictures. */
const length = (text: string) =>
  [...text.replace(/[\p{Mark}\p{Cf}]/gu, "")].length +
  (text.match(
    /[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Hang}\p{Emoji_Presentation}\u3000-\u303f\uff01-\uff60]/gu,
  )?.length ?? 0);
const pad = (text: string, width: number) => text + " ".repeat(Math.max(width - length(text), 0));
const padLeft = (text: string, width: number) => " ".repeat(Math.max(width - length(text), 0)) + text;

/** A word in pieces that fit into `room` columns. */
function broken(word: string, room: number): string[] {
  if (length(word) <= room) return [word];
  const pieces = [""];
  for (const letter of word) {
    if (length(pieces[pieces.length - 1] + letter) > room) pieces.push("");
    pieces[pieces.length - 1] += letter;
  }
  return pieces;
}

/**
 * Words into lines of at most COLUMNS, the later ones indented by `hang`; where they would exceed `most` lines, the last ends in
 * "…". A number stays with its percent sign.
 */
function wrap(text: string, first: string, most: number, hang = length(first)): string[] {
  const room = COLUMNS - Math.max(length(first), hang) - length(" …");
  const words = clean(text)
    .replaceAll(" %", "\u00a0%")
    .split(" ")
    .filter(Boolean)
    .flatMap((word) => broken(word, room));
  const starts = (line: number) => (line === 0 ? first : " ".repeat(hang));
  const lines: string[] = [first];
  let bare = true;
  const put = (word: string) => {
    const last = lines.length - 1;
    const longer = `${lines[last]}${bare ? "" : " "}${word}`;
    if (!bare && length(longer) > COLUMNS) return false;
    lines[last] = longer;
    bare = false;
    return true;
  };
  for (const word of words) {
    if (put(word)) continue;
    if (lines.length === most) {
      while (!put("…")) lines[most - 1] = lines[most - 1].replace(/ [^ ]*$/, "");
      break;
    }
    lines.push(starts(lines.length));
    bare = true;
    put(word);
  }
  return lines.map((line) => line.replaceAll("\u00a0", " "));
}

/** As many of the items as `most` lines hold, and how many are left. */
function listed<T>(items: T[], most: number, show: (item: T) => string[]): string[] {
  const lines: string[] = [];
  for (const [i, item] of items.entries()) {
    const block = show(item);
    const left = items.length - i;
    if (lines.length + block.length + (left > 1 ? 1 : 0) > most)
      return [...lines, `  and ${count(left)} more`];
    lines.push(...block);
  }
  return lines;
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

/** The answer, why, and T̂ beside it. */
const opening = (prediction: StudyRecord["prediction"]) => [
  ...wrap(answerSentence(prediction), "", 3),
  ...wrap(prediction.answer.why, "", 4),
  ...wrap(tHatSentence(prediction), "", 2),
];

/** What may not hold with what was measured of it; of the rest the names. */
function assumptionLines(assumptions: StudyRecord["prediction"]["assumptions"], doubts = DOUBTS): string[] {
  type Status = keyof typeof statusWord;
  const of = (status: Status) => assumptions.filter((a) => a.status === status);
  const names = (status: Status, most: number) => {
    const all = of(status).map(({ name }) => name);
    const { icon, word } = statusWord[status];
    return all.length > 0 ? wrap(`${word}: ${all.join(", ")}`, `  ${icon} `, most) : [];
  };
  return [
    ...listed([...of("fails"), ...of("doubtful")], doubts, ({ status, name, note }) => {
      const { icon, word } = statusWord[status];
      return wrap(`${name} (${word})${note && `: ${note}`}`, `  ${icon} `, WRAPPED);
    }),
    ...names("holds", 2),
    ...names("not-checked", 1),
  ];
}

/** How far the uncertainty of σ and B, and the draw of the texts, could move the rules; nothing where nothing is known. */
function intervals(uncertainty: StudyRecord["prediction"]["uncertainty"]): string[] {
  const { rademacher_interval_steps: over, bootstrap } = uncertainty ?? {};
  const range = ([from, to]: [number, number]) => `${count(from)} to ${count(to)}`;
  const rules = bootstrap
    ? ruleNames.flatMap((name) => {
        const interval = (bootstrap.interval_steps as Partial<Record<typeof name, [number, number]>>)[name];
        return interval ? [`${shortName[name]} ${range(interval)}`] : [];
      })
    : [];
  return [
    ...(over ? [`T̂ over the errors of σ and B: step ${range(over)} (95 %)`] : []),
    ...(bootstrap && rules.length > 0
      ? wrap(
          `spread over ${plural(bootstrap.samples, "resample")} (95 %): ${rules.join(", ")}`,
          "",
          WRAPPED,
          2,
        )
      : []),
  ];
}

/** Rules, σ and B with their sources, intervals, assumptions. */
function grounds(prediction: StudyRecord["prediction"], doubts?: number): string[] {
  const held = prediction.effective_dimension;
  const size = prediction.n * prediction.outputs;
  return [
    ...rulesTable(prediction),
    "",
    ...wrap(`noise σ = ${number(prediction.sigma)} (${prediction.sigma_source})`, "", WRAPPED, 2),
    ...wrap(`norm B = ${number(prediction.norm)} (${prediction.norm_source})`, "", WRAPPED, 2),
    ...intervals(prediction.uncertainty),
    `largest stable learning rate = ${number(prediction.max_learning_rate)}`,
    `effective dimension at T̂ = ${number(held)} of ${count(size)} (${percent(held / size)})`,
    "",
    "Assumptions",
    ...assumptionLines(prediction.assumptions, doubts),
  ];
}

/** What a real run said: verdict, best step, regret of the answer, and the rules that only a run has. */
function confirmationLines({ confirmation, prediction }: StudyRecord): string[] {
  if (!confirmation) return [];
  const { verdict, why, best, regret, rules } = confirmation;
  const { icon, word } = confirmedVerdict[verdict];
  const cost = (name: string, rule: typeof rules.patience) =>
    rule ? [`${name} ${count(rule.step)}, regret ${regretWords(rule.regret)}`] : [];
  const measured = [
    ...(best ? [`best measured step ${count(best.step)}`] : []),
    `answer ${count(prediction.answer.step)}, regret ${regretWords(regret)}`,
    ...cost("path-cv", rules.path_cv),
    ...cost("patience", rules.patience),
  ];
  return [...wrap(`${word}: ${why}`, `${icon} `, 3), ...wrap(`${measured.join("; ")}.`, "  ", 2), ""];
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
  const draws = headWords(record);
  const heads = draws ? wrap(`over ${draws.heads}: ${draws.what}`, "", WRAPPED, 2) : [];
  return joined([
    ...opening(prediction),
    ...wrap(
      `${subject(record)}: ${count(data.n_train)} texts, ${count(data.classes.length)} classes, ${epochs(prediction.max_steps / prediction.steps_per_epoch)} considered.`,
      "",
      2,
    ),
    ...wrap(`f: ${readoutWords(record.readout).what}.`, "", 1),
    "",
    ...heads,
    ...confirmationLines(record),
    ...grounds(prediction, record.confirmation && DOUBTS_BESIDE_A_RUN),
    ...(warnings.length > 0 ? ["", "Warnings"] : []),
    ...listed(warnings, record.confirmation ? WARNINGS_BESIDE_A_RUN : WARNINGS - heads.length, (warning) =>
      wrap(warning, "  ! ", WRAPPED),
    ),
  ]);
}
