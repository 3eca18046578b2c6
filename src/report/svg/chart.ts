/** The sheet a chart is drawn on: its size, its text size, and the svg element with title and description for those who cannot see it. */
import { Markup, markup, type Piece } from "../markup.ts";
import { standaloneStyle } from "./style.ts";

export interface ChartOptions {
  /** Width of the drawing in its own units, which are CSS pixels where nothing scales it. 800 unless told; below 500 it is laid out for a phone. */
  width?: number;
  /** Colours and type of its own (default), or those of the page around it. */
  standalone?: boolean;
}

/** Letters by which the charts reckon. Unit: SVG user units. */
export interface Sheet {
  width: number;
  narrow: boolean;
  font: number;
  standalone: boolean;
}

/** The part of a sheet inside the axes. */
export interface Frame {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

export function sheetOf({ width = 800, standalone = true }: ChartOptions = {}): Sheet {
  const narrow = width < 500;
  return { width, narrow, font: narrow ? 12 : 13, standalone };
}

/** Width of a text: system fonts run at about 0.55 em a letter; a little more, so that nothing touches. */
export const textWidth = (text: string, sheet: Sheet) => [...text].length * sheet.font * 0.6;

/** A place on the picture, to a tenth of a unit. */
export const px = (value: number) => String(Math.round(value * 10) / 10 || 0);

export function drawing(
  sheet: Sheet,
  kind: string,
  height: number,
  title: string,
  description: string,
  body: Piece,
): Markup {
  const id = `${kind}-${px(sheet.width)}`;
  return markup`<svg xmlns="http://www.w3.org/2000/svg" class="nt" viewBox="0 0 ${px(sheet.width)} ${px(height)}" width="${px(sheet.width)}" height="${px(height)}" font-size="${sheet.font}" role="img" aria-labelledby="${id}-title ${id}-desc"><title id="${id}-title">${title}</title><desc id="${id}-desc">${description}</desc>${sheet.standalone && markup`<style>${new Markup(standaloneStyle)}</style>`}${body}</svg>`;
}

/** A drawing that only says why there is nothing to draw. */
export function blank(sheet: Sheet, kind: string, title: string, reason: string): Markup {
  const words = markup`<text class="quiet" x="0" y="${px(sheet.font * 1.5)}">${reason}</text>`;
  return drawing(sheet, kind, sheet.font * 2.2, title, reason, words);
}
