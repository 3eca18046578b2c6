/** Cross-validated error of the kernel path, ± one standard error over folds, with its minimum and the earliest step as good. */
import type { StudyRecord } from "../../study/record.ts";
import { count, number } from "../format.ts";
import { type Markup, markup } from "../markup.ts";
import { axisHeight, xAxis, yAxis } from "../svg/axis.ts";
import { blank, drawing, type Frame, px, type Sheet, textWidth } from "../svg/chart.ts";
import { drawFlags, flagsHeight, layFlags, type Mark } from "../svg/flags.ts";
import { endLabels, endOf } from "../svg/labels.ts";
import { band, line } from "../svg/line.ts";
import { linearScale, stepScale } from "../svg/scale.ts";
import { reasonOf } from "../words.ts";
import { extent, intervalShade, lastStep, stepAxisName } from "./steps.ts";

const TITLE = "Cross-validated error along the kernel path";

export function cvChart(record: StudyRecord, sheet: Sheet): Markup {
  const { cv } = record.prediction.rules;
  if (!cv) return blank(sheet, "cv", TITLE, `No cross-validation: ${reasonOf(record.prediction, "cv")}.`);
  const { step, error, standard_error } = cv.curve;
  const { font } = sheet;
  const marks: Mark[] = [{ step: cv.step, text: `least ${count(cv.step)}`, style: "answer" }];
  if (cv.one_standard_error_step !== cv.step) {
    const text = `${sheet.narrow ? "within 1 SE" : "earliest within one standard error"} ${count(cv.one_standard_error_step)}`;
    marks.push({ step: cv.one_standard_error_step, text, style: "plain" });
  }
  const [left, right] = [font * 3.6, sheet.width - textWidth("least + 1 SE", sheet) - 8];
  const x = stepScale(lastStep(step, marks), [left, right], sheet.narrow ? 6 : 9);
  const flags = layFlags(sheet, x, marks, sheet.width);
  const top = font * 1.8 + flagsHeight(sheet, flags);
  const frame: Frame = { left, right, top, bottom: top + (sheet.narrow ? 200 : 240) };

  const low = error.map((e, i) => e - standard_error[i]);
  const high = error.map((e, i) => e + standard_error[i]);
  const [least, greatest] = extent([low, error, high]);
  const y = linearScale([Math.min(0, least), greatest], [frame.bottom, frame.top]);
  const best = error.indexOf(extent([error])[0]);
  const bar = high[best] ?? Number.NaN;
  const body = markup`
${yAxis(sheet, frame, y, sheet.narrow ? "held-out error, ½‖f − y‖²" : "held-out error, ½‖f − y‖² per text, ± 1 standard error", font)}
${intervalShade(record, x, frame)}
${band(step, low, high, x, y)}
${Number.isFinite(y(bar)) && markup`<path class="base dash" d="M${px(left)} ${px(y(bar))}H${px(right)}"/>`}
${drawFlags(sheet, flags, [frame])}
${line(step, error, x, y, "a")}
${endLabels(sheet, frame, [
  { ...endOf(step, error, x, y), text: "cv error", classes: "a" },
  { x: right, y: y(bar), text: "least + 1 SE", classes: "quiet" },
])}
${xAxis(sheet, frame, x, stepAxisName(record))}`;
  const description = `${count(cv.folds)} folds. Least error ${number(error[best])} ± ${number(standard_error[best])} at step ${cv.step}; within one standard error of it from step ${cv.one_standard_error_step}. At step 0 the error is ${number(error[0])}.`;
  return drawing(sheet, "cv", frame.bottom + axisHeight(sheet), TITLE, description, body);
}
