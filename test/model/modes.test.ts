/**
 * Wherever the weights are, the numbers have the same bits: one table, mode × architecture, of forward, vjp, jvp and the kernel (whose
 * taps it is made of). What is on the backend meanwhile is no more than the plan says.
 */
import { mkdirSync as mkdir, mkdtempSync, rmSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { openCheckpoint, type StoredTensor, writeSafetensors } from "../../src/checkpoint/index.ts";
import { CallError, DataError } from "../../src/errors.ts";
import { tensorTable } from "../../src/model/gptNeo.ts";
import { chooseWeights, loadModel } from "../../src/model/index.ts";
import type { Model, ReadoutSpec, WeightMode } from "../../src/model/types.ts";
import { empiricalNtk } from "../../src/ntk/index.ts";
import { sizeOf } from "../../src/numerics/array.ts";
import type { Backend } from "../../src/numerics/backend.ts";
import { randomStream } from "../../src/random.ts";
import { backends } from "../support/backends.ts";
import { bitsOf } from "../support/bits.ts";
import { floatsPart, tinyLlama, writeGguf } from "../support/gguf.ts";
import { hasShared, modelFolder, referenceFolder } from "../support/shared.ts";
import { randomBatch, tinyConfig, tinyRecipe } from "../support/tinyGptNeo.ts";

const root = mkdtempSync(join(tmpdir(), "ntkit-modes-"));
afterAll(() => rmSync(root, { recursive: true }));

const modes: WeightMode[] = ["layered", "streaming"];
const architectures = [
  "gpt-neo-tiny",
  "gpt-neo-cls-tiny",
  "gpt2-tiny",
  "llama-tiny",
  "llama3-rope-tiny",
  "mistral-tiny",
  "qwen2-tiny",
  "bert-tiny",
  "bert-mlm-tiny",
  "roberta-tiny",
  "distilbert-tiny",
];

/** tinyGptNeo's recipe as a folder, in shards. */
function tinyFolder(name: string): string {
  const { tensors } = tinyRecipe();
  const folder = join(root, name);
  const shards = [0, 1].map((s) =>
    Object.fromEntries(Object.entries(tensors).filter((_, index) => index % 2 === s)),
  );
  rmSync(folder, { recursive: true, force: true });
  // biome-ignore format: one file a line
  const files: [string, string | Uint8Array][] = [
    ["config.json", JSON.stringify(tinyConfig)],
    ["model.safetensors.index.json", JSON.stringify({
      weight_map: Object.fromEntries(shards.flatMap((shard, s) => Object.keys(shard).map((name) => [name, `${s}.safetensors`]))),
    })],
    ...shards.map((shard, s): [string, Uint8Array] => [`${s}.safetensors`, writeSafetensors(shard as Record<string, StoredTensor>)]),
  ];
  mkdir(folder);
  for (const [file, content] of files) writeFileSync(join(folder, file), content);
  return folder;
}

/** All the tensors a llama of one layer has, with small numbers. */
function llamaFile(): Uint8Array {
  const { metadata } = tinyLlama();
  const { gaussian } = randomStream(4);
  const square = ["attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"];
  const shapes: [string, number[]][] = [
    ["token_embd.weight", [4, 8]],
    ["output_norm.weight", [8]],
    ...["attn_norm", "ffn_norm"].map((part): [string, number[]] => [`blk.0.${part}.weight`, [8]]),
    ...square.map((part): [string, number[]] => [`blk.0.${part}.weight`, [8, 8]]),
  ];
  const parts = shapes.map(([name, shape]) =>
    floatsPart(name, shape, Array.from({ length: sizeOf(shape) }, gaussian)),
  );
  return writeGguf(metadata, parts);
}

/** Everything a model gives, in a form that compares bit by bit. */
async function numbersOf(model: Model) {
  const batch = randomBatch([4, 7, 1], 7, 5, model.vocabularySize);
  const { gaussian } = randomStream(9);
  const random = (length: number) => Float64Array.from({ length }, gaussian);
  const specs: ReadoutSpec[] = model.readouts.map((kind): ReadoutSpec => {
    if (kind === "head") return { kind, outputs: 2, init: "gaussian", pool: "mean", seed: 1 };
    if (kind === "prompt") return { kind, labelIds: [3, 1], ...(model.masked && { at: [0, 6, 0] }) };
    return { kind };
  });
  const made: Record<string, unknown> = { forward: await model.forward(batch) };
  for (const spec of specs) {
    const tangent = model.readout(spec);
    const cotangent = { data: random(3 * tangent.outputs), shape: [3, tangent.outputs] };
    const gradients = await tangent.vjp(batch, cotangent);
    const direction = Object.fromEntries(
      Object.entries(gradients).map(([name, { length }]) => [name, random(length)]),
    );
    const { data, groups, f0 } = await empiricalNtk(tangent, batch, null, { workers: 1, byGroup: true });
    made[spec.kind] = { gradients, jvp: await tangent.jvp(batch, direction), data, groups, f0 };
  }
  return bitsOf(made);
}

describe.each(backends)("on $name", ({ name: backendName, create }) => {
  let own: Backend[] = [];
  const fresh = () => {
    const backend = create();
    own.push(backend);
    return backend;
  };
  afterEach(() => {
    for (const backend of own) backend.dispose();
    own = [];
  });

  async function compare(source: string | Record<string, Blob>) {
    const resident = await loadModel(source, { backend: fresh() });
    expect(resident.plan.mode).toBe("resident");
    const expected = await numbersOf(resident);
    for (const weights of modes) {
      const backend = fresh();
      const model = await loadModel(source, { backend, weights });
      expect(model.plan.mode).toBe(weights);
      expect(backend.memory().tensors).toBe(0);
      expect(await numbersOf(model), weights).toEqual(expected);
      model.dispose();
      expect(backend.memory().tensors).toBe(0);
    }
  }

  // The float64 backend is slow: there, one of each kind.
  const some = backendName === "wasm" ? architectures : ["gpt-neo-tiny", "gpt2-tiny", "bert-mlm-tiny"];
  it.skipIf(!hasShared).each(some)("%s has the same bits in every mode", (name) =>
    compare(referenceFolder(name)),
  );

  it("so have shards, and files that are Blobs", async () => {
    const folder = tinyFolder(`shards-${backendName}`);
    await compare(folder);
    const { openAsBlob } = await import("node:fs");
    const names = ["config.json", "model.safetensors.index.json", "0.safetensors", "1.safetensors"];
    const blobs = await Promise.all(names.map(async (name) => [name, await openAsBlob(join(folder, name))]));
    await compare(Object.fromEntries(blobs));
  });

  it("so has a GGUF file, whose rows have to be put in order", async () => {
    const path = join(root, `${backendName}.gguf`);
    writeFileSync(path, llamaFile());
    await compare(path);
  });

  // As above: the float64 backend is slow.
  if (backendName === "wasm") {
    it.skipIf(!hasShared)(
      "nano-gpt-neo: the kernel of two texts, and logits by panels of words",
      async () => {
        const batch = randomBatch([5, 3], 5, 2, 1000);
        const spec: ReadoutSpec = { kind: "prompt", labelIds: [10, 20] };
        const of = async (weights?: WeightMode) => {
          const model = await loadModel(modelFolder("nano-gpt-neo"), { backend: fresh(), weights });
          const { data } = await empiricalNtk(model.readout(spec), batch, null, { workers: 1 });
          return bitsOf({ data, ...(await model.forward(batch)) });
        };
        const expected = await of();
        for (const weights of modes) expect(await of(weights)).toEqual(expected);
      },
    );
  }
});

describe("what is in memory", () => {
  const folder = tinyFolder("memory");
  const batch = randomBatch([2]);

  it("on the backend is one stage at a time, as planned", async () => {
    const [{ create }] = backends;
    const resident = await loadModel(folder, { backend: create() });
    const used: Record<string, number> = {};
    for (const weights of modes) {
      const backend = create();
      const model = await loadModel(folder, { backend, weights });
      const tangent = model.readout({ kind: "head", outputs: 1, init: "gaussian", pool: "mean" });
      const { plan } = model;
      expect(plan.onBackend).toBeLessThan(resident.plan.onBackend / 2);
      // Beside the weights: what one stage makes of two positions, 2 × (some 30 vectors of 8 and 12).
      const work = 8 * 2 * 30 * 12;
      await tangent.forward(batch);
      await tangent.vjp(batch, { data: Float64Array.of(1), shape: [1, 1] });
      await empiricalNtk(tangent, batch, null, { workers: 1 });
      used[weights] = backend.memory().peakBytes;
      expect(used[weights]).toBeGreaterThan(plan.onBackend);
      expect(used[weights]).toBeLessThan(plan.onBackend + work);
      expect(used[weights]).toBeLessThan(resident.plan.onBackend);
      expect(plan.readPerPass > 0).toBe(weights === "streaming");
    }
  });

  it("is what the mode is chosen by", async () => {
    const { config, tensors } = await openCheckpoint(folder, { inPlace: true });
    const choose = (memory: number) => chooseWeights({ config, tensors }, { memory }, "reference");
    const plans = modes.map((weights) => chooseWeights({ config, tensors }, { weights }, "reference"));
    const resident = chooseWeights({ config, tensors }, {}, "reference");
    expect(resident.mode).toBe("resident");
    for (const plan of [resident, ...plans]) {
      expect(choose((plan.inMemory * 4) / 3 + 1)).toEqual(plan);
      expect(() => expect(choose((plan.inMemory * 4) / 3 - 1)).toEqual(plan)).toThrow();
    }
    expect(() => choose(1000)).toThrow(CallError);
    expect(() => choose(1000)).toThrow(/at least 1 MiB for weights that are streaming .*layer 0/);
    expect(() => choose(Number.NaN)).toThrow(/memory/);
    expect(() => chooseWeights({ config, tensors }, { weights: "nowhere" as never })).toThrow(/weights/);
  });

  it("a WebAssembly memory is a limit of its own", () => {
    const d = 2048;
    const config = {
      ...tinyConfig,
      hidden_size: d,
      num_layers: 24,
      num_heads: 16,
      intermediate_size: 4 * d,
      vocab_size: 50257,
      max_position_embeddings: 2048,
      attention_types: [[["global", "local"], 12]],
    };
    const tensors = Object.fromEntries(
      tensorTable(config).entries.map(({ name, shape }) => [
        `transformer.${name}`,
        { dtype: "BF16" as const, shape },
      ]),
    );
    const mode = (memory: number) => chooseWeights({ config, tensors }, { memory }).mode;
    expect(mode(64 * 2 ** 30)).toBe("layered"); // 4.9 GiB widened: too much for one instance, whatever the machine has
    expect(mode(6 * 2 ** 30)).toBe("layered");
    expect(mode(2 * 2 ** 30)).toBe("streaming");
    expect(() => mode(2 ** 28)).toThrow(/at least \d+ MiB/);
  });

  it("decides what loadModel does; a recipe brings its mode", async () => {
    const [{ create }] = backends;
    const roomy = await loadModel(folder, { backend: create() });
    expect(roomy.plan.mode).toBe("resident");
    const { plan } = await loadModel(folder, { backend: create(), weights: "streaming" });
    const model = await loadModel(folder, { backend: create(), memory: 1.4 * plan.inMemory });
    expect(model.plan.mode).toBe("streaming");
    expect((await loadModel(model.recipe, { backend: create() })).plan.mode).toBe("streaming");
    const back = await loadModel(model.recipe, { backend: create(), weights: "resident" });
    expect(await back.forward(batch)).toEqual(await roomy.forward(batch));
    await expect(loadModel(back.recipe, { weights: "streaming" })).rejects.toThrow(/bytes in memory/);
    await expect(loadModel(tinyRecipe(), { backend: create(), memory: 1000 })).rejects.toThrow(/at least/);
  });
});

describe("a kernel on workers", () => {
  it("has the same bits: each worker reads, or finds, the weights for itself", async () => {
    const batch = randomBatch([4, 7, 1, 6, 6], 7, 5);
    const kernels = [];
    for (const weights of ["resident", ...modes] as const) {
      const model = await loadModel(tinyFolder("workers"), { weights });
      const tangent = model.readout({ kind: "prompt", labelIds: [3, 1] });
      kernels.push((await empiricalNtk(tangent, batch, null, { workers: 2 })).data);
      model.dispose();
    }
    expect(kernels[1]).toEqual(kernels[0]);
    expect(kernels[2]).toEqual(kernels[0]);
  });
});

describe("a file that is not what it was", () => {
  const batch = randomBatch([3, 2]);
  const changes: [string, (file: string) => void, RegExp][] = [
    [
      "cut short",
      (file) => truncateSync(file, 1000),
      /tensor transformer\.\S+: .*1\.safetensors: the file changed/,
    ],
    ["touched", (file) => utimesSync(file, 1, 1), /tensor transformer\.\S+: .*the file changed/],
    ["gone", (file) => rmSync(file), /tensor transformer\.\S+: .*there is no such file/],
  ];
  it.each(changes)(
    "%s: a DataError that names the tensor, and nothing left behind",
    async (name, change, message) => {
      const folder = tinyFolder(`changed-${name}`);
      const [{ create }] = backends;
      const backend = create();
      const model = await loadModel(folder, { backend, weights: "streaming" });
      const tangent = model.readout({ kind: "prompt", labelIds: [1, 2] });
      await tangent.forward(batch);
      change(join(folder, "1.safetensors"));
      await expect(tangent.forward(batch)).rejects.toThrow(DataError);
      await expect(tangent.vjp(batch, { data: new Float64Array(4), shape: [2, 2] })).rejects.toThrow(message);
      model.dispose();
      expect(backend.memory().tensors).toBe(0);
    },
  );

  it("numbers that are not finite are found when they are first used", async () => {
    const recipe = tinyRecipe();
    const name = "transformer.h.1.mlp.c_fc.weight";
    const bytes = recipe.tensors[name].bytes.slice();
    new DataView(bytes.buffer).setFloat64(16, Number.NaN, true);
    const tensors = { ...recipe.tensors, [name]: { ...recipe.tensors[name], bytes } };
    const model = await loadModel(
      { config: recipe.config, tensors },
      { backend: "reference", weights: "layered" },
    );
    await expect(model.forward(batch)).rejects.toThrow(
      /tensor transformer\.h\.1\.mlp\.c_fc\.weight: .*NaN at index 2/,
    );
  });
});
