import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CallError, DataError } from "../../src/errors.ts";
import { type DatasetOptions, readDataset, subset } from "../../src/text/index.ts";

const read = (text: string, options: Partial<DatasetOptions> = {}) =>
  readDataset(new TextEncoder().encode(text), { name: "train.csv", ...options });
const four = "text,label\na,x\nb,y\nc,x\nd,y\ne,x\n";

describe("readDataset", () => {
  it("gives texts, labels and sorted classes, with the lines they come from", () => {
    expect(read('text,label\nfirst,b\n"two\nlines",a\nlast, b \n')).toEqual({
      name: "train.csv",
      unit: "line",
      columns: { text: "text", label: "label" },
      guessed: ["text", "label"],
      texts: ["first", "two\nlines", "last"],
      labels: ["b", "a", "b"],
      classes: ["a", "b"],
      lines: [2, 3, 5],
      skipped: 0,
      warnings: [],
    });
  });

  it("sorts whole numbers by value and other labels by code unit", () => {
    expect(read("text,label\na,10\nb,9\nc,-1\n").classes).toEqual(["-1", "9", "10"]);
    expect(read("text,label\na,10\nb,9\nc,B\nd,a\n").classes).toEqual(["10", "9", "B", "a"]);
    expect(read("text,label\na,01\nb,1\n").classes).toEqual(["01", "1"]);
    const json = '{"text":"a","label":1}\n{"text":"b","label":0}\n{"text":7,"label":false}';
    expect(read(json, { name: "a.jsonl" }).classes).toEqual(["0", "1", "false"]);
  });

  it("takes named columns, pairs, and usual names where there is one", () => {
    const text = "id,premise,hypothesis,gold\n1,p,h,yes\n2,q,i,no\n";
    const dataset = read(text, { text: "premise", textPair: "hypothesis", label: "gold" });
    expect(dataset.pairs).toEqual(["h", "i"]);
    expect(dataset.columns).toEqual({ text: "premise", label: "gold", textPair: "hypothesis" });
    expect(dataset.guessed).toEqual([]);
    expect(read("id,Sentence,Category\n1,a,x\n2,b,y\n").columns).toEqual({
      text: "Sentence",
      label: "Category",
    });
    expect(read("content,text,class,label\nno,a,no,x\nno,b,no,y\n").labels).toEqual(["x", "y"]);
  });

  it.each([
    [{ text: "body" }, /expected a column body, got text, label$/],
    [{ label: "Label" }, /expected a column Label, got text, label$/],
    [{ textPair: "other" }, /expected a column other/],
  ])("lists the columns where one is missing: %j", (options, reason) => {
    expect(() => read(four, options)).toThrow(CallError);
    expect(() => read(four, options)).toThrow(reason);
  });

  it.each([
    ["a,b\n1,2\n", /cannot tell which column is the text: none .* name one of a, b/],
    ["text,b\n1,2\n", /cannot tell which column is the label/],
    ["sentence,review,label\n1,2,3\n", /is the text: sentence, review might be; name one/],
    ["text,text,label\n1,2,3\n", /text, text might be/],
  ])("does not guess where it could be wrong: %j", (text, reason) => {
    expect(() => read(text)).toThrow(CallError);
    expect(() => read(text)).toThrow(reason);
  });

  it("refuses a column that comes twice", () => {
    expect(() => read("t,t,label\n1,2,3\n", { text: "t" })).toThrow(/expected one column t, got several/);
  });

  it("leaves empty texts out, counts them and says so", () => {
    const dataset = read("text,label\na,x\n  ,y\n,\nb,y\n");
    expect([dataset.texts, dataset.lines, dataset.skipped]).toEqual([["a", "b"], [2, 5], 2]);
    expect(dataset.warnings).toEqual(["train.csv: 2 rows with an empty text were left out"]);
    expect(() => read("text,label\n,x\n ,y\n")).toThrow(DataError);
    expect(() => read("text,label\n,x\n ,y\n")).toThrow(/expected text in column text, got none/);
    const pairs = read("p,q,label\na,,x\nb,c,x\nd,e,y\n", { text: "p", textPair: "q" });
    expect([pairs.texts, pairs.skipped]).toEqual([["b", "d"], 1]);
  });

  it("names the line of an empty label, and of a text that is none", () => {
    expect(() => read("text,label\na,x\nb, \n")).toThrow(
      /train.csv, line 3: expected a label in column label/,
    );
    const json = '{"text":"a","label":"x"}\n{"text":["b"],"label":"y"}';
    expect(() => read(json, { name: "a.jsonl" })).toThrow(/a.jsonl, line 2: expected text .* got \["b"\]/);
    expect(() => read('{"text":"a","label":"x"}\n{"text":"b"}', { name: "a.jsonl" })).toThrow(
      /line 2: expected a label/,
    );
  });

  it("refuses a single class, unless it is held-out text", () => {
    expect(() => read("text,label\na,x\nb,x\n")).toThrow(DataError);
    expect(() => read("text,label\na,x\nb,x\n")).toThrow(
      /all 2 rows have the label x: nothing to tell apart/,
    );
    expect(() => read(four, { limit: 1 })).toThrow(/nothing to tell apart/);
    expect(read("text,label\na,x\nb,x\n", { allowOneClass: true }).classes).toEqual(["x"]);
  });

  it("takes the first of all, of each class, or both", () => {
    expect(read(four, { limit: 2 }).texts).toEqual(["a", "b"]);
    expect(read(four, { perClass: 1 }).texts).toEqual(["a", "b"]);
    expect(read(four, { perClass: 2 }).texts).toEqual(["a", "b", "c", "d"]);
    expect(read(four, { perClass: 2, limit: 3 }).texts).toEqual(["a", "b", "c"]);
    const short = read(four, { perClass: 3 });
    expect(short.texts).toEqual(["a", "b", "c", "d", "e"]);
    expect(short.warnings).toEqual(["train.csv: fewer than 3 rows of y (2)"]);
    for (const limit of [0, -1, 1.5, Number.NaN]) expect(() => read(four, { limit })).toThrow(CallError);
    expect(() => read(four, { perClass: 0 })).toThrow(/perClass .* got 0/);
  });

  it("draws with a seed: the same rows each time, in the order of the file, others for another seed", () => {
    const rows = Array.from({ length: 200 }, (_, i) => `text ${i},${i % 2}`);
    const draw = (seed: number) => read(`text,label\n${rows.join("\n")}\n`, { perClass: 20, seed }).lines;
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
    expect(draw(1)).toEqual([...draw(1)].sort((a, b) => a - b));
    expect(new Set(draw(1)).size).toBe(40);
    expect(draw(1).filter((line) => line % 2 === 0)).toHaveLength(20);
  });
});

