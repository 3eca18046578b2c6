/**
 * LoRA on every linear layer of every architecture, from `createAdapter` with B and biases moved off zero: finite differences,
 * adjointness, the kernel by its plain definition against the merged model's gradients, merging. One table.
 */
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openCheckpoint } from "../../src/checkpoint/index.ts";
import {
  createAdapter,
  loadModel,
  mergeAdapter,
  parameterFilter,
  unmergeAdapter,
} from "../../src/model/index.ts";
import type { Adapter, Model, ReadoutSpec } from "../../src/model/types.ts";
import { empiricalNtk } from "../../src/ntk/index.ts";
import { createReferenceBackend } from "../../src/numerics/reference/backend.ts";
import { randomStream } from "../../src/random.ts";
import type { Batch } from "../../src/text/batch.ts";
import { floatsOf, movedAdapter, randomizedAdapter } from "../support/adapters.ts";
import { backends } from "../support/backends.ts";
import { dot, relativeError } from "../support/distance.ts";
import { batchOf, hasShared, readReference, referenceFolder } from "../support/shared.ts";
import { kernelOf, perExampleGradients } from "../support/tapGradients.ts";

/** How many layers `all-linear` finds, as PEFT 0.21.2 counts them; a readout, the stored classifier where there is one. */
const architectures: [folder: string, layers: number, readout: "head" | "checkpoint" | "prompt"][] = [
  ["gpt-neo-tiny", 24, "head"],
  ["gpt-neo-cls-tiny", 18, "checkpoint"],
  ["gpt2-tiny", 12, "prompt"],
  ["llama-tiny", 21, "head"],
  ["mistral-tiny", 21, "prompt"],
  ["qwen2-tiny", 21, "head"],
  ["bert-tiny", 19, "checkpoint"],
  ["bert-mlm-tiny", 13, "head"],
  ["roberta-tiny", 19, "head"],
  ["distilbert-tiny", 19, "checkpoint"],
];

