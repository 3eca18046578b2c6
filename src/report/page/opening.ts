/** The top of the report: the answer in one sentence, the verdict and why, T̂ beside it, and what to beware of. */
import type { StudyRecord } from "../../study/record.ts";
import { count, epochs, number, percent, plural } from "../format.ts";
import { type Markup, markup, type Piece } from "../markup.ts";
import { answerSentence, reasonOf, shortName, subject, verdictWord } from "../words.ts";

/** A column of the curves at a step between its points, straight between them; NaN without points. */
export function valueAt(steps: readonly number[], column: readonly number[], step: number): number {
  const next = steps.findIndex((s) => s >= step);
  if (next < 0) return column[column.length - 1] ?? Number.NaN;
  if (next === 0 || steps[next] === step) return column[next];
  const part = (step - steps[next - 1]) / (steps[next] - steps[next - 1]);
  return column[next - 1] + part * (column[next] - column[next - 1]);
}

/** All warnings, each once: those of the data may be among those of the record already. */
export const warningsOf = (record: StudyRecord) => [
  ...new Set([...record.warnings, ...record.data.warnings]),
];

const fact = (name: Piece, value: Piece, note: Piece) =>
  markup`<div><dt>${name}</dt><dd><b>${value}</b> <span>${note}</span></dd></div>`;

function keyFacts(record: StudyRecord): Markup {
  const { prediction, curves } = record;
  const { answer, rules } = prediction;
  const tHat = rules.rademacher;
  const at = (column: number[]) => valueAt(curves.step, column, answer.step);
  const onTest = curves.test_loss !== null && curves.test_accuracy !== null;
  const [loss, accuracy] = [
    curves.test_loss ?? curves.train_loss,
    curves.test_accuracy ?? curves.train_accuracy,
  ];
  const where = onTest ? "Test" : "Training";
  return markup`<dl class="key">
${fact(markup`Answer, by ${shortName[answer.rule]}`, plural(answer.step, "step"), `${epochs(answer.epochs)}; interval ${count(answer.interval_steps[0])} to ${count(answer.interval_steps[1])}`)}
${
  tHat
    ? fact(
        "T̂, the theory's own rule",
        plural(tHat.step, "step"),
        `${epochs(tHat.epochs)}; ${tHat.reliability}`,
      )
    : fact("T̂, the theory's own rule", "none", reasonOf(prediction, "rademacher"))
}
${fact(`${where} accuracy, predicted`, percent(at(accuracy)), `from ${percent(accuracy[0] ?? Number.NaN)} at step 0`)}
${fact(`${where} loss, predicted`, number(at(loss)), `from ${number(loss[0] ?? Number.NaN)} at step 0`)}
</dl>`;
}

export function opening(record: StudyRecord): Markup {
  const { answer } = record.prediction;
  const verdict = verdictWord[answer.verdict];
  const warnings = warningsOf(record);
  return markup`<header>
<p class="over">ntkit · when to stop fine-tuning <bdi>${subject(record)}</bdi></p>
<h1>${answerSentence(record.prediction)}</h1>
<p class="verdict ${answer.verdict}"><strong><span aria-hidden="true">${verdict.icon}</span> ${verdict.word}.</strong> ${answer.why}</p>
${keyFacts(record)}
${
  warnings.length > 0 &&
  markup`<section class="warn" aria-labelledby="warnings"><h2 id="warnings"><span aria-hidden="true">⚠</span> ${plural(warnings.length, "warning")}</h2><ul>${warnings.map((text) => markup`<li>${text}</li>`)}</ul></section>`
}
</header>`;
}
