import { describe, expect, it } from "vitest";
import { DataError } from "../../src/errors.ts";
import { tensorTable } from "../../src/model/gptNeo.ts";
import { modelFromRecipe, parametersByGroup } from "../../src/model/index.ts";
import { createReferenceBackend } from "../../src/numerics/reference/backend.ts";
import { randomBatch, tinyConfig, tinyRecipe } from "../support/tinyGptNeo.ts";

const shapeOf = (config: Record<string, unknown>, name: string) =>
  tensorTable(config).entries.find((entry) => entry.name === name)?.shape;

describe("config.json of GPT-Neo", () => {
  it("intermediate_size null means four times the width", () => {
    expect(shapeOf({ ...tinyConfig, intermediate_size: null }, "h.0.mlp.c_fc.weight")).toEqual([32, 8]);
    expect(shapeOf(tinyConfig, "h.0.mlp.c_fc.weight")).toEqual([12, 8]);
  });

  it("attention_types and attention_layers say the same", async () => {
    const batch = randomBatch([9, 6]);
    const hidden = async (changes: Record<string, unknown>) =>
      (await modelFromRecipe(tinyRecipe(changes), createReferenceBackend()).forward(batch)).hidden.data;
    const alternating = await hidden({});
    expect(await hidden({ attention_types: undefined, attention_layers: ["global", "local"] })).toEqual(
      alternating,
    );
    expect(
      await hidden({
        attention_types: [
          [["global"], 1],
          [["local"], 1],
        ],
      }),
    ).toEqual(alternating);
    expect(await hidden({ attention_types: [[["global"], 2]] })).not.toEqual(alternating);
    expect(await hidden({ window_size: 2 })).not.toEqual(alternating);
    expect(await hidden({ window_size: 9, attention_types: [[["local"], 2]] })).toEqual(
      await hidden({ attention_types: [[["global"], 2]] }),
    );
  });

  it.each([
    [{ hidden_size: undefined }, /hidden_size/],
    [{ num_heads: 3 }, /hidden_size.*multiple of num_heads 3/],
    [{ num_layers: 0 }, /num_layers/],
    [{ num_layers: 3 }, /attention_types.*3 layers/],
    [{ attention_types: [[["sideways"], 2]] }, /attention_types/],
    [{ attention_types: undefined }, /attention_types or attention_layers/],
    [{ activation_function: "relu" }, /activation_function.*gelu_new.*relu/],
    [{ layer_norm_epsilon: -1 }, /layer_norm_epsilon/],
    [{ tie_word_embeddings: "yes" }, /tie_word_embeddings/],
  ])("refuses %j", (changes, message) => {
    const read = () => tensorTable({ ...tinyConfig, ...changes });
    expect(read).toThrow(DataError);
    expect(read).toThrow(message);
  });
});

it("groups partition the parameters", () => {
  const { parameters } = modelFromRecipe(tinyRecipe(), createReferenceBackend());
  const groups = parametersByGroup(parameters);
  expect(
    Object.fromEntries(Object.entries(groups).map(([group, members]) => [group, members.length])),
  ).toEqual({
    embedding: 2,
    norm: 10,
    "attention.q": 2,
    "attention.k": 2,
    "attention.v": 2,
    "attention.o": 4,
    mlp: 8,
  });
  expect(Object.values(groups).flat().length).toBe(parameters.length);
});
