/** The tables: every rule, every assumption, and the curves in numbers. */
import type { StudyRecord } from "../../study/record.ts";
import { count, number, percent } from "../format.ts";
import { type Markup, markup } from "../markup.ts";
import { longName, reasonOf, reliabilityWord, ruleNames, statusWord } from "../words.ts";
import { valueAt } from "./opening.ts";

const flag = (kind: string, { icon, word }: { icon: string; word: string }) =>
  markup`<span class="flag ${kind}"><span aria-hidden="true">${icon}</span> ${word}</span>`;

export function rulesTable({ prediction }: StudyRecord): Markup {
  const rows = ruleNames.map((name) => {
    const rule = prediction.rules[name];
    const answer = name === prediction.answer.rule;
    const head = markup`<th scope="row">${longName[name]}${answer && markup` <em>the answer</em>`}</th>`;
    return rule
      ? markup`<tr class="${answer ? "answer" : ""}">${head}<td class="n" data-name="step">${count(rule.step)}</td><td class="n" data-name="epochs">${number(rule.epochs)}</td><td>${flag(rule.reliability, reliabilityWord[rule.reliability])}</td><td>${rule.note}</td></tr>`
      : markup`<tr class="none">${head}<td class="n">–</td><td class="n">–</td><td>none</td><td>${reasonOf(prediction, name)}</td></tr>`;
  });
  return markup`<section aria-labelledby="rules"><h2 id="rules">Every rule</h2>
<p>All from the same spectrum and the same labels. No single rule is best everywhere: where they agree, trust grows.</p>
<div class="scroll" tabindex="0" role="region" aria-labelledby="rules"><table class="notes">
<thead><tr><th scope="col">Rule</th><th scope="col" class="n">Step</th><th scope="col" class="n">Epochs</th><th scope="col">Reliability</th><th scope="col">Note</th></tr></thead>
<tbody>${rows}</tbody></table></div></section>`;
}

export function assumptionsTable({ prediction }: StudyRecord): Markup {
  const value = (v: number | string | null) => (v === null ? "–" : typeof v === "number" ? number(v) : v);
  const rows = prediction.assumptions.map(
    (a) =>
      markup`<tr><th scope="row">${a.name}</th><td>${flag(a.status, statusWord[a.status])}</td><td class="n" data-name="value">${value(a.value)}</td><td>${a.note}</td></tr>`,
  );
  return markup`<section aria-labelledby="assumptions"><h2 id="assumptions">Assumptions</h2>
<p>The guarantee behind T̂ holds under these; here is what was measured of each.</p>
<div class="scroll" tabindex="0" role="region" aria-labelledby="assumptions"><table class="notes">
<thead><tr><th scope="col">Assumption</th><th scope="col">Status</th><th scope="col" class="n">Value</th><th scope="col">Note</th></tr></thead>
<tbody>${rows}</tbody></table></div></section>`;
}

/** Rows of the table of numbers at most. */
const ROWS = 12;

/** Steps evenly apart among those of the curves, with the answer among them. */
function chosenSteps({ curves, prediction }: StudyRecord): number[] {
  const last = curves.step.length - 1;
  const wanted = Array.from({ length: ROWS }, (_, i) => curves.step[Math.round((i / (ROWS - 1)) * last)]);
  return [...new Set([...wanted, prediction.answer.step])].filter(Number.isFinite).sort((a, b) => a - b);
}

/** The pictures in numbers, for those who cannot see them or want to check them. */
export function curvesTable(record: StudyRecord): Markup {
  const { curves, prediction } = record;
  const { cv } = prediction.rules;
  const columns: { name: string; at: (step: number) => string }[] = [
    { name: "Train loss", at: (t) => number(valueAt(curves.step, curves.train_loss, t)) },
    { name: "Train accuracy", at: (t) => percent(valueAt(curves.step, curves.train_accuracy, t)) },
  ];
  const { test_loss, test_accuracy } = curves;
  if (test_loss) columns.push({ name: "Test loss", at: (t) => number(valueAt(curves.step, test_loss, t)) });
  if (test_accuracy) {
    columns.push({ name: "Test accuracy", at: (t) => percent(valueAt(curves.step, test_accuracy, t)) });
  }
  if (cv) {
    const { step, error, standard_error } = cv.curve;
    const pair = (t: number) =>
      `${number(valueAt(step, error, t))} ± ${number(valueAt(step, standard_error, t), 2)}`;
    columns.push({ name: "Held-out error", at: pair });
  }
  const { risk } = prediction;
  columns.push({ name: "Risk", at: (t) => number(valueAt(risk.step, risk.total, t)) });
  const rows = chosenSteps(record).map(
    (t) =>
      markup`<tr class="${t === prediction.answer.step ? "answer" : ""}"><th scope="row" class="n">${count(t)}</th>${columns.map(({ at }) => markup`<td class="n">${at(t)}</td>`)}</tr>`,
  );
  return markup`<details><summary>The curves in numbers</summary><div class="scroll" tabindex="0" role="region" aria-label="The curves in numbers"><table>
<thead><tr><th scope="col" class="n">Step</th>${columns.map(({ name }) => markup`<th scope="col" class="n">${name}</th>`)}</tr></thead>
<tbody>${rows}</tbody></table></div></details>`;
}
