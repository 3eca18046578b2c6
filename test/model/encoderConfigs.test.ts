/**
 * Encoders in the shapes the reference folder has none of (RoBERTa's classifier, DistilBERT's word head, output words of their own),
 * their derivatives against finite differences; prompts by the mask token; what config.json may not say.
 */
import { describe, expect, it } from "vitest";
import { CallError, DataError } from "../../src/errors.ts";
import { bert, roberta } from "../../src/model/bert.ts";
import * as distilbert from "../../src/model/distilbert.ts";
import { modelFromRecipe } from "../../src/model/model.ts";
import type { ReadoutSpec } from "../../src/model/types.ts";
import { createReferenceBackend } from "../../src/numerics/reference/backend.ts";
import { dot, relativeError } from "../support/distance.ts";
import { randomArray } from "../support/layerPass.ts";
import { randomRecipe, type WholeRecipe } from "../support/randomRecipe.ts";
import { randomBatch } from "../support/tinyGptNeo.ts";

const bertConfig = {
  model_type: "bert",
  hidden_size: 8,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 12,
  max_position_embeddings: 12,
  vocab_size: 13,
};
const robertaConfig = { ...bertConfig, model_type: "roberta", pad_token_id: 1, type_vocab_size: 1 };
const distilbertConfig = {
  model_type: "distilbert",
  dim: 8,
  n_layers: 2,
  n_heads: 2,
  hidden_dim: 12,
  max_position_embeddings: 12,
  vocab_size: 13,
};
const tables = { bert, roberta, distilbert };
type Name = keyof typeof tables;
const recipeOf = (config: Record<string, unknown>) =>
  randomRecipe(config, tables[config["model_type"] as Name].tensorTable(config));

const MASK = 12;
const lengths = [9, 2, 5, 1, 7];
const at = [4, 1, 0, 0, 6];
const batch = randomBatch(lengths, 9, 3, MASK);
at.forEach((place, i) => {
  batch.inputIds[i * 9 + place] = MASK;
});

const asked: ReadoutSpec = { kind: "prompt", labelIds: [3, 8, 0], maskId: MASK };
const cases: { name: string; config: Record<string, unknown>; spec: ReadoutSpec; own?: string }[] = [
  {
    name: "RoBERTa's classifier",
    config: { ...robertaConfig, architectures: ["RobertaForSequenceClassification"] },
    spec: { kind: "checkpoint" },
    own: "classifier.out_proj.weight",
  },
  {
    name: "DistilBERT's words at the mask",
    config: { ...distilbertConfig, architectures: ["DistilBertForMaskedLM"] },
    spec: asked,
    own: "vocab_transform.weight",
  },
  {
    name: "DistilBERT's words, untied",
    config: { ...distilbertConfig, architectures: ["DistilBertForMaskedLM"], tie_word_embeddings: false },
    spec: asked,
    own: "vocab_projector.weight",
  },
  {
    name: "BERT's words, untied",
    config: { ...bertConfig, architectures: ["BertForMaskedLM"], tie_word_embeddings: false },
    spec: asked,
    own: "cls.predictions.decoder.weight",
  },
  {
    name: "RoBERTa's words, untied",
    config: { ...robertaConfig, architectures: ["RobertaForMaskedLM"], tie_word_embeddings: false },
    spec: asked,
    own: "lm_head.decoder.weight",
  },
];

/** Every tensor moved by `step` times its direction. */
function movedBy(recipe: WholeRecipe, directions: Record<string, Float64Array>, step: number): WholeRecipe {
  const tensors = Object.fromEntries(
    Object.entries(recipe.tensors).map(([name, tensor]) => {
      const values = new Float64Array(tensor.bytes.slice().buffer);
      const data = values.map((value, j) => value + step * directions[name][j]);
      return [name, { ...tensor, bytes: new Uint8Array(data.buffer) }];
    }),
  );
  return { ...recipe, tensors };
}

