/**
 * Marks of steps: a pole through the frame, and on its top, above the frame, a flag with a name. Flags fly to the right,
 * near the right edge to the left, and a flag that would cross another pole or flag is raised above it, so that all can be read.
 */
import { type Markup, markup } from "../markup.ts";
import { type Frame, px, type Sheet, textWidth } from "./chart.ts";
import type { Scale } from "./scale.ts";

export interface Mark {
  step: number;
  text: string;
  /** answer: drawn strongly. dotted: not to be relied on. */
  style: "plain" | "answer" | "dotted";
}

interface Flag extends Mark {
  x: number;
  width: number;
  left: boolean;
  lane: number;
}

const span = (flag: Flag): [number, number] =>
  flag.left ? [flag.x - flag.width, flag.x] : [flag.x, flag.x + flag.width];
/** Clear space kept beside a pole. */
const CLEAR = 3;
const holds = ([from, to]: [number, number], x: number) => x > from - CLEAR && x < to + CLEAR;

/** Lanes 0 (lowest) and up: flag a above flag b where the pole of b would cut a. */
export function layFlags(sheet: Sheet, x: Scale, marks: Mark[], right: number): Flag[] {
  const flags = marks
    .map((mark) => ({
      ...mark,
      x: x(mark.step),
      width: textWidth(mark.text, sheet) + 6,
      left: false,
      lane: 0,
    }))
    .filter((flag) => Number.isFinite(flag.x))
    .sort((a, b) => a.x - b.x);
  // From the right: turn what would leave the picture, and what would face a turned flag with both poles cut.
  for (let i = flags.length - 1; i >= 0; i--) {
    const flag = flags[i];
    const faced = flags
      .slice(i + 1)
      .some((other) => other.left && holds(span(other), flag.x) && holds(span(flag), other.x));
    flag.left = (faced || flag.x + flag.width > right) && flag.x > flag.width;
  }
  for (let moved = true, round = 0; moved && round <= flags.length; round++) {
    moved = false;
    for (const flag of flags) {
      for (const other of flags) {
        if (flag === other) continue;
        const [a, b] = [span(flag), span(other)];
        const touch = a[0] < b[1] && b[0] < a[1];
        // Poles so close that each cuts the other's flag: the one that flies over the other's pole goes above, as it must when
        // they are further apart.
        const under = flag.left && other.left ? flag.x < other.x : flag.x > other.x;
        const cut = holds(a, other.x) && !(holds(b, flag.x) && under);
        if (
          (cut && flag.lane <= other.lane) ||
          (touch && !cut && !holds(b, flag.x) && flag.lane === other.lane)
        ) {
          flag.lane = other.lane + 1;
          moved = true;
        }
      }
    }
  }
  return flags;
}

const laneHeight = (sheet: Sheet) => sheet.font * 1.3;

/** Room above a frame for the flags. */
export const flagsHeight = (sheet: Sheet, flags: Flag[]) =>
  flags.length === 0 ? 0 : (Math.max(...flags.map((flag) => flag.lane)) + 1) * laneHeight(sheet) + 4;

/** Poles and flags over the frames given (top first); the flags stand above the first. */
export function drawFlags(sheet: Sheet, flags: Flag[], frames: Frame[]): Markup[] {
  const classOf = { plain: "", answer: "answer", dotted: "dot" };
  return flags.map((flag) => {
    const top = frames[0].top - 4 - flag.lane * laneHeight(sheet);
    const poles = frames.map(
      (frame, i) => `M${px(flag.x)} ${px(i === 0 ? top - sheet.font * 0.8 : frame.top)}V${px(frame.bottom)}`,
    );
    return markup`<path class="pole ${classOf[flag.style]}" d="${poles.join("")}"/><text class="${flag.style === "answer" ? "answer" : ""}" x="${px(flag.x + (flag.left ? -4 : 4))}" y="${px(top)}" text-anchor="${flag.left ? "end" : "start"}">${flag.text}</text>`;
  });
}
