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

const shared = join(import.meta.dirname, "../../../shared");
for (const model of ["nano-gpt-neo", "minilm"]) {
  const home = join(shared, "models", model);
  const reference = join(shared, "reference", model, "tokens.json");
  const there = existsSync(join(home, "tokenizer.json")) && existsSync(reference);
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
