import { describe, expect, it } from "vitest";
import { CallError, DataError } from "../../src/errors.ts";
import { loadTokenizer, tokenize } from "../../src/text/index.ts";
import { id, wordPiece } from "./fixtures/wordPiece.ts";

const bert = await loadTokenizer({ tokenizerJson: wordPiece() });
const bare = await loadTokenizer({ tokenizerJson: wordPiece({ post_processor: null }) });
const [CLS, SEP, PAD] = ["[CLS]", "[SEP]", "[PAD]"].map(id);
const ids = (text: string) => text.split(" ").map(id);

describe("tokenize", () => {
  it("adds special tokens, pads on the right and says which positions are real", () => {
    expect(tokenize(bert, ["a good film", "bad"])).toEqual({
      inputIds: Int32Array.from([CLS, ...ids("a good film"), SEP, CLS, ...ids("bad"), SEP, PAD, PAD]),
      attentionMask: Uint8Array.from([1, 1, 1, 1, 1, 1, 1, 1, 0, 0]),
      tokenTypeIds: new Int32Array(10),
      shape: [2, 5],
    });
  });

  it("gives no token types where the tokenizer has none", () => {
    const batch = tokenize(bare, ["it was", "a"]);
    expect(batch).toEqual({
      inputIds: Int32Array.from([...ids("it was a"), 0]),
      attentionMask: Uint8Array.from([1, 1, 1, 0]),
      shape: [2, 2],
    });
  });

  it("joins pairs, with types, whatever the post-processor", async () => {
    const typed = Int32Array.from([0, 0, 0, 0, 1, 1]);
    const sequence = Int32Array.from([CLS, ...ids("good film"), SEP, id("bad"), SEP]);
    const cls = ["[CLS]", CLS];
    const sep = ["[SEP]", SEP];
    const processing = { type: "BertProcessing", cls, sep };
    for (const post_processor of [
      wordPiece()["post_processor"],
      processing,
      { type: "Sequence", processors: [{ type: "ByteLevel" }, processing] },
    ]) {
      const tokenizer = await loadTokenizer({ tokenizerJson: wordPiece({ post_processor }) });
      const batch = tokenize(tokenizer, ["good film"], { pairs: ["bad"] });
      expect([batch.inputIds, batch.tokenTypeIds]).toEqual([sequence, typed]);
    }
    // RoBERTa: two separators between, no types.
    const roberta = await loadTokenizer({
      tokenizerJson: wordPiece({ post_processor: { type: "RobertaProcessing", cls, sep } }),
    });
    const batch = tokenize(roberta, ["good"], { pairs: ["bad"] });
    expect([...batch.inputIds]).toEqual([CLS, id("good"), SEP, SEP, id("bad"), SEP]);
    expect(batch.tokenTypeIds).toBeUndefined();
    expect([...tokenize(bare, ["good"], { pairs: ["bad"] }).inputIds]).toEqual(ids("good bad"));
  });

  it("cuts on the right, keeps the special tokens, and counts", () => {
    const batch = tokenize(bert, ["it was a good film", "bad", "a bad film"], { maxLength: 4 });
    expect([...batch.inputIds]).toEqual([
      ...[CLS, ...ids("it was"), SEP],
      ...[CLS, id("bad"), SEP, PAD],
      ...[CLS, ...ids("a bad"), SEP],
    ]);
    expect(batch.truncated).toEqual({ texts: 2, tokens: 4 });
    expect(tokenize(bert, ["bad"], { maxLength: 4 }).truncated).toEqual({ texts: 0, tokens: 0 });
  });

  it.each([
    // [first, second, room for text, kept of each]: tokens are taken from the longer one first.
    [5, 1, 4, 3, 1],
    [1, 5, 4, 1, 3],
    [5, 5, 4, 2, 2],
    [5, 4, 5, 3, 2],
    [4, 5, 5, 2, 3],
    [2, 2, 4, 2, 2],
    [9, 2, 4, 2, 2],
    [3, 2, 4, 2, 2],
  ])("cuts pairs of %i and %i tokens to %i: %i and %i", (first, second, room, kept, keptSecond) => {
    const repeat = (word: string, count: number) => Array(count).fill(word).join(" ");
    const options = { pairs: [repeat("bad", second)], maxLength: room + 3 };
    const { inputIds, truncated } = tokenize(bert, [repeat("good", first)], options);
    const count = (word: string) => inputIds.filter((token) => token === id(word)).length;
    expect([count("good"), count("bad")]).toEqual([kept, keptSecond]);
    expect(truncated?.tokens).toBe(first + second - room);
  });

  it("leaves special tokens out on request, the types as they are", () => {
    const batch = tokenize(bert, ["good film", "a"], {
      pairs: ["bad", "bad"],
      specialTokens: false,
      maxLength: 2,
    });
    expect(batch).toEqual({
      inputIds: Int32Array.from([...ids("good bad"), ...ids("a bad")]),
      attentionMask: new Uint8Array(4).fill(1),
      tokenTypeIds: Int32Array.from([0, 1, 0, 1]),
      shape: [2, 2],
      truncated: { texts: 1, tokens: 1 },
    });
    expect([...tokenize(bert, ["a good film"], { specialTokens: false }).inputIds]).toEqual(
      ids("a good film"),
    );
  });

  it("pads and cuts on the right, whichever side the files name", async () => {
    const padding = {
      strategy: "BatchLongest",
      direction: "Left",
      pad_id: PAD,
      pad_type_id: 0,
      pad_token: "[PAD]",
    };
    const truncation = { max_length: 3, strategy: "LongestFirst", stride: 0, direction: "Left" };
    const left = await loadTokenizer({
      tokenizerJson: wordPiece({ padding, truncation }),
      tokenizerConfig: { padding_side: "left", truncation_side: "left", pad_token: "[PAD]" },
    });
    const texts = ["it was a good film", "bad"];
    for (const maxLength of [undefined, 4]) {
      expect(tokenize(left, texts, { maxLength })).toEqual(tokenize(bert, texts, { maxLength }));
    }
  });

  it("names the row of a text without tokens", () => {
    expect(() => tokenize(bare, ["a", "  "])).toThrow(DataError);
    expect(() => tokenize(bare, ["a", "  "])).toThrow(/row 2: expected a text with tokens, got " {2}"/);
    expect([...tokenize(bert, [""]).inputIds]).toEqual([CLS, SEP]);
  });

  it("refuses calls that make no sense", () => {
    expect(() => tokenize(bert, [])).toThrow(CallError);
    expect(() => tokenize(bert, ["a", "a"], { pairs: ["a"] })).toThrow(/expected 2 pairs, one a text, got 1/);
    for (const maxLength of [2, 0, Number.NaN]) {
      expect(() => tokenize(bert, ["a"], { maxLength })).toThrow(/room for text beside 2 special tokens/);
    }
    expect(() => tokenize(bert, ["a"], { pairs: ["a"], maxLength: 4 })).toThrow(/beside 3 special tokens/);
  });
});