describe("subset", () => {
  it("keeps rows together and the classes of the whole", () => {
    const dataset = read("text,pair,label\na,1,x\nb,2,y\nc,3,z\n", { textPair: "pair" });
    const part = subset(dataset, [2, 0]);
    expect([part.texts, part.pairs, part.labels, part.lines]).toEqual([
      ["c", "a"],
      ["3", "1"],
      ["z", "x"],
      [4, 2],
    ]);
    expect(part.classes).toEqual(["x", "y", "z"]);
  });
});

describe("shipped data", () => {
  const ship = (name: string) =>
    readDataset(readFileSync(join(import.meta.dirname, "../../assets/snips", name)), { name });

  it("is 200 and 50 requests of each of seven intents, none of them in both parts", () => {
    const train = ship("train.csv");
    const test = ship("test.csv");
    expect(train.classes).toHaveLength(7);
    expect(test.classes).toEqual(train.classes);
    for (const name of train.classes) {
      expect(train.labels.filter((label) => label === name)).toHaveLength(200);
      expect(test.labels.filter((label) => label === name)).toHaveLength(50);
    }
    const trained = new Set(train.texts);
    expect(test.texts.filter((text) => trained.has(text))).toEqual([]);
  });
});

const shared = join(import.meta.dirname, "../../../shared/data");
if (!existsSync(shared)) console.warn(`dataset.test.ts: ${shared} is not there: real data sets are not read`);
describe.skipIf(!existsSync(shared))("real files", () => {
  it.each([
    ["snips-train.csv", 13615, 7],
    ["snips-test.csv", 694, 7],
    ["trec-train.csv", 5452, 6],
    ["mr-train.csv", 8662, 2],
    ["mr-test.csv", 2000, 2],
  ])("%s has %i rows of %i classes", (name, n, C) => {
    const dataset = readDataset(readFileSync(join(shared, name)), { name });
    expect([dataset.texts.length, dataset.classes.length, dataset.skipped]).toEqual([n, C, 0]);
  });

  it("rte-train.csv has 1767 pairs", () => {
    const options = { name: "rte-train.csv", text: "premise", textPair: "hypothesis" };
    const { pairs, classes } = readDataset(readFileSync(join(shared, options.name)), options);
    expect(pairs).toHaveLength(1767);
    expect(classes).toEqual(["entailment", "not_entailment"]);
  });
});
