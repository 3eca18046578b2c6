import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { CallError, DataError } from "../../src/errors.ts";
import { loadTokenizer, readDataset, tokenize } from "../../src/text/index.ts";
import { id, wordPiece } from "./fixtures/wordPiece.ts";

const folder = mkdtempSync(join(tmpdir(), "ntkit-tokenizer-"));
writeFileSync(join(folder, "tokenizer.json"), JSON.stringify(wordPiece()));
writeFileSync(join(folder, "tokenizer_config.json"), '{"pad_token": {"content": "[SEP]"}}');
afterAll(() => rmSync(folder, { recursive: true }));
const load = (parts: Record<string, unknown>) => loadTokenizer({ tokenizerJson: wordPiece(parts) });

describe("loadTokenizer", () => {
  it("takes a folder, its file, a map, and parsed files", async () => {
    const bytes = new TextEncoder().encode(JSON.stringify(wordPiece()));
    for (const source of [
      folder,
      join(folder, "tokenizer.json"),
      { "model/tokenizer.json": new Blob([bytes]) },
      { "tokenizer.json": bytes },
      { tokenizerJson: wordPiece(), config: {}, source: "a checkpoint" },
    ]) {
      const tokenizer = await loadTokenizer(source);
      expect(tokenizer.encode("Good films")).toEqual([id("good"), id("film"), id("##s")]);
      expect(tokenizer.piece(id("##s"))).toBe("##s");
    }
  });

  it("finds the padding where the files name it", async () => {
    expect((await loadTokenizer(folder)).padId).toBe(id("[SEP]"));
    expect((await load({ padding: { pad_id: 4 } })).padId).toBe(4);
    expect((await load({})).padId).toBe(0);
    const config = { pad_token: "[SEP]" };
    expect((await loadTokenizer({ tokenizerJson: wordPiece(), tokenizerConfig: config })).padId).toBe(3);
    const unknown = { pad_token: "<nothing>" };
    expect((await loadTokenizer({ tokenizerJson: wordPiece(), tokenizerConfig: unknown })).padId).toBe(0);
  });

  it("says what is missing or unreadable", async () => {
    await expect(loadTokenizer(join(folder, "none"))).rejects.toThrow(CallError);
    await expect(loadTokenizer(join(folder, "none"))).rejects.toThrow(
      /none: expected a folder with tokenizer.json/,
    );
    await expect(loadTokenizer({})).rejects.toThrow(DataError);
    await expect(loadTokenizer({ "config.json": new Uint8Array(2) })).rejects.toThrow(
      /expected a tokenizer.json/,
    );
    const broken = { "tokenizer.json": new TextEncoder().encode("{\n]") };
    await expect(loadTokenizer(broken)).rejects.toThrow(
      /tokenizer.json: unreadable JSON at line 2, column 1/,
    );
  });

  it("refuses what the library does not know", async () => {
    await expect(load({ normalizer: { type: "Romanise" } })).rejects.toThrow(
      /tokenizer.json: cannot be used: .*Romanise/,
    );
    const strange = { type: "BertProcessing", cls: ["<nowhere>", 9], sep: ["[SEP]", 3] };
    await expect(load({ post_processor: strange })).rejects.toThrow(/special token <nowhere> has no id/);
  });

  const pattern = { Regex: "\\s+" };
  it.each([
    [
      { type: "Split", pattern, behavior: "MergedWithPrevious", invert: false },
      /Split .* got mergedwithprevious/,
    ],
    [{ type: "Split", pattern, behavior: "Isolated", invert: true }, /got isolated, inverted/],
    [
      { type: "Sequence", pretokenizers: [{ type: "Punctuation" }] },
      /Punctuation .* contiguous, got isolated/,
    ],
  ])("refuses a pre-tokenizer whose ids would differ: %j", async (pre_tokenizer, reason) => {
    await expect(load({ pre_tokenizer })).rejects.toThrow(DataError);
    await expect(load({ pre_tokenizer })).rejects.toThrow(reason);
  });

  it.each([
    { type: "Split", pattern, behavior: "Removed", invert: false },
    { type: "Split", pattern: { Regex: "\\S+" }, behavior: "Removed", invert: true },
    {
      type: "Sequence",
      pretokenizers: [{ type: "WhitespaceSplit" }, { type: "Punctuation", behavior: "Contiguous" }],
    },
  ])("takes one that it can follow: %j", async (pre_tokenizer) => {
    expect((await load({ pre_tokenizer })).encode("a good film")).toEqual([id("a"), id("good"), id("film")]);
  });

  it("names a piece that has no id where there is no unknown token", async () => {
    const model = { ...(wordPiece()["model"] as object), unk_token: "<none>" };
    const tokenizer = await load({ model });
    expect(() => tokenizer.encode("a zebra")).toThrow(/piece .* is not in the vocabulary/);
  });
});

