/** Adapters and models that do not belong together: each refused by name, and nothing left on the backend. */
import { describe, expect, it } from "vitest";
import { CallError, DataError } from "../../src/errors.ts";
import { createAdapter, loadModel, modelFromRecipe, parameterFilter } from "../../src/model/index.ts";
import type { Adapter, ModelRecipe } from "../../src/model/types.ts";
import { createReferenceBackend } from "../../src/numerics/reference/backend.ts";
import { floatsOf, randomizedAdapter } from "../support/adapters.ts";
import { randomBatch, tinyRecipe } from "../support/tinyGptNeo.ts";

const recipe = tinyRecipe();
const plain = await loadModel(recipe, { backend: "reference" });
const fresh = (): Adapter => structuredClone(createAdapter(plain, { r: 2 }));
const q0 = "base_model.model.transformer.h.0.attn.attention.q_proj.lora_A.weight";

function expectRefused(adapter: Adapter, message: RegExp, base: ModelRecipe = recipe): void {
  const backend = createReferenceBackend();
  expect(() => modelFromRecipe({ ...base, adapter }, backend)).toThrow(DataError);
  expect(() => modelFromRecipe({ ...base, adapter }, backend)).toThrow(message);
  expect(backend.memory().tensors).toBe(0);
}

/** The same with other entries of adapter_config.json. */
const withConfig = (changes: Record<string, unknown>, adapter = fresh()): Adapter => ({
  ...adapter,
  config: { ...adapter.config, ...changes },
});

/** The same with tensors renamed; a name that becomes "" is left out. */
const renamed = (name: (old: string) => string, adapter = fresh()): Adapter => ({
  ...adapter,
  tensors: Object.fromEntries(
    Object.entries(adapter.tensors).flatMap(([old, tensor]) => (name(old) ? [[name(old), tensor]] : [])),
  ),
});

describe("an adapter is refused", () => {
  it.each(["IA3", "ADALORA", "LOHA", undefined])("of kind %s", (peft_type) => {
    expectRefused(withConfig({ peft_type }), new RegExp(`peft_type.*LORA.*got.*${peft_type ?? "nothing"}`));
  });

  it.each([
    ["use_dora", true],
    ["lora_bias", true],
    ["layer_replication", [[0, 1]]],
    ["target_parameters", ["w"]],
    ["init_lora_weights", "pissa_niter_4"],
    ["r", 0],
    ["r", 1.5],
    ["lora_alpha", -1],
    ["bias", "some"],
    ["target_modules", []],
    ["target_modules", 3],
    ["target_modules", "(q_proj"],
    ["rank_pattern", { q_proj: 0 }],
    ["alpha_pattern", [1]],
    ["layers_to_transform", ["first"]],
  ])("with %s %j", (key, value) => {
    expectRefused(withConfig({ [key]: value }), new RegExp(`adapter_config.json, ${key}`));
  });

  it("that lacks tensors, all of them named", () => {
    const some = renamed((name) =>
      /h\.0\.attn\.attention\.q_proj.*lora_A|h\.1.*v_proj/.test(name) ? "" : name,
    );
    expectRefused(
      some,
      /h\.0\.attn\.attention\.q_proj\.lora_A\.weight, .*h\.1\..*v_proj\.lora_A.*h\.1.*v_proj\.lora_B/,
    );
  });

  it("with a factor of another shape or rank, or that is not finite", () => {
    const wrong = fresh();
    wrong.tensors[q0] = { ...wrong.tensors[q0], shape: [8, 2] };
    expectRefused(
      wrong,
      /h\.0\.attn\.attention\.q_proj\.lora_A\.weight: expected shape \[2, 8\], got \[8, 2\]/,
    );
    expectRefused(withConfig({ r: 3 }), /expected shape \[3, 8\], got \[2, 8\]/);
    const infinite = fresh();
    new DataView(infinite.tensors[q0].bytes.buffer).setFloat32(12, Infinity, true);
    expectRefused(infinite, /lora_A.weight: expected finite numbers, got Infinity at index 3/);
  });

  it("of another model: layers it has not, targets it has not", () => {
    expectRefused(
      renamed((name) => name.replace("h.1.", "h.7.")),
      /layers this model has, got .*h\.7\./,
    );
    expectRefused(
      withConfig({ target_modules: ["query"] }, { config: fresh().config, tensors: {} }),
      /q_proj, k_proj/,
    );
    expectRefused(withConfig({ target_modules: ["q_proj"] }), /also .*v_proj/);
  });

  it("on embeddings, norms and output words", () => {
    for (const target of ["wte", "ln_1"]) {
      expectRefused(
        withConfig({ target_modules: ["q_proj", "v_proj", target] }),
        new RegExp(`linear layers only, got .*${target}`),
      );
    }
    const untied = tinyRecipe({ tie_word_embeddings: false });
    expectRefused(
      withConfig({ target_modules: ["q_proj", "v_proj", "lm_head"] }),
      /lm_head \(output words\)/,
      untied,
    );
    expectRefused(
      renamed((name) => name.replace(/h\.0\..*q_proj\.lora_A\.weight/, "wte.lora_embedding_A")),
      /of linear layers, got .*lora_embedding_A/,
    );
  });

  it("with tensors that are neither factors nor allowed, or have no place", () => {
    expectRefused(
      renamed((name) => name.replace("base_model.model.", "")),
      /begins with base_model.model./,
    );
    const extra = (name: string, shape: number[]): Adapter => {
      const adapter = fresh();
      const size = shape.reduce((a, b) => a * b);
      adapter.tensors[`base_model.model.${name}`] = { dtype: "F32", shape, bytes: new Uint8Array(4 * size) };
      return adapter;
    };
    expectRefused(extra("transformer.ln_f.bias", [8]), /bias and modules_to_save.*ln_f\.bias/);
    expectRefused(
      withConfig({ modules_to_save: ["gate"] }, extra("gate.weight", [3])),
      /has a place for, got gate\.weight/,
    );
    expectRefused(
      withConfig({ bias: "all" }, extra("transformer.ln_f.bias", [9])),
      /ln_f\.bias.*shape \[8\]/,
    );
  });

  it("where it is no source at all", async () => {
    for (const adapter of [null, 3]) {
      await expect(loadModel(recipe, { backend: "reference", adapter: adapter as never })).rejects.toThrow(
        CallError,
      );
    }
  });
});

