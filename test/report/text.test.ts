/** The summaries for a terminal: answer first, 45 lines of 80 columns at most, nothing a terminal would obey. */
import { describe, expect, it } from "vitest";
import { count } from "../../src/report/format.ts";
import { renderStopText, renderText } from "../../src/report/index.ts";
import { clean } from "../../src/report/markup.ts";
import { givenRules, longName, ruleNames } from "../../src/report/words.ts";
import { fixtureRecord } from "../fixtures/record.ts";
import { extremes } from "./records.ts";

const lines = (text: string) => {
  expect(text.endsWith("\n")).toBe(true);
  return text.slice(0, -1).split("\n");
};

/** Columns by the rules of terminals for the letters in records.ts: 語 and 🙂 take two, combining marks none. */
const columns = (line: string) =>
  [...line.normalize("NFC").replace(/\p{Mark}/gu, "")].reduce(
    (sum, letter) => sum + (letter === "語" || letter === "🙂" ? 2 : 1),
    0,
  );

describe.each(extremes)("a record with %s", (_, record) => {
  it.each([
    ["renderText", renderText(record)],
    ["renderStopText", renderStopText(record.prediction)],
  ])("%s fits a terminal", (_, text) => {
    const all = lines(text);
    expect(all.length).toBeLessThanOrEqual(45);
    expect(all.filter((line) => columns(line) > 80)).toEqual([]);
    expect(all.filter((line) => /\s$/.test(line))).toEqual([]);
    expect(text.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\u2028\u202a-\u202e\u2066-\u2069]/u);
    expect(all[0]).toMatch(/^(Stop after|Do not train|Train to the end|Nothing to learn|No reliable answer)/);
  });

  it("every rule has a line: its step, or why it has none", () => {
    const all = lines(renderText(record));
    const given = givenRules(record.prediction);
    for (const { name, rule } of given) {
      const line = all.find((l) => l.slice(2).startsWith(longName[name]))!;
      expect(line).toContain(` ${count(rule.step)} `);
      expect(line.startsWith(">")).toBe(name === record.prediction.answer.rule);
    }
    const none = ruleNames.filter((name) => !given.some((rule) => rule.name === name));
    for (const name of none) {
      const line = all.find((l) => l.startsWith(`  ${longName[name]}: none, `))!;
      const reason = record.prediction.rule_reasons[name] ?? "does not apply here";
      const told = line.split(": none, ")[1].replace(/ …$/, "");
      expect(told.length).toBeGreaterThan(5);
      expect(clean(reason).replace(/ +/g, " ").startsWith(told)).toBe(true);
    }
  });
});

describe("renderText", () => {
  it.each([
    [
      "stop",
      12,
      [5, 40],
      "Stop after 12 steps (3.4 epochs); anything from 5 to 40 is as good within one standard error.",
    ],
    ["stop", 0, [0, 0], "Do not train: the pretrained model as it is does best."],
    [
      "train-to-the-end",
      12,
      [5, 40],
      "Train to the end: within the 4,000 steps (800 epochs) considered there is no step at which to stop.",
    ],
    [
      "nothing-to-learn",
      0,
      [0, 40],
      "Nothing to learn here that can be told from chance: do not count on training with these labels.",
    ],
    [
      "unreliable",
      1,
      [1, 1],
      "No reliable answer: the rule says 1 step (3.4 epochs), but do not count on it.",
    ],
  ] as const)("verdict %s at step %i", (verdict, step, interval, sentence) => {
    const record = fixtureRecord();
    Object.assign(record.prediction.answer, { verdict, step, epochs: 3.4, interval_steps: interval });
    expect(
      renderText(record)
        .replaceAll("\n", " ")
        .startsWith(`${sentence} ${record.prediction.answer.why.slice(0, 20)}`),
    ).toBe(true);
  });

  it("an interval that is not cv's is not called a standard error", () => {
    const record = fixtureRecord();
    Object.assign(record.prediction.answer, { rule: "sure", interval_steps: [3, 200] });
    expect(renderText(record)).toContain("the interval runs from 3 to 200");
    expect(renderText(record)).not.toContain("standard error");
  });

  it("intervals have a line each, and none where there are none", () => {
    const record = fixtureRecord();
    record.prediction.uncertainty = {
      sigma_standard_error: 0.1,
      norm_standard_error: 0.2,
      rademacher_interval_steps: [7, 1200],
      bootstrap: { samples: 200, interval_steps: { rademacher: [3, 9], gcv: [10, 4000] } },
    };
    const all = lines(renderText(record));
    expect(all).toContain("T̂ over the errors of σ and B: step 7 to 1,200 (95 %)");
    expect(all).toContain("spread over 200 resamples (95 %): T̂ 3 to 9, GCV 10 to 4,000");
    record.prediction.uncertainty = undefined;
    expect(lines(renderText(record))).toEqual(all.filter((line) => !line.includes("95 %")));
  });

  it("what may not hold is explained, what holds is named, in that order", () => {
    const all = lines(renderText(fixtureRecord()));
    const from = all.indexOf("Assumptions");
    expect(all.slice(from + 1, from + 5)).toEqual([
      "  ✗ linearisation error small (fails): relative, at the answer",
      "  ~ noise of one size (doubtful): ratio of the label noise between classes",
      "  ✓ holds: step size below the limit",
      "  – not checked: kernel stable along the run",
    ]);
  });

  it("what is left out is counted", () => {
    const record = fixtureRecord();
    record.warnings = Array.from({ length: 30 }, (_, i) => `warning ${i}`);
    record.data.warnings = [];
    expect(lines(renderText(record)).slice(-5)).toEqual([
      "  ! warning 0",
      "  ! warning 1",
      "  ! warning 2",
      "  ! warning 3",
      "  and 26 more",
    ]);
  });

  it("words too long for a line are broken, none of their letters lost", () => {
    const record = fixtureRecord();
    const name = Array.from({ length: 100 }, (_, i) => i % 10).join("");
    record.warnings = [name];
    record.data.warnings = [];
    const told = lines(renderText(record)).slice(-2);
    expect(told.map((line) => line.slice(4)).join("")).toBe(name);
  });
});
