/** Names beside the ends of lines: right of the frame, pushed apart where lines end close together, or where a line leaves it below. */
import { type Markup, markup } from "../markup.ts";
import { type Frame, px, type Sheet } from "./chart.ts";
import type { Scale } from "./scale.ts";

export interface EndLabel {
  /** Where the line ends; not a number for a line that is not there. */
  x: number;
  y: number;
  text: string;
  classes: string;
}

/** A line that ends this far from the right edge has its name where it ends. Unit: letters' height. */
const EARLY = 6;

/** From the top, each at least `gap` below the one above; what that pushes out below pushes the ones above back up. */
function spread(labels: EndLabel[], gap: number, bottom: number): EndLabel[] {
  const placed = labels.toSorted((a, b) => a.y - b.y).map((label) => ({ ...label }));
  for (let i = 1; i < placed.length; i++) placed[i].y = Math.max(placed[i].y, placed[i - 1].y + gap);
  let floor = bottom;
  for (const label of placed.toReversed()) {
    label.y = Math.min(label.y, floor);
    floor = label.y - gap;
  }
  return placed;
}

export function endLabels(sheet: Sheet, frame: Frame, labels: EndLabel[]): Markup[] {
  const { font } = sheet;
  const there = labels.filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y));
  const early = there.filter(({ x }) => x < frame.right - EARLY * font);
  const write = ({ text, classes }: EndLabel, x: number, y: number) =>
    markup`<text class="${classes}" x="${px(x)}" y="${px(y)}">${text}</text>`;
  const place = (some: EndLabel[]) => spread(some, font * 1.2, frame.bottom);
  return [
    ...place(there.filter((label) => !early.includes(label))).map((label) =>
      write(label, frame.right + 7, label.y + font * 0.35),
    ),
    ...place(early).map((label) => write(label, label.x + 6, label.y - font * 0.4)),
  ];
}

/** The last point of a line that has a place. */
export function endOf(
  xs: readonly number[],
  ys: readonly number[],
  x: Scale,
  y: Scale,
): { x: number; y: number } {
  const last = xs.findLastIndex((value, i) => Number.isFinite(x(value)) && Number.isFinite(y(ys[i])));
  return last < 0 ? { x: Number.NaN, y: Number.NaN } : { x: x(xs[last]), y: y(ys[last]) };
}