describe("an adapter", () => {
  const batch = randomBatch([3, 8, 1]);
  const hidden = async (adapter: Adapter, base = recipe) => {
    const model = await loadModel(base, { backend: "reference", adapter });
    return (await model.forward(batch)).hidden.data;
  };

  it("brings biases and whole modules, which count as its parameters", async () => {
    const adapter = withConfig({ bias: "all", modules_to_save: ["score"] });
    const put = (name: string, shape: number[], value: number) => {
      const data = new Float32Array(shape.reduce((a, b) => a * b)).fill(value);
      adapter.tensors[`base_model.model.${name}`] = {
        dtype: "F32",
        shape,
        bytes: new Uint8Array(data.buffer),
      };
    };
    put("transformer.h.0.mlp.c_fc.bias", [12], 0.25);
    put("score.weight", [3, 8], 0.5);
    const model = await loadModel(recipe, { backend: "reference", adapter });
    expect(model.classifierOutputs).toBe(3);
    const own = model.parameters.filter(parameterFilter("lora")).map(({ name }) => name);
    expect(own).toContain("transformer.h.0.mlp.c_fc.bias");
    expect(own).toContain("score.weight");
    expect(own).toHaveLength(2 + 8);
    const tensors = { ...recipe.tensors };
    tensors["transformer.h.0.mlp.c_fc.bias"] =
      adapter.tensors["base_model.model.transformer.h.0.mlp.c_fc.bias"];
    const base = await loadModel({ ...recipe, tensors }, { backend: "reference" });
    expect((await model.forward(batch)).hidden).toEqual((await base.forward(batch)).hidden);
  });

  it("stays beside weights that are lent a layer at a time, to the same bits", async () => {
    const adapter = randomizedAdapter(fresh());
    const f = await Promise.all(
      (["resident", "layered"] as const).map(async (weights) => {
        const model = await loadModel(recipe, { backend: "wasm", adapter, weights });
        const tangent = model.readout({ kind: "prompt", labelIds: [1, 5] });
        const u = { data: Float64Array.from({ length: 6 }, (_, i) => i - 2), shape: [3, 2] };
        const made = { f: await tangent.forward(batch), gradients: await tangent.vjp(batch, u) };
        expect(tangent.recipe.model.mode ?? "resident").toBe(weights);
        model.dispose();
        return made;
      }),
    );
    expect(f[1]).toEqual(f[0]);
  });

  it("of the bare model fits one with a prefix, and the other way round", async () => {
    const adapter = randomizedAdapter(fresh());
    const bare = renamed((name) => name.replace("transformer.", ""), adapter);
    expect(await hidden(bare)).toEqual(await hidden(adapter));
    const tensors = Object.fromEntries(
      Object.entries(recipe.tensors).map(([name, tensor]) => [name.replace("transformer.", ""), tensor]),
    );
    expect(await hidden(adapter, { ...recipe, tensors })).toEqual(await hidden(adapter));
  });

  it("scales by α/r, α/√r, and by pattern", async () => {
    const adapter = randomizedAdapter(fresh()); // r = α = 2
    const scaled = (factor: number, which = /lora_B/): Adapter => ({
      ...adapter,
      tensors: Object.fromEntries(
        Object.entries(adapter.tensors).map(([name, tensor]) => {
          const data = floatsOf(tensor).map((value) => (which.test(name) ? factor * value : value));
          return [name, { ...tensor, bytes: new Uint8Array(data.buffer) }];
        }),
      ),
    });
    const close = async (config: Record<string, unknown>, expected: Adapter) => {
      const [a, b] = [await hidden(withConfig(config, adapter)), await hidden(expected)];
      for (const [i, value] of a.entries()) expect(value).toBeCloseTo(b[i], 12);
    };
    await close({ lora_alpha: 6 }, scaled(3));
    await close({ use_rslora: true }, scaled(Math.SQRT2));
    await close({ alpha_pattern: { "h.1.attn.attention.q_proj": 4 } }, scaled(2, /h\.1\..*q_proj.*lora_B/));
    await close({ alpha_pattern: { "[qv]_proj": 4 } }, scaled(2));
    await close({ alpha_pattern: { proj: 4 } }, adapter);
  });

  it("names its layers by list, expression, number and exception", async () => {
    const found = (config: Record<string, unknown>, name: (old: string) => string = (old) => old) =>
      hidden(withConfig(config, renamed(name, randomizedAdapter(fresh()))));
    const only0 = (name: string) => (name.includes("h.0.") ? name : "");
    const zero = await found({ layers_to_transform: [0] }, only0);
    for (const config of [
      { layers_to_transform: 0, layers_pattern: "h" },
      { target_modules: ".*\\.0\\..*[qv]_proj" },
      { target_modules: ["h.0.attn.attention.q_proj", "transformer.h.0.attn.attention.v_proj"] },
      { exclude_modules: ".*h\\.1\\..*" },
    ]) {
      expect(await found(config, only0), JSON.stringify(config)).toEqual(zero);
    }
  });
});
