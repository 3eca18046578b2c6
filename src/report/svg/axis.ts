/** Axes: grid lines at the ticks, tick labels, and the name of the axis with its unit. */
import { type Markup, markup } from "../markup.ts";
import { type Frame, px, type Sheet } from "./chart.ts";
import type { Scale, Tick } from "./scale.ts";

/** Room below a frame for the axis and its name. */
export const axisHeight = (sheet: Sheet) => sheet.font * 3.4;

const tickText = (tick: Tick, x: number, y: number, anchor: string) =>
  markup`<text class="quiet" x="${px(x)}" y="${px(y)}" text-anchor="${anchor}">${tick.label}</text>`;

/** Axis below the frame. */
export function xAxis(sheet: Sheet, frame: Frame, x: Scale, name: string): Markup {
  const under = frame.bottom + sheet.font * 1.35;
  return markup`<path class="base" d="M${px(frame.left)} ${px(frame.bottom)}H${px(frame.right)}"/>${x.ticks.map(
    (tick) =>
      markup`<path class="base" d="M${px(x(tick.value))} ${px(frame.bottom)}v4"/>${tickText(tick, x(tick.value), under, "middle")}`,
  )}<text class="quiet" x="${px((frame.left + frame.right) / 2)}" y="${px(under + sheet.font * 1.45)}" text-anchor="middle">${name}</text>`;
}

/** Axis left of the frame, its name above it, where it can be read without turning one's head. */
export function yAxis(sheet: Sheet, frame: Frame, y: Scale, name: string, nameAt: number): Markup {
  return markup`${y.ticks.map(
    (tick) =>
      markup`<path class="grid" d="M${px(frame.left)} ${px(y(tick.value))}H${px(frame.right)}"/>${tickText(tick, frame.left - 7, y(tick.value) + sheet.font * 0.35, "end")}`,
  )}<text x="0" y="${px(nameAt)}" font-weight="600">${name}</text>`;
}
