/** Lines, bands and points from columns of numbers. What has no place on the scales (NaN, 0 on a log axis) breaks the line. */
import { type Markup, markup } from "../markup.ts";
import { px } from "./chart.ts";
import type { Scale } from "./scale.ts";

type Point = [number, number];

/** Runs of consecutive points that have a place. */
function runs(xs: readonly number[], ys: readonly number[], x: Scale, y: Scale): Point[][] {
  const all: Point[][] = [[]];
  for (let i = 0; i < Math.min(xs.length, ys.length); i++) {
    const point: Point = [x(xs[i]), y(ys[i])];
    if (point.every(Number.isFinite)) all[all.length - 1].push(point);
    else if (all[all.length - 1].length > 0) all.push([]);
  }
  return all.filter((run) => run.length > 0);
}

/** First, lowest, highest and last of each column of one unit: 10⁴ steps look the same and weigh a tenth. */
function thin(run: Point[]): Point[] {
  const kept: Point[] = [];
  for (let i = 0; i < run.length; ) {
    let [next, low, high] = [i, i, i];
    for (; next < run.length && Math.floor(run[next][0]) === Math.floor(run[i][0]); next++) {
      if (run[next][1] < run[low][1]) low = next;
      if (run[next][1] > run[high][1]) high = next;
    }
    for (const at of new Set([i, low, high, next - 1].sort((a, b) => a - b))) kept.push(run[at]);
    i = next;
  }
  return kept;
}

const trace = (run: Point[]) => run.map(([x, y]) => `${px(x)} ${px(y)}`).join("L");

/** `y` over `x` as a path of the given classes; a lone point becomes a dot. */
export function line(
  xs: readonly number[],
  ys: readonly number[],
  x: Scale,
  y: Scale,
  classes: string,
): Markup {
  const d = runs(xs, ys, x, y)
    .map((run) => (run.length === 1 ? `M${trace(run)}h.1` : `M${trace(thin(run))}`))
    .join("");
  return markup`<path class="line ${classes}" d="${d || "M0 0"}"/>`;
}

/** The area between two curves over the same `x`. */
export function band(
  xs: readonly number[],
  low: readonly number[],
  high: readonly number[],
  x: Scale,
  y: Scale,
): Markup {
  const upper = runs(xs, high, x, y).flatMap(thin);
  const lower = runs(xs, low, x, y).flatMap(thin).reverse();
  const d = upper.length > 0 && lower.length > 0 ? `M${trace(upper)}L${trace(lower)}Z` : "M0 0";
  return markup`<path class="band" d="${d}"/>`;
}

/** A point each, but not two on the same spot. */
export function points(
  xs: readonly number[],
  ys: readonly number[],
  x: Scale,
  y: Scale,
  radius: number,
): Markup[] {
  const spots = new Map<string, Point>();
  for (const [cx, cy] of runs(xs, ys, x, y).flat()) {
    const spot = `${Math.round(cx)} ${Math.round(cy)}`;
    if (!spots.has(spot)) spots.set(spot, [cx, cy]);
  }
  return [...spots.values()].map(
    ([cx, cy]) => markup`<circle class="point" cx="${px(cx)}" cy="${px(cy)}" r="${px(radius)}"/>`,
  );
}
