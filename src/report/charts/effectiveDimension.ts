/**
 * The T̂ rule in one picture (theory.md §2). Number of directions learnt by then, d(η) = Σ min(1, ηλ), grows; what the
 * noise allows, η̂ d(η̂)/η, falls; T̂ is where they meet, at η̂. Only eigenvalues above 1/η and the trace are needed:
 * d(η) = #{λ > 1/η} + η (tr − Σ_{λ > 1/η} λ).
 */
import type { StudyRecord } from "../../study/record.ts";
import { number } from "../format.ts";
import { type Markup, markup } from "../markup.ts";
import { axisHeight, xAxis, yAxis } from "../svg/axis.ts";
import { drawing, type Frame, type Sheet, textWidth } from "../svg/chart.ts";
import { drawFlags, flagsHeight, layFlags } from "../svg/flags.ts";
import { endLabels, endOf } from "../svg/labels.ts";
import { line } from "../svg/line.ts";
import { logScale, stepScale } from "../svg/scale.ts";
import { criticalEta } from "../words.ts";
import { extent, lastStep, marksInWords, ruleMarks, stepAxisName } from "./steps.ts";

const SAMPLES = 120;

/** d(η), η on the clock of Θ/n. */
export function effectiveDimension({ eigenvalues, trace }: StudyRecord["spectrum"], eta: number): number {
  if (eta <= 0) return 0;
  const leading = eigenvalues.filter((value) => value * eta > 1);
  const rest = Math.max(trace - leading.reduce((a, b) => a + b, 0), 0);
  return leading.length + eta * rest;
}

export function effectiveDimensionChart(record: StudyRecord, sheet: Sheet): Markup {
  const { prediction, spectrum } = record;
  const { font } = sheet;
  const marks = ruleMarks(record);
  const [left, right] = [font * 3.6, sheet.width - textWidth("allowed", sheet) - 8];
  const last = lastStep([prediction.max_steps], marks);
  const x = stepScale(last, [left, right], sheet.narrow ? 6 : 9);
  const flags = layFlags(sheet, x, marks, sheet.width);
  const top = font * 1.8 + flagsHeight(sheet, flags);
  const frame: Frame = { left, right, top, bottom: top + (sheet.narrow ? 190 : 230) };

  const steps = Array.from({ length: SAMPLES }, (_, i) => Math.expm1((i / (SAMPLES - 1)) * Math.log1p(last)));
  const learnt = steps.map((step) => effectiveDimension(spectrum, prediction.eta_per_step * step));
  const critical = criticalEta(prediction);
  const budget = critical * effectiveDimension(spectrum, critical);
  const allowed = steps.map((step) => budget / (prediction.eta_per_step * step));
  const [least, greatest] = extent([learnt], true);
  const y = logScale([least, greatest * 2], [frame.bottom, frame.top]);
  const inside = (column: number[]) =>
    column.map((v) => (v >= y.domain[0] * (1 - 1e-9) && v <= y.domain[1] ? v : Number.NaN));
  const [d, b] = [inside(learnt), inside(allowed)];
  const body = markup`
${yAxis(sheet, frame, y, "directions learnt d(η), log scale", font)}
${drawFlags(sheet, flags, [frame])}
${line(steps, b, x, y, "c dash")}${line(steps, d, x, y, "a")}
${endLabels(sheet, frame, [
  { ...endOf(steps, d, x, y), text: "d(η)", classes: "a" },
  { ...endOf(steps, b, x, y), text: "allowed", classes: "c" },
])}
${xAxis(sheet, frame, x, stepAxisName(record))}`;
  const meeting = Number.isFinite(critical) ? `; the two meet at η = ${number(critical)}` : "";
  const description = `d(η) is ${number(prediction.effective_dimension)} at T̂. What the noise allows falls with η${meeting}. ${marksInWords(record)}`;
  return drawing(
    sheet,
    "effective-dimension",
    frame.bottom + axisHeight(sheet),
    "Effective dimension along training",
    description,
    body,
  );
}
