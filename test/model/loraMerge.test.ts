/** What merging leaves out of the table of architectures: types of weights, and what cannot be merged. */
import { describe, expect, it } from "vitest";
import { narrow, widen } from "../../src/checkpoint/index.ts";
import { CallError, DataError } from "../../src/errors.ts";
import { createAdapter, loadModel, mergeAdapter, unmergeAdapter } from "../../src/model/index.ts";
import type { Adapter, ModelRecipe } from "../../src/model/types.ts";
import { floatsOf, randomizedAdapter } from "../support/adapters.ts";
import { tinyRecipe } from "../support/tinyGptNeo.ts";

const key = "transformer.h.0.attn.attention.q_proj";

function stored(dtype: "F16" | "BF16" | "F32"): ModelRecipe {
  const { config, tensors } = tinyRecipe();
  const entries = Object.entries(tensors).map(([name, tensor]) => [
    name,
    { ...tensor, dtype, bytes: narrow(dtype, floatsOf(tensor)) },
  ]);
  return { config, tensors: Object.fromEntries(entries) };
}

async function adapted(recipe: ModelRecipe, change: (adapter: Adapter) => Adapter = (adapter) => adapter) {
  const plain = await loadModel(recipe, { backend: "reference" });
  const adapter = change(randomizedAdapter(createAdapter(plain, { r: 2, alpha: 3 })));
  return { adapter, model: await loadModel(recipe, { backend: "reference", adapter }) };
}

describe("mergeAdapter", () => {
  it.each(["F16", "BF16", "F32"] as const)(
    "W + s·B·A rounded to %s, other tensors as they were",
    async (dtype) => {
      const recipe = stored(dtype);
      const { adapter, model } = await adapted(recipe);
      const merged = mergeAdapter(model);
      expect(Object.keys(merged)).toEqual(["config", "tensors"]);
      const W = floatsOf(recipe.tensors[`${key}.weight`]);
      const A = floatsOf(adapter.tensors[`base_model.model.${key}.lora_A.weight`]);
      const B = floatsOf(adapter.tensors[`base_model.model.${key}.lora_B.weight`]);
      const expected = W.map((w, at) => {
        const [o, i] = [Math.floor(at / 8), at % 8];
        return w + 1.5 * (B[2 * o] * A[i] + B[2 * o + 1] * A[8 + i]);
      });
      const got = merged.tensors[`${key}.weight`];
      expect(got.dtype).toBe(dtype);
      expect(floatsOf(got)).toEqual(Float64Array.from(widen(dtype, narrow(dtype, expected))));
      const untouched = "transformer.h.0.attn.attention.k_proj.weight";
      expect(merged.tensors[untouched]).toBe(recipe.tensors[untouched]);
    },
  );

  it("refuses a model without an adapter, and numbers beyond the type's range", async () => {
    const plain = await loadModel(tinyRecipe(), { backend: "reference" });
    expect(() => mergeAdapter(plain)).toThrow(CallError);
    const { model } = await adapted(stored("F16"), (adapter) => ({
      ...adapter,
      config: { ...adapter.config, lora_alpha: 1e7 },
    }));
    expect(() => mergeAdapter(model)).toThrow(DataError);
  });

  it("what the adapter brought whole is in the merged model and cannot be taken out", async () => {
    const name = "transformer.h.0.mlp.c_fc.bias";
    const { adapter, model } = await adapted(tinyRecipe(), (own) => {
      const bias = { dtype: "F32" as const, shape: [12], bytes: new Uint8Array(48) };
      return {
        config: { ...own.config, bias: "all" },
        tensors: { ...own.tensors, [`base_model.model.${name}`]: bias },
      };
    });
    const merged = await loadModel(mergeAdapter(model), { backend: "reference" });
    expect(floatsOf(merged.recipe.tensors[name])).toEqual(new Float64Array(12));
    expect(() => unmergeAdapter(merged, adapter)).toThrow(CallError);
  });
});
