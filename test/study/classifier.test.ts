/** Labels of the data and outputs of a stored classifier. */
import { describe, expect, it } from "vitest";
import { DataError } from "../../src/errors.ts";
import { matchClassifier } from "../../src/study/classifier.ts";

const sentiment = { id2label: { "0": "NEGATIVE", "1": "POSITIVE" }, label2id: { NEGATIVE: 0, POSITIVE: 1 } };
const nli = { id2label: { 0: "contradiction", 1: "entailment", 2: "neutral" } };

describe("labels are matched", () => {
  it.each([
    [
      "by name, whatever their order and case",
      sentiment,
      2,
      ["positive", " Negative"],
      [" Negative", "positive"],
      "name",
    ],
    ["by label2id alone", { label2id: { yes: 1, no: 0 } }, 2, ["no", "yes"], ["no", "yes"], "name"],
    [
      "by id2label before label2id",
      { ...nli, label2id: {} },
      3,
      ["neutral", "entailment", "contradiction"],
      ["contradiction", "entailment", "neutral"],
      "name",
    ],
    ["by number", sentiment, 2, ["0", "1"], ["0", "1"], "number"],
    ["by number without names", {}, 3, ["0", "2", "1"], ["0", "1", "2"], "number"],
    ["by name before number", { id2label: { 0: "1", 1: "0" } }, 2, ["0", "1"], ["1", "0"], "name"],
    ["by order", { id2label: { 0: "LABEL_0", 1: "LABEL_1" } }, 2, ["bad", "good"], ["bad", "good"], "order"],
    ["by order without names", {}, 2, ["bad", "good"], ["bad", "good"], "order"],
  ] as const)("%s", (_, config, outputs, labels, classes, matched) => {
    const match = matchClassifier(config, outputs, labels);
    expect(match.classes).toEqual(classes);
    expect(match.matched).toBe(matched);
    expect(match.names.length).toBe(outputs);
    expect(match.warnings.length).toBe(matched === "order" ? 1 : 0);
  });

  it("with a word on what is a guess, and on outputs no text stands for", () => {
    const [guess] = matchClassifier({ id2label: { 0: "LABEL_0", 1: "LABEL_1" } }, 2, [
      "bad",
      "good",
    ]).warnings;
    expect(guess).toContain("bad → LABEL_0, good → LABEL_1");
    const some = matchClassifier(nli, 3, ["neutral", "Entailment"]);
    expect(some.classes).toEqual(["contradiction", "Entailment", "neutral"]);
    expect(some.warnings).toEqual([
      "No text is labelled contradiction, which the checkpoint's classifier knows as well.",
    ]);
    expect(matchClassifier(nli, 3, ["0", "2"]).classes).toEqual(["0", "entailment", "2"]);
  });
});

describe("labels are refused, with both lists,", () => {
  it.each([
    [
      sentiment,
      2,
      ["positive", "negative", "mixed"],
      /\(NEGATIVE, POSITIVE\), got 3 \(positive, negative, mixed\): the checkpoint does not know mixed/,
    ],
    [nli, 3, ["yes", "no"], /\(contradiction, entailment, neutral\), got 2 \(yes, no\): neither/],
    [sentiment, 2, ["positive", "Positive"], /but for their case/],
    [sentiment, 2, ["1", "2"], null],
    [sentiment, 2, ["0", "1", "2"], /neither/],
    [{}, 1, ["bad", "good"], /regression/],
  ] as const)("where %j with %i outputs does not fit %j", (config, outputs, labels, said) => {
    const match = () => matchClassifier(config, outputs, labels);
    // Two numbers beside two names: by order, and said so.
    if (!said) return expect(match().warnings[0]).toContain("1 → NEGATIVE, 2 → POSITIVE");
    expect(match).toThrow(DataError);
    expect(match).toThrow(said);
  });

  it.each([
    [
      { id2label: { 0: "a", 1: "b", 2: "c" } },
      /config\.json, id2label: expected a name for each of the 2 outputs/,
    ],
    [{ id2label: { 0: "a", 2: "b" } }, /id2label/],
    [{ id2label: { 0: "a", 1: 7 } }, /id2label/],
    [{ label2id: { a: 0, b: 0 } }, /label2id/],
  ])("and so is a config.json with other names than outputs: %j", (config, said) => {
    expect(() => matchClassifier(config, 2, ["a", "b"])).toThrow(said);
  });
});
