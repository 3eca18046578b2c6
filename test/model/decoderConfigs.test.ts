/** What decoders read of config.json: refusals that name the key, rules of the rotary embedding, names of tensors. */
import { describe, expect, it } from "vitest";
import { DataError } from "../../src/errors.ts";
import * as gpt2 from "../../src/model/gpt2.ts";
import { llama, mistral, qwen2 } from "../../src/model/llama.ts";
import { modelFromRecipe } from "../../src/model/model.ts";
import { ropeFrequencies } from "../../src/model/rope.ts";
import type { ModelRecipe } from "../../src/model/types.ts";
import type { TensorTable } from "../../src/model/weights.ts";
import { sizeOf } from "../../src/numerics/array.ts";
import { createReferenceBackend } from "../../src/numerics/reference/backend.ts";
import { randomRecipe } from "../support/randomRecipe.ts";
import { randomBatch } from "../support/tinyGptNeo.ts";

const gpt2Config = { model_type: "gpt2", n_embd: 8, n_layer: 2, n_head: 2, n_positions: 10, vocab_size: 13 };
const llamaConfig = {
  model_type: "llama",
  hidden_size: 8,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  intermediate_size: 12,
  max_position_embeddings: 10,
  vocab_size: 13,
};

async function hidden(
  config: Record<string, unknown>,
  architecture: { tensorTable(c: typeof config): TensorTable },
) {
  const backend = createReferenceBackend();
  const model = modelFromRecipe(randomRecipe(config, architecture.tensorTable(config)), backend);
  const { data } = (await model.forward(randomBatch([9, 6]), { logits: false })).hidden;
  backend.dispose();
  return data;
}

describe("refuses", () => {
  it.each([
    [{ n_embd: undefined }, /n_embd/],
    [{ n_head: 3 }, /n_embd.*multiple of n_head 3/],
    [{ n_layer: 0 }, /n_layer/],
    [{ n_positions: 1.5 }, /n_positions/],
    [{ activation_function: "softplus" }, /activation_function.*gelu_new.*softplus/],
    [{ add_cross_attention: true }, /add_cross_attention/],
    [{ scale_attn_weights: "no" }, /scale_attn_weights/],
  ])("gpt2 with %j", (changes, message) => {
    const read = () => gpt2.tensorTable({ ...gpt2Config, ...changes });
    expect(read).toThrow(DataError);
    expect(read).toThrow(message);
  });

  it.each([
    [{ hidden_size: "wide" }, /hidden_size/],
    [{ num_key_value_heads: 3 }, /num_attention_heads.*multiple of num_key_value_heads 3/],
    [{ head_dim: 5 }, /head_dim.*even/],
    [{ num_attention_heads: 3, num_key_value_heads: 3 }, /head_dim/],
    [{ hidden_act: "mish" }, /hidden_act.*silu.*mish/],
    [{ rms_norm_eps: 0 }, /rms_norm_eps/],
    [{ rope_theta: -1 }, /rope_theta/],
    [{ rope_scaling: { type: "dynamic", factor: 2 } }, /rope_type.*default.*linear.*llama3.*dynamic/],
    [{ rope_parameters: { rope_type: "yarn" } }, /rope_type.*yarn/],
    [{ rope_scaling: { rope_type: "linear" } }, /factor/],
    [{ rope_scaling: [2] }, /rope_scaling/],
    [{ partial_rotary_factor: 0.5 }, /partial_rotary_factor/],
  ])("llama with %j", (changes, message) => {
    const read = () => llama.tensorTable({ ...llamaConfig, ...changes });
    expect(read).toThrow(DataError);
    expect(read).toThrow(message);
  });
});

describe("frequencies of the rotary embedding", () => {
  it("default, linear, and both spellings", () => {
    const base = ropeFrequencies({ rope_theta: 100 }, 4);
    expect([...base]).toEqual([1, 0.1]);
    expect(ropeFrequencies({ rope_parameters: { rope_type: "default", rope_theta: 100 } }, 4)).toEqual(base);
    expect([...ropeFrequencies({ rope_theta: 100, rope_scaling: { type: "linear", factor: 4 } }, 4)]).toEqual(
      [0.25, 0.1 / 4],
    );
    expect([...ropeFrequencies({}, 4)]).toEqual([1, 10000 ** -0.5]);
  });

  it("llama3: kept, divided, and joined without a step between", () => {
    const frequency = (theta: number) => {
      // e = 4: the second frequency is base^(−1/2)
      const rope_scaling = {
        rope_type: "llama3",
        factor: 8,
        low_freq_factor: 1,
        high_freq_factor: 4,
        original_max_position_embeddings: 64,
      };
      return ropeFrequencies({ rope_theta: theta ** -2, rope_scaling }, 4)[1];
    };
    const [low, high] = [(2 * Math.PI) / 64, (8 * Math.PI) / 64]; // one turn in 64 positions, and four
    expect(frequency(0.5)).toBeCloseTo(0.5, 14);
    expect(frequency(0.05)).toBeCloseTo(0.05 / 8, 14);
    expect(frequency(high * 0.999999)).toBeCloseTo(high, 5);
    expect(frequency(low * 1.000001)).toBeCloseTo(low / 8, 5);
    expect(frequency((low + high) / 2)).toBeCloseTo((((low + high) / 2) * (1 + 1 / 8)) / 2, 14);
  });
});

