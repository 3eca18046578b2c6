/** Spoiled config.json of every architecture (test/support/fuzz): a network, or a refusal with a sentence. At length: scripts/fuzz.mjs. */
import { expect, it } from "vitest";
import { DataError } from "../../src/errors.ts";
import { architectureOf } from "../../src/model/architectures.ts";
import { ropeFrequencies } from "../../src/model/rope.ts";
import { config, runCases } from "../support/fuzz/index.ts";

it("spoiled configurations", async () => {
  const cases = 15_000;
  const { read, refused } = await runCases(config, 1, cases);
  expect(read).toBeGreaterThan(cases / 10);
  expect(refused).toBeGreaterThan(cases / 4);
});

it.each([
  ["gpt2", { n_embd: 8, n_head: 2, n_positions: 8, vocab_size: 5, n_layer: 1e9 }, /n_layer.*at most/],
  [
    "gpt_neo",
    {
      hidden_size: 8,
      num_heads: 2,
      max_position_embeddings: 8,
      vocab_size: 5,
      num_layers: 4,
      attention_types: [[["global"], 1e9]],
    },
    /attention_types/,
  ],
])("%s with a thousand million layers is refused before they are listed", (model_type, rest, message) => {
  const whole = { model_type, ...rest };
  const read = () => architectureOf(whole).architecture.tensorTable(whole);
  expect(read).toThrow(DataError);
  expect(read).toThrow(message);
});

it("heads wider than any are refused before their table is made", () => {
  expect(() => ropeFrequencies({}, 2 ** 40)).toThrow(/head_dim.*at most/);
});
