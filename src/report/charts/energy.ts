/** How much of what is left to learn lies in the first j eigen-directions: the running sum of (uᵢᵀr)²/‖r‖². */
import type { StudyRecord } from "../../study/record.ts";
import { count, percent } from "../format.ts";
import { type Markup, markup } from "../markup.ts";
import { axisHeight, xAxis, yAxis } from "../svg/axis.ts";
import { drawing, type Frame, px, type Sheet } from "../svg/chart.ts";
import { line } from "../svg/line.ts";
import { linearScale, logScale } from "../svg/scale.ts";
import { above, cuts } from "./spectrum.ts";

export function energyChart(record: StudyRecord, sheet: Sheet): Markup {
  const { residual_energy } = record.spectrum;
  const { font } = sheet;
  const frame: Frame = {
    left: font * 4,
    right: sheet.width - 10,
    top: font * 2,
    bottom: sheet.narrow ? 280 : 340,
  };
  const x = logScale([1, Math.max(residual_energy.length, 2)], [frame.left + 6, frame.right]);
  const y = linearScale([0, 1], [frame.bottom, frame.top], 5, (v) => `${Math.round(v * 100)} %`);
  let sum = 0;
  const running = residual_energy.map((part) => {
    sum += part;
    return Math.min(sum, 1);
  });
  const marks = cuts(record).map(({ name, value }) => ({ name, ...above(record, value) }));
  const spots = marks
    .filter(({ directions }) => directions > 0)
    .toSorted((a, b) => b.directions - a.directions);
  const body = markup`
${yAxis(sheet, frame, y, "share of the residual, cumulative", font)}
${line(
  running.map((_, i) => i + 1),
  running,
  x,
  y,
  "a",
)}
${spots.map(({ name, directions, energy }, i) => {
  const classes = name === "answer" ? "answer" : "";
  const [cx, cy] = [x(directions), y(Math.min(energy, 1))];
  // Above-left of the further point, below-right of the nearer one: clear of the rising line and of each other.
  const leftward = i === 0 && cx > (frame.left + frame.right) / 2;
  return markup`<path class="pole ${classes}" d="M${px(cx)} ${px(cy)}V${px(frame.bottom)}"/><circle class="spot ${classes || "a"}" cx="${px(cx)}" cy="${px(cy)}" r="4"/><text class="${classes}" x="${px(cx + (leftward ? -8 : 9))}" y="${px(cy + (leftward ? -8 : font * 1.1))}" text-anchor="${leftward ? "end" : "start"}">${name}: ${percent(energy)} in ${count(directions)}</text>`;
})}
${xAxis(sheet, frame, x, "number of leading directions j")}`;
  const description = marks.map(
    ({ name, directions, energy }) =>
      `The ${count(directions)} directions above 1/η at ${name} hold ${percent(energy)} of the residual.`,
  );
  return drawing(
    sheet,
    "energy",
    frame.bottom + axisHeight(sheet),
    "Where the residual lies",
    description.join(" ") || "Running share of the residual by direction.",
    body,
  );
}
