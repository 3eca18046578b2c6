/** How much of what is left to learn lies in the first j eigen-directions: the running sum of (uᵢᵀr)²/‖r‖². */
import type { StudyRecord } from "../../study/record.ts";
import { count, percent } from "../format.ts";
import { type Markup, markup } from "../markup.ts";
import { axisHeight, xAxis, yAxis } from "../svg/axis.ts";
import { drawing, type Frame, type Sheet } from "../svg/chart.ts";
import { line } from "../svg/line.ts";
import { linearScale, logScale, type Scale } from "../svg/scale.ts";
import { drawSpots, type Spot } from "../svg/spots.ts";
import { above, cuts } from "./spectrum.ts";

/** A spot for each cut; those that fall on the same number of directions are one. */
function spotsOf(marks: { name: string; directions: number; energy: number }[], x: Scale, y: Scale): Spot[] {
  const there = marks.filter(({ directions }) => directions > 0);
  return [...new Set(there.map(({ directions }) => directions))].map((directions) => {
    const group = there.filter((mark) => mark.directions === directions);
    const names = group.map(({ name }) => name);
    return {
      x: x(directions),
      y: y(Math.min(group[0].energy, 1)),
      text: `${names.join(", ")}: ${percent(group[0].energy)} in ${count(directions)}`,
      classes: names.includes("answer") ? "answer" : "",
    };
  });
}

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
  const body = markup`
${yAxis(sheet, frame, y, "share of the residual, cumulative", font)}
${line(
  running.map((_, i) => i + 1),
  running,
  x,
  y,
  "a",
)}
${drawSpots(
  sheet,
  frame,
  running.map((share, i): [number, number] => [x(i + 1), y(share)]),
  spotsOf(marks, x, y),
)}
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
