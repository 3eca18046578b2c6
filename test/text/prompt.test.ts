import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CallError, DataError } from "../../src/errors.ts";
import { loadTokenizer, type Tokenizer, tokenize } from "../../src/text/index.ts";
import { applyTemplate, labelTokens, maskOf, readTemplate, tokenizePrompts } from "../../src/text/prompt.ts";
import { id, wordPiece } from "./fixtures/wordPiece.ts";

const reads = { masked: false, pairs: false };
const masks = { masked: true, pairs: false };

/** A tokenizer of whole words with a mask, as BERT has it. */
const bertTokenizer = () => loadTokenizer({ tokenizerJson: wordPiece({}, ["[MASK]"]) });

/** The shipped byte-level BPE with a mask that swallows the space before it, as RoBERTa has it. */
const home = join(import.meta.dirname, "../../assets/nano-gpt-neo");
function robertaTokenizer(): Promise<Tokenizer> {
  const json = JSON.parse(readFileSync(join(home, "tokenizer.json"), "utf8"));
  const size = Object.keys(json.model.vocab).length + json.added_tokens.length;
  const mask = { id: size, content: "<mask>", single_word: false, lstrip: true, rstrip: false };
  json.added_tokens.push({ ...mask, normalized: false, special: true });
  return loadTokenizer({ tokenizerJson: json, tokenizerConfig: { mask_token: { content: "<mask>" } } });
}

const spell = (tokenizer: Tokenizer, ids: Iterable<number>) =>
  [...ids].map((i) => tokenizer.piece(i)).join(" ");

describe("readTemplate and applyTemplate", () => {
  it("put texts in as they are, all placeholders at once", () => {
    const one = readTemplate("{text} It was", reads);
    expect(applyTemplate(one, { text: "costs $& and {text}" })).toBe("costs $& and {text} It was");
    expect(applyTemplate(readTemplate("{text}? {text}!", reads), { text: "a" })).toBe("a? a!");
    const two = readTemplate("{text}? {mask}, {pair}", { masked: true, pairs: true });
    const filled = applyTemplate(two, { text: "{pair}", pair: "{mask}", mask: "[MASK]" });
    expect(filled).toBe("{pair}? [MASK], {mask}");
  });

  it.each([
    ["It was", reads, /\{text\} somewhere/],
    ["{text} {mask}", reads, /no \{mask\}, as this model reads on/],
    ["{text} It was", masks, /exactly one \{mask\}, as this model is a masked-language model/],
    ["{mask} {text} {mask}", masks, /exactly one \{mask\}/],
    ["{text} {pair}", reads, /no \{pair\}, as the data has no second texts/],
    ["{text}", { masked: false, pairs: true }, /\{pair\} somewhere/],
  ])("refuse %s where it does not fit", (template, need, said) => {
    expect(() => readTemplate(template, need)).toThrow(CallError);
    expect(() => readTemplate(template, need)).toThrow(said);
  });
});

