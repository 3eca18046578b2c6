/** The pictures, each with a sentence that says what to see in it. Wide ones are drawn twice, for a desk and for a phone. */
import type { StudyRecord } from "../../study/record.ts";
import { effectiveDimension } from "../charts/effectiveDimension.ts";
import { type ChartKind, charts } from "../charts/index.ts";
import { above, cuts } from "../charts/spectrum.ts";
import { count, number, percent, plural } from "../format.ts";
import { type Markup, markup, type Piece } from "../markup.ts";
import { sheetOf } from "../svg/chart.ts";
import { criticalEta, decaySentence, reasonOf, shortName } from "../words.ts";

/** "n^(−0.67)" with its exponent raised. */
const raised = (text: string) =>
  text.split(/\^\(([^)]*)\)/).map((part, i) => (i % 2 === 1 ? markup`<sup>${part}</sup>` : part));

/** Widths a chart is drawn at. Unit: CSS pixels. */
const WIDE = 830;
const NARROW = 358;
const HALF = 400;

export function figure(record: StudyRecord, kind: ChartKind, heading: string, words: Piece): Markup {
  const draw = (width: number) => charts[kind](record, sheetOf({ width, standalone: false }));
  return markup`<figure><h3>${heading}</h3><figcaption>${words}</figcaption><div class="wide">${draw(WIDE)}</div><div class="phone">${draw(NARROW)}</div></figure>`;
}

function halfFigure(record: StudyRecord, kind: ChartKind, heading: string, words: Piece): Markup {
  const chart = charts[kind](record, sheetOf({ width: HALF, standalone: false }));
  return markup`<figure><h3>${heading}</h3><figcaption>${words}</figcaption>${chart}</figure>`;
}

function spectrumPair(record: StudyRecord): Markup {
  const cut = cuts(record).find(({ name }) => name === "answer");
  const { directions, energy } = cut ? above(record, cut.value) : { directions: 0, energy: 0 };
  const learnt = cut
    ? markup`Stopping at the answer learns mostly the <b>${plural(directions, "direction")}</b> above 1/η; they hold <b>${percent(energy)}</b> of what the pretrained model gets wrong.`
    : "At step 0 nothing is learnt in any direction.";
  return markup`<div class="pair">
${halfFigure(record, "spectrum", "The spectrum", raised(decaySentence(record.prediction)))}
${halfFigure(record, "energy", "Where the residual lies", learnt)}
</div>`;
}

function dimensionWords({ prediction, spectrum, kernel }: StudyRecord): string {
  const { answer, rules, sigma } = prediction;
  const eta = criticalEta(prediction);
  const meeting = !rules.rademacher
    ? `T̂ gives no step: ${reasonOf(prediction, "rademacher")}.`
    : Number.isFinite(eta)
      ? `T̂ stops where they meet, at η = ${number(eta)}.`
      : "Without noise they never meet, and T̂ does not stop.";
  const reached = effectiveDimension(spectrum, prediction.eta_per_step * answer.step);
  return `The number of directions learnt, d(η), grows with training; the number that noise of size σ = ${number(sigma)} allows falls. ${meeting} Of ${count(kernel.size)} directions, ${number(prediction.effective_dimension)} are learnt at T̂ and ${number(reached)} at the answer (${shortName[answer.rule]}).`;
}

/** The reading of a mark, said once. */
const poles =
  "Poles mark where each rule stops; the shade is the interval of the answer. Dotted, with “?”: not to be relied on here.";

export function figures(record: StudyRecord): Markup {
  const { prediction, curves } = record;
  const { cv } = prediction.rules;
  const cvWords = cv
    ? `Each label is scored by a kernel path that has not seen it (${count(cv.folds)} folds). Steps whose error lies under the dashed line are as good as the best, within one standard error.`
    : `No cross-validation: ${reasonOf(prediction, "cv")}.`;
  return markup`<section aria-labelledby="pictures"><h2 id="pictures">Why</h2>
${spectrumPair(record)}
${figure(record, "risk", "Risk", `What is not learnt yet (bias²) falls, noise learnt (variance) grows; the best step is where their sum is least. From ${prediction.risk.source}. ${poles}`)}
${figure(record, "curves", "Predicted training", curves.test_loss ? "The course of the linearised model: loss and accuracy on the training texts it fits and on test texts it has not seen." : "The course of the linearised model on the training texts. There were no test texts: only cross-validation speaks for new ones.")}
${cv ? figure(record, "cv", "Cross-validation", cvWords) : markup`<figure><h3>Cross-validation</h3><figcaption>${cvWords}</figcaption></figure>`}
${figure(record, "effective-dimension", "Why T̂ stops where it does", dimensionWords(record))}
</section>`;
}
