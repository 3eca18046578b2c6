/** Eigenvalues of Θ/n by rank, log-log, with the fitted decay and the cut 1/η: what lies above it is learnt when training stops. */
import type { StudyRecord } from "../../study/record.ts";
import { count, number } from "../format.ts";
import { type Markup, markup } from "../markup.ts";
import { axisHeight, xAxis, yAxis } from "../svg/axis.ts";
import { drawing, type Frame, px, type Sheet } from "../svg/chart.ts";
import { line, points } from "../svg/line.ts";
import { logScale } from "../svg/scale.ts";
import { decaySentence } from "../words.ts";
import { extent } from "./steps.ts";

/** Decades shown below the largest eigenvalue: further down it is rounding. */
const DECADES = 10;

/** 1/η at a number of steps: directions with a larger eigenvalue are mostly learnt there (1 − 1/e of it and more). */
export function cuts({ prediction }: StudyRecord): { name: string; value: number }[] {
  const cut = (name: string, step: number) => ({ name, value: 1 / (prediction.eta_per_step * step) });
  const { answer, rules } = prediction;
  const all = [cut("answer", answer.step)];
  if (rules.rademacher && answer.rule !== "rademacher" && rules.rademacher.step !== answer.step) {
    all.push(cut("T̂", rules.rademacher.step));
  }
  return all.filter(({ value }) => Number.isFinite(value) && value > 0);
}

/** How many directions lie above a cut, and the share of the residual they hold. */
export function above({ spectrum }: StudyRecord, cut: number): { directions: number; energy: number } {
  const directions = spectrum.eigenvalues.filter((value) => value > cut).length;
  return { directions, energy: spectrum.residual_energy.slice(0, directions).reduce((a, b) => a + b, 0) };
}

export function spectrumChart(record: StudyRecord, sheet: Sheet): Markup {
  const { eigenvalues } = record.spectrum;
  const { decay } = record.prediction;
  const { font } = sheet;
  const index = eigenvalues.map((_, i) => i + 1);
  const frame: Frame = {
    left: font * 3.4,
    right: sheet.width - 10,
    top: font * 2,
    bottom: sheet.narrow ? 280 : 340,
  };
  const lines = cuts(record);
  const [least, greatest] = extent([eigenvalues, lines.map(({ value }) => value)], true);
  const x = logScale([1, Math.max(eigenvalues.length, 2)], [frame.left + 6, frame.right]);
  const y = logScale([Math.max(least, greatest * 10 ** -DECADES), greatest * 1.3], [frame.bottom, frame.top]);
  const shown = (value: number) => value >= y.domain[0] * (1 - 1e-9);
  const inside = (value: number) => (shown(value) ? value : Number.NaN);

  // The names of the two cuts stand on either side of the pair of lines, so that close cuts do not collide: the upper one at the
  // right, where the eigenvalues lie below it, the lower one at the left, where they lie above.
  const byHeight = lines.filter(({ value }) => shown(value)).sort((a, b) => b.value - a.value);
  const body = markup`
${yAxis(sheet, frame, y, "eigenvalue of Θ/n (1/η)", font)}
${byHeight.map(
  ({ name, value }) =>
    markup`<path class="pole ${name === "answer" ? "answer" : ""}" d="M${px(frame.left)} ${px(y(value))}H${px(frame.right)}"/>`,
)}
${points(index, eigenvalues.map(inside), x, y, sheet.narrow ? 2.4 : 2.8)}
${line(decay.fit.index, decay.fit.value.map(inside), x, y, "c")}
${byHeight.map(
  ({ name, value }, i) =>
    markup`<text class="${name === "answer" ? "answer" : ""}" x="${px(i === 0 ? frame.right : frame.left + 6)}" y="${px(y(value) + (i === 0 ? -5 : font * 1.2))}" text-anchor="${i === 0 ? "end" : "start"}">1/η at ${name}</text>`,
)}
${xAxis(sheet, frame, x, "rank j of the eigenvalue")}`;
  const hidden = eigenvalues.filter((value) => !shown(value)).length;
  const description = [
    `${count(eigenvalues.length)} eigenvalues from ${number(eigenvalues[0] ?? Number.NaN)} down.`,
    decaySentence(record.prediction),
    ...lines.map(
      ({ name, value }) =>
        `${count(above(record, value).directions)} lie above 1/η at ${name}, ${number(value)}.`,
    ),
    hidden > 0 ? `${count(hidden)} are zero, negative or too small to draw.` : "",
  ];
  return drawing(
    sheet,
    "spectrum",
    frame.bottom + axisHeight(sheet),
    "Spectrum of the kernel",
    description.filter(Boolean).join(" "),
    body,
  );
}