describe("options that change the network", () => {
  it("GPT-2: scores divided or not, by layer too", async () => {
    const plain = await hidden(gpt2Config, gpt2);
    expect(await hidden({ ...gpt2Config, scale_attn_weights: true }, gpt2)).toEqual(plain);
    expect(await hidden({ ...gpt2Config, scale_attn_weights: false }, gpt2)).not.toEqual(plain);
    const byLayer = { ...gpt2Config, scale_attn_by_inverse_layer_idx: true };
    expect(await hidden(byLayer, gpt2)).not.toEqual(plain);
    const single = { ...gpt2Config, n_layer: 1 };
    expect(await hidden({ ...single, scale_attn_by_inverse_layer_idx: true }, gpt2)).toEqual(
      await hidden(single, gpt2),
    );
  });

  it("Mistral: a window as long as the text, or null, is none", async () => {
    const config = { ...llamaConfig, model_type: "mistral" };
    const whole = await hidden({ ...config, sliding_window: null }, mistral);
    expect(await hidden({ ...config, sliding_window: 9 }, mistral)).toEqual(whole);
    expect(await hidden({ ...config, sliding_window: 4 }, mistral)).not.toEqual(whole);
  });

  it("Qwen2: the window only where it is in use, in the layers that have it", async () => {
    const config = { ...llamaConfig, model_type: "qwen2", sliding_window: 3 };
    const whole = await hidden(config, qwen2);
    const used = { ...config, use_sliding_window: true };
    expect(await hidden({ ...used, max_window_layers: 2 }, qwen2)).toEqual(whole);
    const second = await hidden({ ...used, max_window_layers: 1 }, qwen2);
    expect(second).not.toEqual(whole);
    const types = ["full_attention", "sliding_attention"];
    expect(await hidden({ ...used, layer_types: types }, qwen2)).toEqual(second);
  });

  it("Llama: biases where config.json says so", () => {
    const biases = (changes: Record<string, unknown>) =>
      llama
        .tensorTable({ ...llamaConfig, ...changes })
        .entries.filter(({ name }) => name.startsWith("layers.0.") && name.endsWith(".bias"))
        .map(({ name }) => name.split(".")[3]);
    expect(biases({})).toEqual([]);
    expect(biases({ attention_bias: true })).toEqual(["q_proj", "k_proj", "v_proj", "o_proj"]);
    expect(biases({ mlp_bias: true })).toEqual(["gate_proj", "up_proj", "down_proj"]);
  });
});

describe("a checkpoint of GPT-2", () => {
  it("may leave out the prefix, and come with buffers", async () => {
    const recipe = randomRecipe(gpt2Config, gpt2.tensorTable(gpt2Config));
    const bare = Object.entries(recipe.tensors).map(([name, t]) => [name.replace("transformer.", ""), t]);
    const mask = { dtype: "F32" as const, shape: [1], bytes: new Uint8Array(4) };
    const tensors = { ...Object.fromEntries(bare), "h.0.attn.bias": mask, "h.1.attn.masked_bias": mask };
    const model = modelFromRecipe({ config: gpt2Config, tensors }, createReferenceBackend());
    expect(model.parameters.map(({ name }) => name)).toContain("h.1.attn.c_attn.weight[k]");
    const { data } = (await model.forward(randomBatch([9, 6]), { logits: false })).hidden;
    expect(data).toEqual(await hidden(gpt2Config, gpt2));
  });

  it("names a missing tensor once, and the shape of the whole one", () => {
    const recipe = randomRecipe(gpt2Config, gpt2.tensorTable(gpt2Config));
    const name = "transformer.h.0.attn.c_attn.weight";
    const { [name]: tensor, ...rest } = recipe.tensors;
    const load = (tensors: ModelRecipe["tensors"]) => () =>
      modelFromRecipe({ config: gpt2Config, tensors }, createReferenceBackend());
    expect(load(rest)).toThrow(/one without h\.0\.attn\.c_attn\.weight(?![[,])/);
    expect(load({ ...rest, [name]: { ...tensor, shape: [24, 8] } })).toThrow(/shape \[8, 24\]/);
  });

  it("counts every number once, as parts", () => {
    const config = gpt2Config;
    const { parameters } = modelFromRecipe(
      randomRecipe(config, gpt2.tensorTable(config)),
      createReferenceBackend(),
    );
    const stored = Object.values(randomRecipe(config, gpt2.tensorTable(config)).tensors);
    const count = (list: readonly { shape: number[] }[]) =>
      list.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
    expect(count(parameters)).toBe(count(stored));
    expect(new Set(parameters.map(({ name }) => name)).size).toBe(parameters.length);
  });
});
