import { describe, expect, it } from "vitest";
import { CallError } from "../../src/errors.ts";
import { createAdapter, loadModel } from "../../src/model/index.ts";
import { floatsOf } from "../support/adapters.ts";
import { tinyRecipe } from "../support/tinyGptNeo.ts";

const model = await loadModel(tinyRecipe({ architectures: ["GPTNeoForCausalLM"] }), { backend: "reference" });

describe("createAdapter", () => {
  it("B = 0 and A as PEFT starts it: uniform within 1/√in, or Gaussian of 1/r; the same for the same seed", () => {
    const uniform = createAdapter(model, { r: 64, targetModules: "all-linear", seed: 3 });
    const gaussian = createAdapter(model, { r: 64, targetModules: "all-linear", seed: 3, init: "gaussian" });
    for (const [name, tensor] of Object.entries(uniform.tensors)) {
      const data = floatsOf(tensor);
      if (name.includes("lora_B")) {
        expect(data.every((value) => value === 0)).toBe(true);
        continue;
      }
      const bound = 1 / Math.sqrt(tensor.shape[1]);
      expect(data.reduce((a, x) => Math.max(a, Math.abs(x)), 0)).toBeLessThanOrEqual(bound);
      // Five standard deviations of the mean square of so many numbers.
      const slack = 5 / Math.sqrt(data.length);
      const meanSquare = data.reduce((sum, x) => sum + x * x, 0) / data.length;
      expect(Math.abs((3 * meanSquare) / bound ** 2 - 1)).toBeLessThan(slack);
      const normal = floatsOf(gaussian.tensors[name]);
      const variance = normal.reduce((sum, x) => sum + x * x, 0) / normal.length;
      expect(Math.abs(variance * 64 ** 2 - 1)).toBeLessThan(1.5 * slack);
    }
    expect(createAdapter(model, { r: 64, targetModules: "all-linear", seed: 3 })).toEqual(uniform);
    expect(createAdapter(model, { r: 64, targetModules: "all-linear", seed: 4 })).not.toEqual(uniform);
  });

  it("queries and values unless told otherwise; what PEFT needs to read it", () => {
    const { config, tensors } = createAdapter(model);
    expect(config).toMatchObject({ peft_type: "LORA", r: 8, lora_alpha: 8, fan_in_fan_out: false });
    expect(Object.keys(tensors)).toHaveLength(2 * 2 * 2);
    expect(tensors["base_model.model.transformer.h.1.attn.attention.v_proj.lora_B.weight"].shape).toEqual([
      8, 8,
    ]);
    const named = createAdapter(model, {
      targetModules: "transformer\\.h\\.0\\.mlp\\.c_(fc|proj)",
      r: 1,
      alpha: 3,
    });
    expect(Object.keys(named.tensors)).toHaveLength(4);
    expect(named.config).toMatchObject({ r: 1, lora_alpha: 3 });
  });

  it("follows the class of config.json where the checkpoint's names have no prefix", async () => {
    const recipe = tinyRecipe({ architectures: ["GPTNeoForCausalLM"] });
    const bare = Object.entries(recipe.tensors).map(([name, tensor]) => [
      name.replace("transformer.", ""),
      tensor,
    ]);
    const load = (config: object) =>
      loadModel(
        { config: { ...recipe.config, ...config }, tensors: Object.fromEntries(bare) },
        { backend: "reference" },
      );
    expect(createAdapter(await load({}))).toEqual(createAdapter(model));
    const names = Object.keys(createAdapter(await load({ architectures: ["GPTNeoModel"] })).tensors);
    expect(names[0]).toMatch(/^base_model\.model\.h\.0\./);
  });

  it.each([
    [{ r: 0 }, /rank r.*got 0/],
    [{ r: 2.5 }, /rank r/],
    [{ alpha: 0 }, /alpha/],
    [{ init: "ones" as never }, /kaiming or gaussian/],
    [{ targetModules: ["q_proj", "query"] }, /q_proj, k_proj, v_proj.*got query/],
    [{ targetModules: ["wte"] }, /linear layers only, got .*wte \(embedding\)/],
    [{ targetModules: ["ln_1"] }, /ln_1 \(norm\)/],
    [{ targetModules: "(" }, /LoRA targets/],
    [{ targetModules: [] }, /LoRA targets/],
    [{ targetModules: ".*query" }, /got ".\*query"/],
  ])("refuses %j", (options, message) => {
    expect(() => createAdapter(model, options)).toThrow(CallError);
    expect(() => createAdapter(model, options)).toThrow(message);
  });
});
