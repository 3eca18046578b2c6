/** A real run beside the predicted one: loss and accuracy over the steps, where each rule stops, and where the kernel was taken again. */
import type { Confirmation } from "../../study/confirmation.ts";
import type { StudyRecord } from "../../study/record.ts";
import { count, number, percent } from "../format.ts";
import { type Markup, markup } from "../markup.ts";
import { axisHeight, xAxis, yAxis } from "../svg/axis.ts";
import { blank, drawing, type Frame, px, type Sheet, textWidth } from "../svg/chart.ts";
import { drawFlags, flagsHeight, layFlags } from "../svg/flags.ts";
import { endLabels, endOf } from "../svg/labels.ts";
import { line } from "../svg/line.ts";
import { linearScale, type Scale, stepScale } from "../svg/scale.ts";
import { confirmedRules, confirmedShortName } from "../words.ts";
import { extent, groupedMarks, lastStep, stepAxisName } from "./steps.ts";

const TITLE = "Measured and predicted training";

/** Held-out columns, or those of the training texts where none were held out. */
function columnsOf({ curve }: Confirmation) {
  const heldOut = curve.test_loss !== null;
  return {
    where: heldOut ? "held-out" : "training",
    measured: curve.test_loss ?? curve.train_loss,
    predicted: curve.predicted_test_loss ?? curve.predicted_train_loss,
    accuracy: curve.accuracy ?? curve.train_accuracy,
    predictedAccuracy: curve.predicted_accuracy,
  };
}

/** Rules that stop within the run; the answer's strongly. */
function marksOf(confirmation: Confirmation, { prediction }: StudyRecord) {
  const within = confirmedRules(confirmation).filter(({ rule }) => !rule.beyond_run);
  return groupedMarks(
    within.map(({ name, rule }) => ({
      name: confirmedShortName[name],
      step: rule.step,
      isAnswer: name === prediction.answer.rule,
      isTrusted: true,
    })),
  );
}

/** Small triangles on the axis where the kernel was taken again. */
const triangles = (steps: readonly number[], x: Scale, { bottom }: Frame) =>
  steps
    .filter((step) => Number.isFinite(x(step)))
    .map(
      (step) =>
        markup`<path class="taken" d="M${px(x(step))} ${px(bottom - 9)}L${px(x(step) + 5)} ${px(bottom - 1)}L${px(x(step) - 5)} ${px(bottom - 1)}Z"/>`,
    );

export function confirmationChart(record: StudyRecord, sheet: Sheet): Markup {
  const { confirmation } = record;
  if (!confirmation)
    return blank(sheet, "confirmation", TITLE, "No real run was made: ntkit confirm makes one.");
  const { font } = sheet;
  const { where, measured, predicted, accuracy, predictedAccuracy } = columnsOf(confirmation);
  const { step } = confirmation.curve;
  const marks = marksOf(confirmation, record);
  const [left, right] = [font * 3.6, sheet.width - textWidth("predicted", sheet) - 14];
  const x = stepScale(lastStep(step, marks), [left, right], sheet.narrow ? 6 : 9);
  const flags = layFlags(sheet, x, marks, sheet.width);
  const top = font * 1.8 + flagsHeight(sheet, flags);
  const upper: Frame = { left, right, top, bottom: top + (sheet.narrow ? 190 : 230) };
  const lowerTop = upper.bottom + font * 3;
  const lower: Frame = { left, right, top: lowerTop, bottom: lowerTop + (sheet.narrow ? 120 : 140) };
  // What was measured sets the scale: a prediction past its step size's limit grows without bound, and leaves the frame.
  const loss = linearScale([0, extent([measured])[1]], [upper.bottom, upper.top]);
  const share = linearScale([0, 1], [lower.bottom, lower.top], 4, (v) => `${Math.round(v * 100)} %`);
  const inFrame = predicted.map((value) => (value <= loss.domain[1] ? value : Number.NaN));
  const pair = (real: number[], foreseen: number[] | null, y: Scale, frame: Frame) => markup`
${foreseen && line(step, foreseen, x, y, "c dash")}${line(step, real, x, y, "a")}
${endLabels(sheet, frame, [
  { ...endOf(step, real, x, y), text: "measured", classes: "a" },
  ...(foreseen ? [{ ...endOf(step, foreseen, x, y), text: "predicted", classes: "c" }] : []),
])}`;
  const retaken = confirmation.retakes.map((taken) => taken.step).filter((taken) => taken > 0);
  const unit = confirmation.loss === "ce" ? "cross-entropy" : "½‖f − y‖²";
  const body = markup`
${yAxis(sheet, upper, loss, `${where} loss, ${unit}${sheet.narrow ? "" : " per text"}`, font)}
${yAxis(sheet, lower, share, `${where} accuracy`, lower.top - font * 1.1)}
${drawFlags(sheet, flags, [upper, lower])}
${pair(measured, inFrame, loss, upper)}
${pair(accuracy, predictedAccuracy, share, lower)}
${triangles(retaken, x, lower)}
${xAxis(sheet, lower, x, stepAxisName(record))}`;
  const ends = (name: string, column: number[], say: (v: number) => string) =>
    column.length > 0 ? `${name} from ${say(column[0])} to ${say(column[column.length - 1])}. ` : "";
  const description =
    ends(`Measured ${where} loss`, measured, number) +
    ends("Predicted", predicted, number) +
    ends(`Measured ${where} accuracy`, accuracy, percent) +
    ends("Predicted", predictedAccuracy ?? [], percent) +
    `Marked: ${confirmedRules(confirmation)
      .map(
        ({ name, rule }) =>
          `${confirmedShortName[name]} ${count(rule.step)}${rule.beyond_run ? " (past the end of the run)" : ""}`,
      )
      .join("; ")}. Kernel taken again at: ${retaken.map(count).join(", ") || "no step"}.`;
  return drawing(sheet, "confirmation", lower.bottom + axisHeight(sheet), TITLE, description, body);
}