describe("labelTokens of a model that reads on", () => {
  const tokens = (tokenizer: Tokenizer, template: string, ...words: string[]) =>
    labelTokens(tokenizer, readTemplate(template, reads), words);

  it("finds the token of a word, and names all that are not one", async () => {
    const tokenizer = await loadTokenizer({ tokenizerJson: wordPiece() });
    expect(tokens(tokenizer, "{text}", "good", "bad")).toEqual([id("good"), id("bad")]);
    expect(tokens(tokenizer, "{text} it was", "Bad")).toEqual([id("bad")]);
    const faults = () => tokens(tokenizer, "{text} it was", "films", "good", "nice", "goods");
    expect(faults).toThrow(DataError);
    expect(faults).toThrow(
      /"films" is 2 \(film ##s\), "nice" is not in the vocabulary, "goods" is 2 \(good ##s\)/,
    );
    expect(() => tokens(tokenizer, "{text}", " ")).toThrow(/" " is 0/);
    expect(() => tokens(tokenizer, "{text}", "good", "film", "Good")).toThrow(/"good" and "Good", both good/);
  });

  it("of the shipped model goes on after the template: with its space", async () => {
    const tokenizer = await loadTokenizer(home);
    for (const template of ["{text} It was", "{text}"]) {
      expect(spell(tokenizer, tokens(tokenizer, template, "good", " new"))).toBe("Ġgood Ġnew");
    }
    // Where the template has the space, the word is spelled otherwise.
    expect(() => tokens(tokenizer, "{text} It was ", "good")).toThrow(
      /"good" is 2 \(g ood\); with a space before it, it is one/,
    );
    expect(() => tokens(tokenizer, "{text} It was", "incomprehensible")).toThrow(/--words/);
  });
});

describe("labelTokens at a mask", () => {
  const tokens = (tokenizer: Tokenizer, template: string, ...words: string[]) =>
    labelTokens(tokenizer, readTemplate(template, masks), words);

  it("takes the space before the mask for the word's", async () => {
    const tokenizer = await robertaTokenizer();
    const spelled = (template: string, word: string) => spell(tokenizer, tokens(tokenizer, template, word));
    expect(spelled("{text} It was {mask}.", "good")).toBe("Ġgood");
    expect(spelled("{text} {mask}", "good")).toBe("Ġgood");
    expect(spelled("{text} ({mask})", "in")).toBe("in");
    expect(spelled("{mask} {text}", "in")).toBe("in");
    expect(() => spelled("{mask}: {text}", "good")).toThrow(/"good" is 2 \(g ood\); with a space/);
    const whole = await bertTokenizer();
    for (const template of ["{text} it was {mask} .", "{mask} {text}"]) {
      expect(tokens(whole, template, "good", "bad")).toEqual([id("good"), id("bad")]);
    }
  });

  it("needs a tokenizer with a mask", async () => {
    expect(maskOf(await bertTokenizer())).toEqual({ token: "[MASK]", id: 11 });
    expect(maskOf(await robertaTokenizer()).token).toBe("<mask>");
    const without = await loadTokenizer({ tokenizerJson: wordPiece() });
    expect(() => maskOf(without)).toThrow(/expected a mask token .* got none; try the mask_token/);
  });
});

describe("tokenizePrompts", () => {
  const template = readTemplate("{text} it was {mask} a film", masks);
  const rows = (tokenizer: Tokenizer, { inputIds, shape: [n, T] }: ReturnType<typeof tokenizePrompts>) =>
    Array.from({ length: n }, (_, i) => spell(tokenizer, inputIds.subarray(i * T, (i + 1) * T)));

  it("cuts the text and never the template", async () => {
    const tokenizer = await bertTokenizer();
    const texts = ["good films bad a it", "good"];
    const whole = tokenizePrompts(tokenizer, template, texts, { maxLength: 13 });
    expect(whole.truncated).toEqual({ texts: 0, tokens: 0 });
    const cut = tokenizePrompts(tokenizer, template, texts, { maxLength: 9 });
    expect(rows(tokenizer, cut)).toEqual([
      "[CLS] good it was [MASK] a film [SEP]",
      "[CLS] good it was [MASK] a film [SEP]",
    ]);
    // films is two tokens: there is room for film, and a word is not cut.
    expect(cut.truncated).toEqual({ texts: 1, tokens: 5 });
    expect(() => tokenizePrompts(tokenizer, template, texts, { maxLength: 7 })).toThrow(
      /room for text beside the template's 5 tokens and 2 special ones, got 7/,
    );
  });

  it("is the plain batch of the filled templates where all fit", async () => {
    const tokenizer = await robertaTokenizer();
    const plain = readTemplate("{text} It was", reads);
    const texts = ["A first text", "a second, longer one"];
    const prompts = tokenizePrompts(tokenizer, plain, texts, { maxLength: 64 });
    expect(prompts).toEqual(
      tokenize(
        tokenizer,
        texts.map((text) => `${text} It was`),
        { maxLength: 64 },
      ),
    );
    const asked = readTemplate("{text} It was {mask}.", masks);
    const [row] = rows(tokenizer, tokenizePrompts(tokenizer, asked, ["Fine"], { maxLength: 64 }));
    expect(row).toBe("F ine ĠIt Ġwas <mask> .");
  });

  it("cuts long texts without spaces by letters, and any text to fit", async () => {
    const tokenizer = await loadTokenizer(home);
    const plain = readTemplate("{text} It was", reads);
    for (const text of ["x".repeat(400), "日本語".repeat(50), "many words ".repeat(60), "🙂".repeat(30)]) {
      for (const maxLength of [8, 17, 40]) {
        const batch = tokenizePrompts(tokenizer, plain, [text], { maxLength });
        expect(batch.shape[1]).toBeLessThanOrEqual(maxLength);
        expect(batch.shape[1]).toBeGreaterThan(maxLength - 5);
        expect(rows(tokenizer, batch)[0]).toMatch(/ ĠIt Ġwas$/);
        const cut = tokenizer.encode(`${text} It was`).length - batch.shape[1];
        expect(batch.truncated).toEqual({ texts: 1, tokens: cut });
      }
    }
  });

  it("cuts the longer text of a pair first", async () => {
    const tokenizer = await bertTokenizer();
    const two = readTemplate("{text} was {mask} {pair}", { masked: true, pairs: true });
    const batch = tokenizePrompts(tokenizer, two, ["good bad a it was a"], {
      maxLength: 8,
      pairs: ["film a"],
    });
    expect(rows(tokenizer, batch)).toEqual(["[CLS] good bad was [MASK] film a [SEP]"]);
    expect(batch.truncated).toEqual({ texts: 1, tokens: 4 });
  });

  it("refuses a text that holds the mask itself", async () => {
    const tokenizer = await bertTokenizer();
    const texts = ["good", "a [MASK] film"];
    expect(() => tokenizePrompts(tokenizer, template, texts, { maxLength: 20 })).toThrow(
      /row 2: expected one \[MASK\] in the prompt, the template's, got 2; try texts without the mask token/,
    );
  });
});
