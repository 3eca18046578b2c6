import { describe, expect, it } from "vitest";
import { DataError } from "../../src/errors.ts";
import { modelFromRecipe } from "../../src/model/index.ts";
import type { ModelRecipe } from "../../src/model/types.ts";
import { createReferenceBackend } from "../../src/numerics/reference/backend.ts";
import { randomBatch, tinyRecipe } from "../support/tinyGptNeo.ts";

const batch = randomBatch([4, 2]);
const hiddenOf = async (recipe: ModelRecipe) =>
  (await modelFromRecipe(recipe, createReferenceBackend()).forward(batch)).hidden.data;

function failure(recipe: ModelRecipe): Error {
  const backend = createReferenceBackend();
  try {
    modelFromRecipe(recipe, backend);
  } catch (error) {
    expect(error).toBeInstanceOf(DataError);
    expect(backend.memory().tensors).toBe(0);
    return error as Error;
  }
  throw new Error("expected an error");
}

const tensor = (data: Float64Array, shape: number[]) => ({
  dtype: "F64" as const,
  shape,
  bytes: new Uint8Array(data.buffer),
});

describe("weights of a checkpoint", () => {
  it("are found with and without the prefix, and keep the checkpoint's names", async () => {
    const recipe = tinyRecipe();
    const bare = {
      ...recipe,
      tensors: Object.fromEntries(
        Object.entries(recipe.tensors).map(([name, value]) => [name.replace("transformer.", ""), value]),
      ),
    };
    expect(await hiddenOf(bare)).toEqual(await hiddenOf(recipe));
    const names = (of: ModelRecipe) =>
      modelFromRecipe(of, createReferenceBackend()).parameters.map((p) => p.name);
    expect(new Set(names(recipe))).toEqual(new Set(Object.keys(recipe.tensors)));
    expect(new Set(names(bare))).toEqual(new Set(Object.keys(bare.tensors)));
  });

  it("may come with buffers and a tied head, which are not read, and a classifier, which is", async () => {
    const recipe = tinyRecipe();
    const { tensors } = recipe;
    const extra = {
      "transformer.h.0.attn.attention.bias": tensor(new Float64Array(100), [1, 1, 10, 10]),
      "transformer.h.1.attn.attention.masked_bias": tensor(new Float64Array(1), []),
      "lm_head.weight": tensors["transformer.wte.weight"],
      "score.weight": tensor(new Float64Array(16), [2, 8]),
    };
    const more = { ...recipe, tensors: { ...tensors, ...extra } };
    expect(await hiddenOf(more)).toEqual(await hiddenOf(recipe));
    const { parameters } = modelFromRecipe(more, createReferenceBackend());
    expect(parameters.slice(0, -1)).toHaveLength(Object.keys(tensors).length);
    expect(parameters.at(-1)).toEqual({ name: "score.weight", shape: [2, 8], group: "head" });
  });

  it("an untied head is a parameter of its own", () => {
    const model = modelFromRecipe(tinyRecipe({ tie_word_embeddings: false }), createReferenceBackend());
    expect(model.parameters.at(-1)).toEqual({ name: "lm_head.weight", shape: [13, 8], group: "head" });
  });

  it("all that are missing are named at once", () => {
    const recipe = tinyRecipe();
    delete recipe.tensors["transformer.h.1.mlp.c_fc.bias"];
    delete recipe.tensors["transformer.ln_f.weight"];
    const { message } = failure(recipe);
    expect(message).toContain("h.1.mlp.c_fc.bias");
    expect(message).toContain("ln_f.weight");
  });

  it("a layer more than config.json says is refused", () => {
    const { message } = failure({
      ...tinyRecipe(),
      config: tinyRecipe({ num_layers: 1, attention_types: [[["global"], 1]] }).config,
    });
    expect(message).toContain("transformer.h.1.ln_1.weight");
  });

  it("a wrong shape is named with what was expected and found", () => {
    const recipe = tinyRecipe();
    recipe.tensors["transformer.wpe.weight"] = tensor(new Float64Array(72), [9, 8]);
    const { message } = failure(recipe);
    expect(message).toContain("transformer.wpe.weight: expected shape [10, 8], got [9, 8]");
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])("%s is named with its place", (value) => {
    const recipe = tinyRecipe();
    const data = new Float64Array(8).fill(1);
    data[5] = value;
    recipe.tensors["transformer.h.0.ln_2.weight"] = tensor(data, [8]);
    const { message } = failure(recipe);
    expect(message).toContain("transformer.h.0.ln_2.weight");
    expect(message).toContain(`${value} at index 5`);
  });
});
