/** Predicted loss and accuracy over the steps, in two frames under the same marks. */
import type { StudyRecord } from "../../study/record.ts";
import { number, percent } from "../format.ts";
import { type Markup, markup } from "../markup.ts";
import { axisHeight, xAxis, yAxis } from "../svg/axis.ts";
import { drawing, type Frame, px, type Sheet, textWidth } from "../svg/chart.ts";
import { drawFlags, flagsHeight, layFlags } from "../svg/flags.ts";
import { endLabels, endOf } from "../svg/labels.ts";
import { line } from "../svg/line.ts";
import { linearScale, stepScale } from "../svg/scale.ts";
import { extent, intervalShade, lastStep, marksInWords, ruleMarks, stepAxisName } from "./steps.ts";

/** Share of the largest class: what always answering it would score. */
function majority({ data }: StudyRecord): number {
  const classes = data.n_test > 0 ? data.test_per_class : data.train_per_class;
  const all = classes.reduce((a, b) => a + b, 0);
  return all > 0 ? classes.reduce((a, b) => Math.max(a, b), 0) / all : Number.NaN;
}

export function curvesChart(record: StudyRecord, sheet: Sheet): Markup {
  const { curves } = record;
  const { font } = sheet;
  const marks = ruleMarks(record);
  const [left, right] = [font * 3.6, sheet.width - textWidth("majority", sheet) - 8];
  const x = stepScale(lastStep(curves.step, marks), [left, right], sheet.narrow ? 6 : 9);
  const flags = layFlags(sheet, x, marks, sheet.width);

  const losses = { train: curves.train_loss, test: curves.test_loss };
  const accuracies = { train: curves.train_accuracy, test: curves.test_accuracy };
  const top = font * 1.8 + flagsHeight(sheet, flags);
  const upper: Frame = { left, right, top, bottom: top + (sheet.narrow ? 190 : 230) };
  const lowerTop = upper.bottom + font * 3;
  const lower: Frame = { left, right, top: lowerTop, bottom: lowerTop + (sheet.narrow ? 120 : 140) };
  const loss = linearScale([0, extent([losses.train, losses.test ?? []])[1]], [upper.bottom, upper.top]);
  const accuracy = linearScale([0, 1], [lower.bottom, lower.top], 4, (v) => `${Math.round(v * 100)} %`);
  const chance = majority(record);

  const pair = (columns: { train: number[]; test: number[] | null }, y: typeof loss) =>
    markup`${line(curves.step, columns.train, x, y, "b dash")}${columns.test && line(curves.step, columns.test, x, y, "a")}`;
  const names = (columns: { train: number[]; test: number[] | null }, y: typeof loss) => [
    { ...endOf(curves.step, columns.train, x, y), text: "train", classes: "b" },
    ...(columns.test ? [{ ...endOf(curves.step, columns.test, x, y), text: "test", classes: "a" }] : []),
  ];
  const both = [upper, lower];
  const body = markup`
${yAxis(sheet, upper, loss, sheet.narrow ? "loss, ½‖f − y‖² per text" : "predicted loss, ½‖f − y‖² per text", font)}
${yAxis(sheet, lower, accuracy, "predicted accuracy", lower.top - font * 1.1)}
${both.map((frame) => intervalShade(record, x, frame))}
${drawFlags(sheet, flags, both)}
${pair(losses, loss)}${endLabels(sheet, upper, names(losses, loss))}
${Number.isFinite(chance) && markup`<path class="base dot" d="M${px(left)} ${px(accuracy(chance))}H${px(right)}"/>`}
${pair(accuracies, accuracy)}${endLabels(sheet, lower, [...names(accuracies, accuracy), { x: right, y: accuracy(chance), text: "majority", classes: "quiet" }])}
${xAxis(sheet, lower, x, stepAxisName(record))}`;

  const ends = (name: string, column: number[] | null, say: (v: number) => string) =>
    column && column.length > 0
      ? `${name} from ${say(column[0])} to ${say(column[column.length - 1])}. `
      : "";
  const description =
    ends("Training loss", losses.train, number) +
    ends("Test loss", losses.test, number) +
    ends("Training accuracy", accuracies.train, percent) +
    ends("Test accuracy", accuracies.test, percent) +
    marksInWords(record);
  const height = lower.bottom + axisHeight(sheet);
  return drawing(sheet, "curves", height, "Predicted loss and accuracy along training", description, body);
}
