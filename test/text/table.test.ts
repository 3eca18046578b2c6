import { describe, expect, it } from "vitest";
import { CallError, DataError } from "../../src/errors.ts";
import { readTable } from "../../src/text/table.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const read = (text: string, name = "train.csv") => readTable(bytes(text), name);

describe("delimited files", () => {
  it("reads quotes, line breaks and commas inside them, and empty lines", () => {
    const { columns, rows } = read('text, label\n"a, ""b""\nsecond line",x\n\nplain,y\n  \n"",z');
    expect(columns).toEqual(["text", "label"]);
    expect(rows).toEqual([
      { line: 2, cells: ['a, "b"\nsecond line', "x"] },
      { line: 5, cells: ["plain", "y"] },
      { line: 7, cells: ["", "z"] },
    ]);
  });

  it("reads CRLF, lone CR and a byte order mark alike", () => {
    const rows = [
      { line: 2, cells: ["ä", "x"] },
      { line: 3, cells: ["b", "y"] },
    ];
    for (const end of ["\n", "\r\n", "\r"]) {
      const text = ["text,label", "ä,x", "b,y", ""].join(end);
      expect(read(text)).toEqual({ name: "train.csv", unit: "line", columns: ["text", "label"], rows });
      expect(read(`\ufeff${text}`).columns).toEqual(["text", "label"]);
    }
    expect(read('t,l\r\n"two\r\nlines",x\r\nb,y\r\n').rows.map((row) => row.line)).toEqual([2, 4]);
  });

  it("keeps commas in .tsv and tabs in .csv", () => {
    expect(read("t\tl\na, b\tx\n", "a.TSV").rows).toEqual([{ line: 2, cells: ["a, b", "x"] }]);
    expect(read("t,l\na\tb,x\n").rows[0].cells).toEqual(["a\tb", "x"]);
  });

  it("reads out of shared memory", () => {
    const source = bytes("t,l\na,x\n");
    const shared = new Uint8Array(new SharedArrayBuffer(source.length));
    shared.set(source);
    expect(readTable(shared, "a.csv").rows).toHaveLength(1);
  });

  it.each([
    ["a row too long", "t,l\na,x\nb,c,y\n", /line 3: expected 2 fields \(t, l\), got 3; .*comma/],
    ["a row too short", "t,l\n\nx\n", /line 3: expected 2 fields/],
    ["a quote that never closes", 't,l\na,x\n"b,y\nc,z\n', /line 3: .*doubled/],
    ["a quote inside", 't,l\n"a\nb" c,x\n', /line 2: .*doubled/],
    ["nothing but a header", "t,l\n", /expected rows of data, got none/],
    ["nothing", "", /expected rows of data, got none/],
  ])("refuses %s", (_, text, reason) => {
    expect(() => read(text)).toThrow(DataError);
    expect(() => read(text)).toThrow(reason);
    expect(() => read(text)).toThrow(/^train.csv/);
  });

  it("refuses other encodings, with the line", () => {
    const latin = new Uint8Array([...bytes("t,l\na,x\n"), 0xe4, 0x2c, 0x79]);
    expect(() => readTable(latin, "a.csv")).toThrow(/a.csv, line 3: expected UTF-8/);
    expect(() => readTable(new Uint8Array([0xff, 0xfe, 0x61, 0]), "a.csv")).toThrow(/UTF-16/);
  });

  it.each(["train.xlsx", "train", "a.toString"])("says what it reads instead of %s", (name) => {
    expect(() => readTable(bytes("x"), name)).toThrow(CallError);
    expect(() => readTable(bytes("x"), name)).toThrow(/\.csv, \.tsv, \.jsonl/);
  });
});

describe("JSON lines", () => {
  it("reads objects with any keys, in the order they are first seen", () => {
    const { columns, rows } = read(
      '{"text":"a","label":1}\r\n\n{"label":true,"more":null,"text":"b\\n"}\n',
      "a.jsonl",
    );
    expect(columns).toEqual(["text", "label", "more"]);
    expect(rows).toEqual([
      { line: 1, cells: ["a", 1, undefined] },
      { line: 3, cells: ["b\n", true, null] },
    ]);
  });

  it.each([
    ['{"a":1}\n{"a":', /a.jsonl, line 2: unreadable JSON/],
    ['{"a":1}\n\n[1]', /line 3: expected a JSON object, got \[1\]/],
    ["null", /line 1: expected a JSON object/],
    ["\n", /got none/],
  ])("refuses %j", (text, reason) => {
    expect(() => read(text, "a.jsonl")).toThrow(DataError);
    expect(() => read(text, "a.jsonl")).toThrow(reason);
  });
});