describe.skipIf(!hasShared).each(architectures)("%s", (folder, layers, kind) => {
  const spec: ReadoutSpec =
    kind === "prompt"
      ? { kind, labelIds: [3, 7] }
      : kind === "checkpoint"
        ? { kind }
        : { kind, outputs: 2, init: "gaussian", pool: "mean", seed: 5 };

  async function setUp(options: Parameters<typeof createAdapter>[1] = {}) {
    const reference = await readReference(join(referenceFolder(folder), "reference.safetensors"));
    const batch = firstTexts(batchOf(reference), 3);
    const recipe = await openCheckpoint(referenceFolder(folder));
    const plain = await loadModel(recipe, { backend: createReferenceBackend() });
    const adapter = createAdapter(plain, { r: 2, alpha: 3, targetModules: "all-linear", ...options });
    return { batch, recipe, plain, adapter };
  }

  it("all linear layers, at B = 0 the base's f to the bit on both backends", async () => {
    const { batch, recipe, adapter } = await setUp();
    expect(Object.keys(adapter.tensors)).toHaveLength(2 * layers);
    for (const { create } of backends) {
      const [base, adapted] = await Promise.all(
        [{}, { adapter }].map((option) => loadModel(recipe, { backend: create(), ...option })),
      );
      expect(await adapted.readout(spec).forward(batch)).toEqual(await base.readout(spec).forward(batch));
    }
  });

  it("J v against finite differences, ⟨Jᵀu, v⟩ = ⟨u, J v⟩", async () => {
    const { batch, recipe, adapter } = await setUp();
    const moved = randomizedAdapter(adapter);
    const load = async (own: Adapter) =>
      (await loadModel(recipe, { backend: createReferenceBackend(), adapter: own })).readout(spec);
    const tangent = await load(moved);
    const { gaussian } = randomStream(11);
    const v = Object.fromEntries(
      Object.entries(moved.tensors).map(([name, tensor]) => [name, floatsOf(tensor).map(() => gaussian())]),
    );
    const f = await tangent.jvp(batch, v);
    const h = 2e-6; // the error of the difference itself, h²·f‴, is then near 1e-8
    const [above, below] = await Promise.all(
      [h, -h].map(async (step) => (await load(movedAdapter(moved, v, step))).forward(batch)),
    );
    const slope = above.data.map((value, i) => (value - below.data[i]) / (2 * h));
    expect(relativeError(f.data, slope)).toBeLessThan(1e-7);

    const u = { data: f.data.map(() => gaussian()), shape: f.shape };
    const gradients = await tangent.vjp(batch, u);
    const along = Object.keys(v).reduce((sum, name) => sum + dot(gradients[name], v[name]), 0);
    expect(along).toBeCloseTo(dot(u.data, f.data), 9);
  });

  it("Jᵀu of A and B from that of the merged weight: dA = s Bᵀ dW, dB = s dW Aᵀ", async () => {
    const { batch, recipe, adapter } = await setUp();
    const moved = randomizedAdapter(adapter);
    const model = await loadModel(recipe, { backend: createReferenceBackend(), adapter: moved });
    const tangent = model.readout(spec);
    const u = await tangent.forward(batch);
    const gradients = await tangent.vjp(batch, u);
    const transposed = folder.startsWith("gpt2");
    for (const name of Object.keys(adapter.tensors).filter((key) => key.includes("lora_A"))) {
      const path = name.slice("base_model.model.".length, -".lora_A.weight".length);
      const [r, inputs] = moved.tensors[name].shape;
      const A = floatsOf(moved.tensors[name]);
      const nameB = name.replace("lora_A", "lora_B");
      const B = floatsOf(moved.tensors[nameB]);
      const outputs = B.length / r;
      const W = Object.keys(gradients).find(
        (key) => key === `${path}.weight` || `${path}.weight`.endsWith(`.${key}`),
      )!;
      const dW = (o: number, i: number) => gradients[W][transposed ? i * outputs + o : o * inputs + i];
      const dA = new Float64Array(A.length);
      const dB = new Float64Array(B.length);
      for (let k = 0; k < r; k++)
        for (let o = 0; o < outputs; o++)
          for (let i = 0; i < inputs; i++) {
            dA[k * inputs + i] += (3 / 2) * B[o * r + k] * dW(o, i);
            dB[o * r + k] += (3 / 2) * A[k * inputs + i] * dW(o, i);
          }
      expect(relativeError(gradients[name], dA), name).toBeLessThan(1e-11);
      expect(relativeError(gradients[nameB], dB), nameB).toBeLessThan(1e-11);
    }
  });

  it("the kernel over adapter and head is that of their gradients, a batch of one that of any", async () => {
    const { batch, recipe, adapter } = await setUp({ targetModules: undefined });
    for (const { create, tolerance } of backends) {
      const model = await loadModel(recipe, { backend: create(), adapter: randomizedAdapter(adapter) });
      const tangent = model.readout(spec);
      for (const parameters of ["lora", "lora+head"]) {
        const wanted = parameterFilter(parameters);
        const gradients = await perExampleGradients(tangent, batch, wanted);
        const kernel = await empiricalNtk(tangent, batch, null, { parameters, workers: 0, byGroup: true });
        expect(relativeError(kernel.data, kernelOf(gradients)), parameters).toBeLessThan(tolerance);
        const alone = await empiricalNtk(tangent, firstTexts(batch, 1), null, { parameters, workers: 0 });
        const C = tangent.outputs;
        const corner = Array.from(
          { length: C * C },
          (_, j) => kernel.data[Math.floor(j / C) * 3 * C + (j % C)],
        );
        expect(relativeError(alone.data, corner)).toBeLessThan(Math.max(tolerance, 1e-6));
        const sum = Object.values(kernel.groups!).reduce((a, b) => a.map((value, i) => value + b[i]));
        expect(relativeError(sum, kernel.data)).toBeLessThan(1e-12);
      }
    }
  });

  it("merged = adapted, unmerged = base, to rounding", async () => {
    const { batch, recipe, plain, adapter } = await setUp();
    const moved = randomizedAdapter(adapter);
    const model = await loadModel(recipe, { backend: createReferenceBackend(), adapter: moved });
    const hidden = async (own: Model) => (await own.forward(batch, { logits: false })).hidden.data;
    const merged = await loadModel(mergeAdapter(model), { backend: createReferenceBackend() });
    expect(relativeError(await hidden(merged), await hidden(model))).toBeLessThan(1e-6);
    expect(relativeError(await hidden(plain), await hidden(model))).toBeGreaterThan(1e-3);
    const back = await loadModel(unmergeAdapter(merged, moved), { backend: createReferenceBackend() });
    expect(relativeError(await hidden(back), await hidden(plain))).toBeLessThan(1e-6);
  });
});

/** The first of the texts. */
function firstTexts({ inputIds, attentionMask, tokenTypeIds, shape: [, T] }: Batch, n: number): Batch {
  return {
    inputIds: inputIds.slice(0, n * T),
    attentionMask: attentionMask.slice(0, n * T),
    ...(tokenTypeIds && { tokenTypeIds: tokenTypeIds.slice(0, n * T) }),
    shape: [n, T],
  };
}
