import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CallError, DataError } from "../../src/errors.ts";
import { applyTemplate, loadTokenizer, singleTokenId } from "../../src/text/index.ts";
import { id, wordPiece } from "./fixtures/wordPiece.ts";

describe("applyTemplate", () => {
  it("puts the text in, as it is", () => {
    expect(applyTemplate("{text} It was", "costs $& and {text}")).toBe("costs $& and {text} It was");
    expect(applyTemplate("{text}? {text}!", "a")).toBe("a? a!");
    expect(() => applyTemplate("It was", "a")).toThrow(CallError);
  });
});

describe("singleTokenId", () => {
  it("finds the token of a word, and names the pieces of one that has several", async () => {
    const tokenizer = await loadTokenizer({ tokenizerJson: wordPiece() });
    expect(singleTokenId(tokenizer, "good")).toBe(id("good"));
    expect(singleTokenId(tokenizer, "bad", "it was")).toBe(id("bad"));
    expect(() => singleTokenId(tokenizer, "films")).toThrow(DataError);
    expect(() => singleTokenId(tokenizer, "films", "it was")).toThrow(
      /label word "films": .* got 2 \(film ##s\)/,
    );
    expect(() => singleTokenId(tokenizer, " ")).toThrow(/got 0/);
  });
});

const home = join(import.meta.dirname, "../../assets/nano-gpt-neo");
describe("label words of the shipped model", () => {
  it("are those that go on after the template: with their space", async () => {
    const tokenizer = await loadTokenizer(home);
    const good = singleTokenId(tokenizer, "good", " It was");
    expect(tokenizer.piece(good)).toBe("Ġgood");
    expect(singleTokenId(tokenizer, " good", " It was")).toBe(good);
    expect(singleTokenId(tokenizer, " good")).toBe(good);
    // Alone, or where the template has the space, the word is spelled otherwise.
    for (const after of ["", " It was "]) {
      expect(() => singleTokenId(tokenizer, "good", after)).toThrow(
        /got 2 \(g ood\); with a space before it, it is one/,
      );
    }
    expect(() => singleTokenId(tokenizer, "incomprehensible")).toThrow(/choose another word/);
  });
});