describe.each(cases)("$name", ({ config, spec, own }) => {
  const recipe = recipeOf(config);
  const tangent = modelFromRecipe(recipe, createReferenceBackend()).readout(spec);
  const v = Object.fromEntries(
    Object.entries(recipe.tensors).map(([name, { bytes }], k) => [
      name,
      randomArray(bytes.length / 8, 20 + k),
    ]),
  );

  it("jvp is the derivative of f, vjp its transpose", async () => {
    const f = (step: number) =>
      modelFromRecipe(movedBy(recipe, v, step), createReferenceBackend())
        .readout(spec)
        .forward(batch);
    const h = 1e-5;
    const [plus, minus] = [await f(h), await f(-h)];
    const moved = await tangent.jvp(batch, v);
    const slope = Float64Array.from(plus.data, (value, i) => (value - minus.data[i]) / (2 * h));
    expect(relativeError(moved.data, slope)).toBeLessThan(1e-7);

    const u = randomArray(moved.data.length, 9);
    const gradients = await tangent.vjp(batch, { data: u, shape: moved.shape });
    const along = Object.entries(gradients).reduce((sum, [name, g]) => sum + dot(g, v[name]), 0);
    expect(along / dot(u, moved.data)).toBeCloseTo(1, 10);
    expect(Math.max(...gradients[own!].map(Math.abs))).toBeGreaterThan(0);
  });
});

describe("the mask token", () => {
  const model = modelFromRecipe(
    recipeOf({ ...bertConfig, architectures: ["BertForMaskedLM"] }),
    createReferenceBackend(),
  );

  it("says where to read, as `at` does, and as the logits stand there", async () => {
    const byMask = await model.readout(asked).forward(batch);
    const byPlace = await model.readout({ kind: "prompt", labelIds: [3, 8, 0], at }).forward(batch);
    expect(byMask.data).toEqual(byPlace.data);
    const { logits } = await model.forward(batch);
    const [T, V] = logits!.shape.slice(1);
    const there = at.flatMap((place, i) => [3, 8, 0].map((word) => logits!.data[(i * T + place) * V + word]));
    expect(relativeError(byMask.data, there)).toBeLessThan(1e-13);
  });

  it("must be in every text, once", async () => {
    const readout = model.readout(asked);
    const without = { ...batch, inputIds: batch.inputIds.map((id, j) => (j === 9 + 1 ? 0 : id)) };
    await expect(readout.forward(without)).rejects.toThrow(
      /text 1: expected exactly one mask token \(id 12\), got 0/,
    );
    const twice = { ...batch, inputIds: batch.inputIds.map((id, j) => (j === 9 ? MASK : id)) };
    await expect(readout.forward(twice)).rejects.toThrow(/text 1: .* got 2 in 2 tokens/);
    expect(() => model.readout({ kind: "prompt", labelIds: [3] })).toThrow(CallError);
    expect(() => model.readout({ kind: "checkpoint" })).toThrow(/one this model has: head, prompt/);
  });
});

describe("config.json of an encoder names the field that is", () => {
  it.each([
    [
      "missing",
      { ...bertConfig, hidden_size: undefined },
      /hidden_size: expected a positive integer, got nothing/,
    ],
    ["missing", { ...bertConfig, num_hidden_layers: null }, /num_hidden_layers/],
    ["missing", { ...distilbertConfig, dim: undefined }, /dim: expected a positive integer/],
    ["missing", { ...distilbertConfig, n_heads: undefined }, /n_heads/],
    [
      "absurd",
      { ...bertConfig, num_attention_heads: 3 },
      /hidden_size: expected a multiple of num_attention_heads 3/,
    ],
    ["absurd", { ...distilbertConfig, n_heads: 5 }, /dim: expected a multiple of n_heads 5/],
    ["absurd", { ...bertConfig, intermediate_size: -12 }, /intermediate_size/],
    ["absurd", { ...bertConfig, vocab_size: 1.5 }, /vocab_size/],
    ["absurd", { ...bertConfig, type_vocab_size: 0 }, /type_vocab_size/],
    ["absurd", { ...bertConfig, layer_norm_eps: -1 }, /layer_norm_eps/],
    ["absurd", { ...bertConfig, hidden_act: "swish7" }, /hidden_act.*"gelu"/],
    ["absurd", { ...distilbertConfig, activation: "tanh" }, /activation.*"gelu"/],
    ["absurd", { ...bertConfig, tie_word_embeddings: "yes" }, /tie_word_embeddings: expected true or false/],
    ["absurd", { ...bertConfig, position_embedding_type: "relative_key" }, /position_embedding_type/],
    ["absurd", { ...bertConfig, is_decoder: true }, /is_decoder/],
    ["absurd", { ...robertaConfig, pad_token_id: -1 }, /pad_token_id/],
    [
      "absurd",
      { ...robertaConfig, max_position_embeddings: 2 },
      /max_position_embeddings: expected more than 2/,
    ],
  ])("%s: %j", (_, config, said) => {
    const read = () => tables[config.model_type as Name].tensorTable(config);
    expect(read).toThrow(DataError);
    expect(read).toThrow(said);
  });
});
