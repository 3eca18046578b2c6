import { describe, expect, it } from "vitest";
import { CallError, DataError } from "../../src/errors.ts";
import { matchClasses, oneHot, readDataset } from "../../src/text/index.ts";

const labelled = (name: string, labels: string[]) =>
  readDataset(new TextEncoder().encode(`text,label\n${labels.map((label) => `t,${label}`).join("\n")}\n`), {
    name,
    allowOneClass: true,
  });

describe("matchClasses", () => {
  const train = labelled("train.csv", ["a", "b", "c"]);

  it("has nothing to say where the labels match", () => {
    expect(matchClasses(train, labelled("test.csv", ["c", "b", "a", "a"]))).toEqual([]);
  });

  it("warns of labels the test lacks", () => {
    expect(matchClasses(train, labelled("test.csv", ["b"]))).toEqual([
      "test.csv has no rows of a, c: the test error says nothing of them",
    ]);
  });

  it("refuses labels that training lacks, with their rows and the first line", () => {
    const test = labelled("test.csv", ["a", "d", "e", "d"]);
    expect(() => matchClasses(train, test)).toThrow(DataError);
    expect(() => matchClasses(train, test)).toThrow(
      "test.csv: expected labels that train.csv has (a, b, c), got d (2 rows), e (1 row), first at line 3; try",
    );
  });
});

describe("oneHot", () => {
  it("puts a 1 at the class of each label (n × C)", () => {
    expect(oneHot(["b", "a", "b"], ["a", "b"])).toEqual(new Float64Array([0, 1, 1, 0, 0, 1]));
    expect(oneHot([], ["a"])).toEqual(new Float64Array(0));
  });

  it("refuses a label that is no class", () => {
    expect(() => oneHot(["z"], ["a", "b"])).toThrow(CallError);
    expect(() => oneHot(["z"], ["a", "b"])).toThrow(/labels among a, b, got z/);
  });
});
