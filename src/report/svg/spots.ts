/**
 * Spots on a rising line, each with a pole down to the axis and a name beside it. A name goes to the nearest place where it meets
 * no pole, no other name and not the line: above to the left, below to the right, above to the right, a row further each time.
 */
import { type Markup, markup } from "../markup.ts";
import { type Frame, px, type Sheet, textWidth } from "./chart.ts";

export interface Spot {
  x: number;
  y: number;
  text: string;
  classes: string;
}

/** Left end, right end and baseline of a name. */
interface Place {
  from: number;
  to: number;
  base: number;
}

/** Clear space around a name. */
const CLEAR = 3;

/** Height of the line at `x`, straight between its points. */
function heightAt(line: readonly [number, number][], x: number): number {
  const next = line.findIndex(([at]) => at >= x);
  if (next < 0) return line[line.length - 1]?.[1] ?? Number.NaN;
  if (next === 0) return line[0][1];
  const [[x0, y0], [x1, y1]] = [line[next - 1], line[next]];
  return y0 + ((y1 - y0) * (x - x0)) / (x1 - x0);
}

/** Draws the spots; `line` holds the points of the line they lie on, left to right, never falling. */
export function drawSpots(
  sheet: Sheet,
  frame: Frame,
  line: readonly [number, number][],
  spots: readonly Spot[],
): Markup {
  const row = sheet.font * 1.2;
  const rows = Array.from({ length: Math.floor((frame.bottom - frame.top) / row) }, (_, i) => i * row);
  const taken: Place[] = [];
  const isFree = ({ from, to, base }: Place) => {
    const top = base - sheet.font;
    const inside = from >= frame.left && to <= sheet.width && top >= frame.top && base < frame.bottom - CLEAR;
    // The line rises: it passes the name by if it is under it at its right end or over it at its left.
    const clear = heightAt(line, to + CLEAR) > base + CLEAR || heightAt(line, from - CLEAR) < top;
    const uncut = spots.every(({ x, y }) => x < from - CLEAR || x > to + CLEAR || y > base + 4 + CLEAR);
    const apart = taken.every((o) => Math.abs(o.base - base) >= row || o.from > to || o.to < from);
    return inside && clear && uncut && apart;
  };
  const named = spots.map((spot) => {
    const width = textWidth(spot.text, sheet);
    const at = (from: number, base: number): Place => ({ from, to: from + width, base });
    const left = (by: number) => at(spot.x - 8 - width, spot.y - 8 - by);
    const right = (by: number) => at(spot.x + 9, spot.y + by);
    const near = rows.flatMap((by) => [left(by), right(sheet.font * 1.1 + by), right(-8 - by)]);
    const place = near.find(isFree) ?? (spot.x > sheet.width / 2 ? left(0) : right(sheet.font * 1.1));
    taken.push(place);
    return { ...spot, ...place };
  });
  return markup`${named.map(
    ({ x, y, classes }) =>
      markup`<path class="pole ${classes}" d="M${px(x)} ${px(y)}V${px(frame.bottom)}"/><circle class="spot ${classes || "a"}" cx="${px(x)}" cy="${px(y)}" r="4"/>`,
  )}${named.map(
    ({ from, base, classes, text }) =>
      markup`<text class="${classes}" x="${px(from)}" y="${px(base)}">${text}</text>`,
  )}`;
}