describe("a Unigram tokenizer", () => {
  const pieces: [string, number][] = [
    ...[
      ["<unk>", 0],
      ["▁", -3.1],
      ["▁a", -2.2],
      ["▁ab", -4.3],
      ["a", -3.4],
      ["b", -3.5],
    ],
    ...[
      ["c", -3.6],
      ["ab", -3.05],
      ["bc", -3.2],
      ["abc", -7.5],
      ["▁abc", -9.9],
      ["ca", -4.4],
    ],
  ] as [string, number][];
  const tokenizerJson = {
    version: "1.0",
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: true },
    post_processor: null,
    decoder: null,
    model: { type: "Unigram", unk_id: 0, vocab: pieces, byte_fallback: false },
  };

  /** The best of all ways to cut a word into pieces, by trying them all. */
  function best(word: string): { score: number; ids: number[] } {
    if (word === "") return { score: 0, ids: [] };
    return pieces
      .flatMap(([piece, score], id) => {
        if (id === 0 || !word.startsWith(piece)) return [];
        const rest = best(word.slice(piece.length));
        return [{ score: score + rest.score, ids: [id, ...rest.ids] }];
      })
      .reduce((a, b) => (b.score > a.score ? b : a), { score: Number.NEGATIVE_INFINITY, ids: [] });
  }

  it("cuts each word into the likeliest pieces", async () => {
    const tokenizer = await loadTokenizer({ tokenizerJson });
    for (const text of ["abc", "a", "abcab", "cab bca", "aabbcc abcabc", "bcbc a ab"]) {
      const expected = text.split(" ").flatMap((word) => best(`▁${word}`).ids);
      expect([text, tokenizer.encode(text)]).toEqual([text, expected]);
    }
    expect(tokenizer.encode("axyb")).toEqual([2, 0, 5]); // letters outside the vocabulary are one unknown piece
  });
});

const shared = join(import.meta.dirname, "../../../shared");
const hasTokens = (model: string) =>
  existsSync(join(shared, "models", model, "tokenizer.json")) &&
  existsSync(join(shared, "reference", model, "tokens.json"));
for (const model of ["nano-gpt-neo", "minilm"]) {
  const home = join(shared, "models", model);
  const reference = join(shared, "reference", model, "tokens.json");
  const there = hasTokens(model);
  if (!there)
    console.warn(`tokenizer.test.ts: no tokenizer.json of ${model} in ../shared: its ids are not compared`);
  describe.skipIf(!there)(`ids of ${model}`, () => {
    it.each(["snips-train.csv", "trec-train.csv", "mr-train.csv", "rte-train.csv"])(
      "are those of the reference on 1,000 texts of %s",
      async (file) => {
        const expected = (JSON.parse(readFileSync(reference, "utf8")) as Record<string, number[][]>)[file];
        const tokenizer = await loadTokenizer(home);
        const { texts } = readDataset(readFileSync(join(shared, "data", file)), {
          name: file,
          limit: 1000,
          ...(file.startsWith("rte") && { text: "premise" }),
        });
        expect(expected).toHaveLength(1000);
        const { inputIds, attentionMask, shape } = tokenize(tokenizer, texts);
        const T = shape[1];
        const ids = texts.map((_, i) =>
          [...inputIds.subarray(i * T, (i + 1) * T)].filter((_, t) => attentionMask[i * T + t]),
        );
        expect(ids).toEqual(expected);
      },
    );
  });
}

describe.skipIf(!hasTokens("minilm"))("pairs of rte", () => {
  it("are the reference's premises and then the hypotheses, with types", async () => {
    const home = join(shared, "models", "minilm");
    const reference = join(shared, "reference", "minilm", "tokens.json");
    const premises = (JSON.parse(readFileSync(reference, "utf8")) as Record<string, number[][]>)[
      "rte-train.csv"
    ];
    const tokenizer = await loadTokenizer(home);
    const options = { name: "rte-train.csv", text: "premise", textPair: "hypothesis", limit: 1000 };
    const { texts, pairs = [] } = readDataset(readFileSync(join(shared, "data", "rte-train.csv")), options);
    const { inputIds, tokenTypeIds = [], attentionMask, shape } = tokenize(tokenizer, texts, { pairs });
    const alone = tokenize(tokenizer, pairs);
    const row = (array: ArrayLike<number>, i: number, T: number, mask: Uint8Array) =>
      Array.from({ length: T }, (_, t) => array[i * T + t]).filter((_, t) => mask[i * T + t]);
    texts.forEach((_, i) => {
      const [, ...hypothesis] = row(alone.inputIds, i, alone.shape[1], alone.attentionMask); // without its [CLS]
      expect(row(inputIds, i, shape[1], attentionMask)).toEqual([...premises[i], ...hypothesis]);
      const types = [...premises[i].map(() => 0), ...hypothesis.map(() => 1)];
      expect(row(tokenTypeIds, i, shape[1], attentionMask)).toEqual(types);
    });
  });
});
