/** Exact in-sample risk over the steps: bias² falls, variance grows, their sum has the minimum a rule looks for. */
import type { StudyRecord } from "../../study/record.ts";
import { number } from "../format.ts";
import { type Markup, markup } from "../markup.ts";
import { axisHeight, xAxis, yAxis } from "../svg/axis.ts";
import { drawing, type Frame, type Sheet, textWidth } from "../svg/chart.ts";
import { drawFlags, flagsHeight, layFlags } from "../svg/flags.ts";
import { endLabels, endOf } from "../svg/labels.ts";
import { line } from "../svg/line.ts";
import { linearScale, logScale, stepScale } from "../svg/scale.ts";
import { extent, intervalShade, lastStep, marksInWords, ruleMarks, stepAxisName } from "./steps.ts";

/** Above this ratio of greatest to least total risk, a linear axis would flatten the minimum. */
const LOG_FROM = 12;
/** Decades of a log axis below the greatest value: bias² falls to nothing and would fill the picture. */
const DECADES = 3;

export function riskChart(record: StudyRecord, sheet: Sheet): Markup {
  const { risk } = record.prediction;
  const { font } = sheet;
  const marks = ruleMarks(record);
  const [left, right] = [font * 3.6, sheet.width - textWidth("variance", sheet) - 8];
  const x = stepScale(lastStep(risk.step, marks), [left, right], sheet.narrow ? 6 : 9);
  const flags = layFlags(sheet, x, marks, sheet.width);
  const top = font * 1.8 + flagsHeight(sheet, flags);
  const frame: Frame = { left, right, top, bottom: top + (sheet.narrow ? 220 : 280) };

  const [least, greatest] = extent([risk.total], true);
  const logarithmic = greatest > LOG_FROM * least;
  const floor = Math.max(extent([risk.total, risk.bias2, risk.variance], true)[0], greatest * 10 ** -DECADES);
  const range: [number, number] = [frame.bottom, frame.top];
  const y = logarithmic
    ? logScale([Math.min(floor, least), greatest], range)
    : linearScale([0, extent([risk.total])[1]], range);
  // Below the floor a curve ends: it would leave the frame.
  const kept = (column: number[]) =>
    logarithmic ? column.map((v) => (v < y.domain[0] ? Number.NaN : v)) : column;
  const series = [
    { name: "bias²", column: kept(risk.bias2), classes: "b dash" },
    { name: "variance", column: kept(risk.variance), classes: "c dot" },
    { name: "total", column: kept(risk.total), classes: "a" },
  ];
  const name = `risk ‖f − f*‖² per output${logarithmic ? ", log scale" : ""}`;
  const body = markup`
${yAxis(sheet, frame, y, name, font)}
${intervalShade(record, x, frame)}
${drawFlags(sheet, flags, [frame])}
${series.map(({ column, classes }) => line(risk.step, column, x, y, classes))}
${endLabels(
  sheet,
  frame,
  series.map(({ name, column, classes }) => ({
    ...endOf(risk.step, column, x, y),
    text: name,
    classes: classes.split(" ")[0],
  })),
)}
${xAxis(sheet, frame, x, stepAxisName(record))}`;
  const best = risk.total.indexOf(extent([risk.total])[0]);
  const description = `${best < 0 ? "" : `Least total risk ${number(risk.total[best])} at step ${risk.step[best]}. `}${marksInWords(record)}`;
  return drawing(
    sheet,
    "risk",
    frame.bottom + axisHeight(sheet),
    "Risk along training: bias², variance and total",
    description,
    body,
  );
}
