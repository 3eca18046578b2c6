import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DataError } from "../../src/errors.ts";
import { asObject, parseJson } from "../../src/runtime/index.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const parse = (text: string, uniqueKeys = false) => parseJson(bytes(text), "config.json", { uniqueKeys });

describe("parseJson", () => {
  it.each([
    ["", "line 1, column 1: expected a value, got the end"],
    ['{"a": 1,\n "b" 2}', 'line 2, column 6: expected ":", got "2"'],
    ['{"a": 1,}', 'line 1, column 9: expected a key in double quotes, got "}"'],
    ["[1, 2", 'line 1, column 6: expected "," or "]", got the end'],
    ["[1,]", 'line 1, column 4: expected a value, got "]"'],
    ["[01]", 'line 1, column 2: expected a value, got "0"'],
    ["{'a': 1}", "expected a key in double quotes"],
    ['{"a": NaN}', 'line 1, column 7: expected a value, got "N"'],
    ['["a\nb"]', "line 1, column 4: a control character"],
    ['["abc', "line 1, column 2: a string that does not end"],
    ['["\\x"]', "an escape that JSON does not know"],
    ['["\\u12g4"]', "expected \\u and 4 digits"],
    ["{} {}", 'line 1, column 4: expected nothing more, got "{"'],
    ["[}", 'expected a value, got "}"'],
  ])("says where %j goes wrong", (text, where) => {
    expect(() => parse(text)).toThrow(DataError);
    expect(() => parse(text)).toThrow(where);
    expect(() => parse(text)).toThrow(/^config.json: unreadable JSON at line \d/);
  });

  it("refuses what is not UTF-8, and takes a byte order mark", () => {
    expect(() => parseJson(new Uint8Array([0x7b, 0xff, 0x7d]), "x.json")).toThrow(/x.json: .*UTF-8/);
    expect(parseJson(new Uint8Array([0xef, 0xbb, 0xbf, 0x7b, 0x7d]), "x.json")).toEqual({});
  });

  it("finds a key that comes twice, however it is written and wherever it is", () => {
    expect(() => parse('{"a": 1, "\\u0061": 2}', true)).toThrow(/line 1, column 10: the key "a" comes twice/);
    expect(() => parse('{"x": [{"k": {}, "k": 1}]}', true)).toThrow(/the key "k" comes twice/);
    expect(parse('{"a": {"a": "a"}, "b": ["a", {"a": 1}, {"a": 2}]}', true)).toEqual({
      a: { a: "a" },
      b: ["a", { a: 1 }, { a: 2 }],
    });
    expect(parse('{"a": 1, "a": 2}')).toEqual({ a: 2 });
  });

  it("places a fault wherever JSON.parse finds one, and none where it finds none", () => {
    // Damaged JSON: cut, or with one character put in the place of another.
    fc.assert(
      fc.property(
        fc.json({ maxDepth: 4 }),
        fc.nat(),
        fc.constantFrom("", ...'{}[]",:\\0e-.x '),
        (json, at, c) => {
          const text = json.slice(0, at % json.length) + c + (c ? json.slice((at % json.length) + 1) : "");
          let readable = true;
          try {
            JSON.parse(text);
          } catch {
            readable = false;
          }
          if (readable) expect(parse(text)).toEqual(JSON.parse(text));
          else expect(() => parse(text)).toThrow(/at line \d+, column \d+/);
        },
      ),
      { seed: 1, numRuns: 1000 },
    );
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), (json) => {
        // JSON.stringify never writes a key twice.
        expect(parse(json, true)).toEqual(JSON.parse(json));
      }),
      { seed: 2, numRuns: 300 },
    );
  });

  it("is not hurt by deep nesting", () => {
    expect(() => parse("[".repeat(100_000))).toThrow(/line 1, column 100001/);
  });
});

describe("asObject", () => {
  it.each([
    [[], "an array"],
    [null, "null"],
    [3, "a number"],
  ])("refuses %j", (value, got) => {
    expect(() => asObject(value, "x.json")).toThrow(`x.json: expected a JSON object, got ${got}`);
  });
});
