/** What the charts must show of a record. */
import { describe, expect, it } from "vitest";
import { CallError } from "../../src/errors.ts";
import { type ChartKind, charts } from "../../src/report/charts/index.ts";
import { count } from "../../src/report/format.ts";
import { renderChart, type StudyRecord } from "../../src/report/index.ts";
import { sheetOf, textWidth } from "../../src/report/svg/chart.ts";
import { criticalEta, givenRules, ruleNames, shortName } from "../../src/report/words.ts";
import { fixtureRecord, fixtureWithoutTest } from "../fixtures/record.ts";
import { all, type Node, parseMarkup, textOf } from "../support/markup.ts";

const kinds = Object.keys(charts) as ChartKind[];
const widths = [800, 390];
const chart = (record: StudyRecord, kind: ChartKind, width = 800) =>
  parseMarkup(renderChart(record, kind, { width }));
const description = (svg: Node) => textOf(all(svg, "desc")[0]);
const labels = (svg: Node) => all(svg, "text").map(textOf);

/** Charts over steps under the marks of all rules. */
const marked: ChartKind[] = ["risk", "curves", "effective-dimension"];

describe("renderChart", () => {
  it.each(marked)("%s marks every rule with its step, on the picture and in words", (kind) => {
    const record = fixtureRecord();
    const given = givenRules(record.prediction);
    expect(given.length).toBe(ruleNames.length - 2);
    for (const width of widths) {
      const svg = chart(record, kind, width);
      for (const { name, rule } of given) {
        const mark = `${shortName[name]} ${count(rule.step)}`;
        expect(description(svg)).toContain(mark);
        expect(labels(svg)).toContain(rule.reliability === "unreliable" ? `${mark} ?` : mark);
      }
      for (const name of ["loo", "holdout"] as const) expect(textOf(svg)).not.toContain(shortName[name]);
    }
  });

  it("rules at one step share a pole, with three names on it and all in words", () => {
    const record = fixtureRecord();
    for (const { rule } of givenRules(record.prediction)) rule.step = 85;
    const svg = chart(record, "risk");
    expect(labels(svg)).toContain("cv, T̂, SURE +4 85");
    for (const { name } of givenRules(record.prediction)) {
      expect(description(svg)).toContain(`${shortName[name]} 85`);
    }
  });

  it("a rule not to be relied on is dotted and has a question mark", () => {
    const record = fixtureRecord();
    record.prediction.rules.gcv = { ...record.prediction.rules.gcv!, step: 999, reliability: "unreliable" };
    const svg = chart(record, "risk");
    expect(labels(svg)).toContain("GCV 999 ?");
    expect(description(svg)).toContain("GCV 999 (unreliable)");
    expect(all(svg, "path").filter((path) => path.attributes.get("class") === "pole dot").length).toBe(1);
  });

  it("curves without test texts: training alone", () => {
    const both = chart(fixtureRecord(), "curves");
    expect(labels(both).filter((label) => label === "test").length).toBe(2);
    expect(description(both)).toContain("Test loss");
    const alone = chart(fixtureWithoutTest(), "curves");
    expect(labels(alone)).not.toContain("test");
    expect(labels(alone).filter((label) => label === "train").length).toBe(2);
    expect(description(alone)).not.toContain("Test");
    const lines = (svg: Node) =>
      all(svg, "path").filter((path) => /^line/.test(path.attributes.get("class")!));
    expect(lines(alone).length).toBe(lines(both).length - 2);
  });

  it("cv that is not there: its reason stands in the picture's place", () => {
    const record = fixtureRecord();
    record.prediction.rules.cv = null;
    record.prediction.rule_reasons.cv = "one text cannot be left out";
    expect(labels(chart(record, "cv"))).toEqual(["No cross-validation: one text cannot be left out."]);
  });

  it("cv says its minimum, its error bar and the earliest step as good", () => {
    const record = fixtureRecord();
    const cv = record.prediction.rules.cv!;
    const svg = chart(record, "cv");
    expect(labels(svg)).toContain(`least ${cv.step}`);
    expect(labels(svg)).toContain(`earliest within one standard error ${cv.one_standard_error_step}`);
  });

  it("effective dimension: d(η) and what the noise allows cross at T̂'s pole", () => {
    const record = fixtureRecord();
    const { prediction } = record;
    const svg = chart(record, "effective-dimension");
    const path = (classes: string) =>
      all(svg, "path")
        .find(({ attributes }) => attributes.get("class") === classes)!
        .attributes.get("d")!
        .slice(1)
        .split("L")
        .map((spot) => spot.split(" ").map(Number));
    const heightAt = (spots: number[][], x: number) => {
      const next = spots.findIndex(([at]) => at >= x);
      const [[x0, y0], [x1, y1]] = [spots[next - 1], spots[next]];
      return y0 + ((y1 - y0) * (x - x0)) / (x1 - x0);
    };
    // The place of η̂ on the axis of log(1 + step), between the first and the last tick of d(η).
    const learnt = path("line a");
    const allowed = path("line c dash");
    const [left, right] = [13 * 3.6, learnt[learnt.length - 1][0]];
    const step = criticalEta(prediction) / prediction.eta_per_step;
    expect(Math.floor(step)).toBe(prediction.rules.rademacher!.step);
    const x = left + ((right - left) * Math.log1p(step)) / Math.log1p(prediction.max_steps);
    expect(Math.abs(heightAt(learnt, x) - heightAt(allowed, x))).toBeLessThan(1);
  });

  it("spectrum: a point for each eigenvalue, and how many are too small to draw", () => {
    const record = fixtureRecord();
    record.spectrum.eigenvalues = [4, 2, 1, 0.5, 0, -1e-18];
    record.spectrum.residual_energy = [0.5, 0.2, 0.1, 0.1, 0.05, 0.05];
    const svg = chart(record, "spectrum");
    expect(all(svg, "circle").length).toBe(4);
    expect(description(svg)).toContain("2 are zero, negative or too small to draw.");
  });

  it("residual: the names of the cuts meet no pole and one another nowhere, wherever the two fall", () => {
    const record = fixtureRecord();
    const { answer, rules } = record.prediction;
    for (const width of [400, 800]) {
      const sheet = sheetOf({ width });
      for (const step of [1, 3, 10, 30, 100, 300, 1000]) {
        for (const tHat of [1, 2, 8, 25, 90, 400, 1000]) {
          answer.step = step;
          rules.rademacher!.step = tHat;
          const svg = chart(record, "energy", width);
          const boxes = all(svg, "text")
            .filter((text) => textOf(text).includes(" in "))
            .map((text) => {
              const [x, y] = ["x", "y"].map((key) => Number(text.attributes.get(key)));
              return { from: x, to: x + textWidth(textOf(text), sheet), top: y - sheet.font, base: y };
            });
          const poles = all(svg, "path")
            .filter(({ attributes }) => attributes.get("class")!.startsWith("pole"))
            .map(({ attributes }) => attributes.get("d")!.slice(1).split(/[ V]/).map(Number));
          expect(boxes.length).toBe(poles.length);
          for (const [i, a] of boxes.entries()) {
            const where = `${width} wide, answer ${step}, T̂ ${tHat}`;
            expect(a.to, where).toBeLessThanOrEqual(width);
            for (const [x, top] of poles) expect(x > a.from && x < a.to && top < a.base, where).toBe(false);
            for (const b of boxes.slice(i + 1)) {
              const across = a.from < b.to && b.from < a.to;
              expect(across && a.top < b.base && b.top < a.base, where).toBe(false);
            }
          }
        }
      }
    }
  });

  it("residual: cuts with the same directions above them share a spot", () => {
    const record = fixtureRecord();
    record.prediction.answer.step = 48;
    record.prediction.rules.rademacher!.step = 47;
    expect(labels(chart(record, "energy")).filter((label) => label.startsWith("answer, T̂: "))).toHaveLength(
      1,
    );
  });

  it("a line that leaves the frame early has its name where it leaves", () => {
    const svg = chart(fixtureRecord(), "risk");
    const at = (name: string) =>
      Number(
        all(svg, "text")
          .find((text) => textOf(text) === name)!
          .attributes.get("x"),
      );
    expect(at("bias²")).toBeLessThan(at("total") - 50);
    expect(at("variance")).toBe(at("total"));
  });

  it("one eigenvalue: one point", () => {
    const record = fixtureRecord();
    record.spectrum = { ...record.spectrum, eigenvalues: [2], residual_energy: [1], trace: 2 };
    expect(all(chart(record, "spectrum"), "circle").length).toBe(1);
  });

  it("alone it carries its style; in a page that of the page", () => {
    for (const kind of kinds) {
      expect(all(chart(fixtureRecord(), kind), "style").length).toBe(1);
      const inside = renderChart(fixtureRecord(), kind, { standalone: false });
      expect(all(parseMarkup(inside), "style").length).toBe(0);
    }
  });

  it.each(["nonsense", "toString", "__proto__"])("refuses %s and names the kinds", (kind) => {
    const call = () => renderChart(fixtureRecord(), kind as ChartKind);
    expect(call).toThrow(CallError);
    expect(call).toThrow(/spectrum, energy, risk, curves, cv, effective-dimension, confirmation/);
  });
});
