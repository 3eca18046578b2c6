/** Nothing put into markup can end what it stands in. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clean, jsonBlock, Markup, markup } from "../../src/report/markup.ts";
import { all, parseMarkup } from "../support/markup.ts";
import { attacks } from "./records.ts";

/** Letters of every kind, halves of surrogate pairs and control characters among them. */
const anything = fc.string({ unit: "binary" });

describe("markup", () => {
  it("text and attributes read back as they were put in, but for what is cleaned", () => {
    fc.assert(
      fc.property(anything, (text) => {
        const { attributes, children } = parseMarkup(markup`<p title="${text}">${text}</p>`.text);
        expect(attributes.get("title")).toBe(clean(text));
        expect(children.join("")).toBe(clean(text));
      }),
    );
  });

  it.each(attacks)("%j stays inside", (attack) => {
    const root = parseMarkup(markup`<p title="${attack}"><b>${attack}</b></p>`.text);
    expect(all(root).map(({ name }) => name)).toEqual(["p", "b"]);
    expect([...root.attributes.keys()]).toEqual(["title"]);
  });

  it("markup, numbers, lists and nothing go in as such", () => {
    expect(
      markup`<i>${new Markup("<b>x</b>")}${3}${null}${false}${[markup`<u>${"<"}</u>`, ">"]}</i>`.text,
    ).toBe("<i><b>x</b>3<u>&lt;</u>&gt;</i>");
  });
});

describe("clean", () => {
  it("leaves no control character, no turn of direction, no half of a pair", () => {
    fc.assert(
      fc.property(anything, (text) => {
        expect(clean(text)).not.toMatch(/[\p{Cc}\p{Surrogate}\u202a-\u202e\u2066-\u2069\ufffe\uffff]/u);
      }),
    );
  });

  it("leaves words as they are, tabs and line breaks as a space", () => {
    expect(clean("naïve 語🙂 a\u0301")).toBe("naïve 語🙂 a\u0301");
    expect(clean("a\r\n\tb")).toBe("a b");
    expect(clean("\u001b[31m")).toBe("\ufffd[31m");
  });
});

describe("jsonBlock", () => {
  it("reads back, and holds nothing that ends a script element or a line of script", () => {
    fc.assert(
      fc.property(fc.array(anything), (words) => {
        const { text } = jsonBlock(words);
        expect(JSON.parse(text)).toEqual(words);
        expect(text).not.toMatch(/[<\u2028\u2029]/);
      }),
    );
    expect(JSON.parse(jsonBlock(attacks).text)).toEqual(attacks);
  });
});
