import { describe, expect, it } from "vitest";
import { CallError, DataError } from "../../src/errors.ts";
import { readDataset, split } from "../../src/text/index.ts";

function dataset(counts: Record<string, number>) {
  const rows = Object.entries(counts).flatMap(([label, count]) => Array(count).fill(label));
  const text = `text,label\n${rows.map((label, i) => `t${i},${label}`).join("\n")}\n`;
  return readDataset(new TextEncoder().encode(text), { name: "all.csv", allowOneClass: true });
}
const count = (labels: string[], label: string) => labels.filter((other) => other === label).length;

describe("split", () => {
  it("holds out the same share of every class, and every row is in one part", () => {
    const all = dataset({ a: 40, b: 20, c: 10 });
    const { train, test } = split(all, { testFraction: 0.2, seed: 3 });
    expect(["a", "b", "c"].map((label) => count(test.labels, label))).toEqual([8, 4, 2]);
    expect([...train.lines, ...test.lines].sort((x, y) => x - y)).toEqual(all.lines);
    expect(train.lines).toEqual([...train.lines].sort((x, y) => x - y));
    expect(test.classes).toEqual(["a", "b", "c"]);
    expect(test.texts.map((text) => Number(text.slice(1)) + 2)).toEqual(test.lines);
  });

  it("repeats with a seed and changes with another", () => {
    const all = dataset({ a: 30, b: 30 });
    const lines = (seed: number) => split(all, { testFraction: 0.5, seed }).test.lines;
    expect(lines(1)).toEqual(lines(1));
    expect(lines(1)).not.toEqual(lines(2));
  });

  it("keeps a row of every class for training, and gives one of two to the test", () => {
    const { train, test } = split(dataset({ a: 1, b: 2, c: 3 }), { testFraction: 0.01 });
    expect(["a", "b", "c"].map((label) => count(train.labels, label))).toEqual([1, 1, 2]);
    expect(["a", "b", "c"].map((label) => count(test.labels, label))).toEqual([0, 1, 1]);
    const most = split(dataset({ a: 4, b: 4 }), { testFraction: 0.99 });
    expect(most.train.labels).toEqual(["a", "b"]);
  });

  it("refuses a fraction that is none, and classes of one row each", () => {
    for (const testFraction of [0, 1, -0.5, Number.NaN]) {
      expect(() => split(dataset({ a: 4, b: 4 }), { testFraction })).toThrow(CallError);
    }
    expect(() => split(dataset({ a: 1, b: 1 }), { testFraction: 0.5 })).toThrow(DataError);
  });
});
