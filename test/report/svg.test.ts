/** Scales have a place for every value they say they have, round ticks inside, and flags that can all be read. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sheetOf, textWidth } from "../../src/report/svg/chart.ts";
import { layFlags } from "../../src/report/svg/flags.ts";
import { linearScale, logScale, type Scale, stepScale } from "../../src/report/svg/scale.ts";

const range: [number, number] = [300, 20];
const any = fc.double({ noNaN: false });

function ticksInside(scale: Scale): void {
  expect(scale.ticks.length).toBeGreaterThan(0);
  for (const { value, label } of scale.ticks) {
    expect(scale(value)).toBeGreaterThanOrEqual(20 - 0.01);
    expect(scale(value)).toBeLessThanOrEqual(300 + 0.01);
    expect(label).not.toMatch(/NaN|Infinity|undefined/);
  }
}

describe("linearScale", () => {
  it("whatever the ends: its ticks are in the frame, and the first and last are its ends", () => {
    fc.assert(
      fc.property(any, any, (low, high) => {
        const scale = linearScale([low, high], range);
        ticksInside(scale);
        expect(scale.ticks.length).toBeLessThan(13);
        expect(scale(scale.domain[0])).toBe(300);
        expect(scale(scale.domain[1])).toBeCloseTo(20, 9);
      }),
    );
  });

  it.each([
    [0, 0.61, [0, 0.2, 0.4, 0.6, 0.8]],
    [-3, 7, [-4, -2, 0, 2, 4, 6, 8]],
    [0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]],
    [5, 5, [5, 6, 7, 8, 9, 10]],
  ])("%d to %d has round ticks", (low, high, ticks) => {
    expect(linearScale([low, high], range).ticks.map(({ value }) => value)).toEqual(ticks);
  });
});

describe("logScale", () => {
  it("whatever the ends: its ticks are in the frame; 0 and below have no place", () => {
    fc.assert(
      fc.property(any, any, (low, high) => {
        const scale = logScale([low, high], range);
        ticksInside(scale);
        expect(scale.ticks.length).toBeLessThan(8);
        expect([0, -1, Number.NaN].map(scale)).toEqual([Number.NaN, Number.NaN, Number.NaN]);
      }),
    );
  });

  it.each([
    [2, 500, ["3", "10", "30", "100", "300"]],
    [2, 40, ["2", "5", "10", "20"]],
  ])("a short one, %d to %d, has ticks at the same leading digits throughout", (low, high, ticks) => {
    expect(logScale([low, high], range).ticks.map(({ label }) => label)).toEqual(ticks);
  });

  it("decades are evenly apart and labelled as powers", () => {
    const scale = logScale([1e-2, 1e2], range);
    expect(scale.ticks.map(({ label }) => label)).toEqual(["10⁻²", "10⁻¹", "1", "10", "10²"]);
    expect(scale(1) - scale(0.1)).toBeCloseTo(scale(100) - scale(10), 9);
  });
});

describe("stepScale", () => {
  it.each([0, 1, 7, 4000, 1e6, 1e12, Number.NaN])("to %d: step 0 at the start, at most 9 ticks", (last) => {
    const scale = stepScale(last, [40, 700], 9);
    expect(scale(0)).toBe(40);
    expect(scale(scale.domain[1])).toBe(700);
    expect(scale(-1)).toBeNaN();
    expect(scale.ticks.length).toBeGreaterThan(1);
    expect(scale.ticks.length).toBeLessThan(10);
    expect(scale.ticks[0]).toEqual({ value: 0, label: "0" });
  });
});

describe("layFlags", () => {
  it("no two names on one another, none outside the picture, wherever the rules stop", () => {
    const sheet = sheetOf({ width: 800 });
    const step = fc.integer({ min: 0, max: 10_000 });
    fc.assert(
      fc.property(fc.uniqueArray(step, { maxLength: 9 }), (steps) => {
        const x = stepScale(10_000, [47, 730]);
        const marks = steps.map((s) => ({ step: s, text: `discrepancy ${s}`, style: "plain" as const }));
        const flags = layFlags(sheet, x, marks, 800);
        expect(flags.map((flag) => flag.step).sort()).toEqual([...steps].sort());
        const boxes = flags.map((flag) => {
          const width = textWidth(flag.text, sheet);
          const from = flag.left ? flag.x - 4 - width : flag.x + 4;
          return { from, to: from + width, lane: flag.lane };
        });
        for (const [i, a] of boxes.entries()) {
          expect(a.from).toBeGreaterThanOrEqual(0);
          expect(a.to).toBeLessThanOrEqual(800 + 4);
          for (const b of boxes.slice(i + 1)) {
            expect(a.lane === b.lane && a.from < b.to && b.from < a.to).toBe(false);
          }
        }
      }),
      { seed: 1, numRuns: 1000 },
    );
  });
});
