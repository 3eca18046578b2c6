/** Spoiled tokenizer.json of every kind (test/support/fuzz): loaded and used, or refused with a sentence. At length: scripts/fuzz.mjs. */
import { expect, it } from "vitest";
import { loadTokenizer } from "../../src/text/index.ts";
import { runCases, tokenizer } from "../support/fuzz/index.ts";

it("spoiled tokenizers", async () => {
  const cases = 10_000;
  const { read, refused } = await runCases(tokenizer, 1, cases);
  expect(read).toBeGreaterThan(cases / 10);
  expect(refused).toBeGreaterThan(cases / 4);
});

it.each(["Split", "Replace"])(
  "a pattern of %s that nobody knows is refused, not passed over",
  async (type) => {
    const step = { type, pattern: { Glob: "*" }, behavior: "Isolated", content: "" };
    const model = { type: "BPE", vocab: { a: 0 }, merges: [] };
    const tokenizerJson = { model, [type === "Split" ? "pre_tokenizer" : "normalizer"]: step };
    await expect(loadTokenizer({ tokenizerJson })).rejects.toThrow(/expected a pattern of/);
  },
);
