/** Names beside the right ends of lines, pushed apart where the lines end close together. */
import { type Markup, markup } from "../markup.ts";
import { type Frame, px, type Sheet } from "./chart.ts";

export interface EndLabel {
  /** Where the line ends. */
  y: number;
  text: string;
  classes: string;
}

export function endLabels(sheet: Sheet, frame: Frame, labels: EndLabel[]): Markup[] {
  const gap = sheet.font * 1.2;
  const placed = labels
    .filter((label) => Number.isFinite(label.y))
    .sort((a, b) => a.y - b.y)
    .map((label) => ({ ...label }));
  for (let i = 1; i < placed.length; i++) placed[i].y = Math.max(placed[i].y, placed[i - 1].y + gap);
  // What was pushed out below the frame pushes the ones above it back up.
  let floor = frame.bottom;
  for (const label of placed.toReversed()) {
    label.y = Math.min(label.y, floor);
    floor = label.y - gap;
  }
  return placed.map(
    ({ y, text, classes }) =>
      markup`<text class="${classes}" x="${px(frame.right + 7)}" y="${px(y + sheet.font * 0.35)}">${text}</text>`,
  );
}

/** The last value of a column that has a place. */
export const lastOf = (values: readonly number[], place: (value: number) => number): number =>
  values.map(place).findLast(Number.isFinite) ?? Number.NaN;
