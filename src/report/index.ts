/** Door of report: a study record → one HTML file, one SVG chart, or a summary for the terminal. Pure: same record, same bytes. */
import { CallError, complaint } from "../errors.ts";
import type { StudyRecord } from "../study/record.ts";
import { type ChartKind, charts } from "./charts/index.ts";
import { page } from "./page/index.ts";
import { type ChartOptions, sheetOf } from "./svg/chart.ts";
import { stopText, text } from "./text.ts";

export type { StudyRecord } from "../study/record.ts";
export type { ChartKind } from "./charts/index.ts";
export type { ChartOptions } from "./svg/chart.ts";

/** One self-contained HTML file: no script to run, nothing to load, light and dark, screen and print. */
export function renderReport(record: StudyRecord): string {
  return page(record).text;
}

/**
 * One chart as an SVG file that carries its own style.
 * `width` in SVG units (800 unless told; below 500 laid out for a phone); the height follows.
 * Throws CallError for a kind that does not exist.
 */
export function renderChart(record: StudyRecord, kind: ChartKind, options: ChartOptions = {}): string {
  if (!Object.hasOwn(charts, kind)) {
    throw new CallError(complaint("renderChart", Object.keys(charts).join(", "), JSON.stringify(kind)));
  }
  return charts[kind](record, sheetOf(options)).text;
}

/** At most 45 lines of 80 columns for a terminal, answer first. */
export function renderText(record: StudyRecord): string {
  return text(record);
}

/** The same for a stopping analysis alone, as `ntkit stop` makes it. */
export function renderStopText(prediction: StudyRecord["prediction"]): string {
  return stopText(prediction);
}
