import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CallError, DataError } from "../../src/errors.ts";
import { loadModel, tangentFromRecipe } from "../../src/model/index.ts";
import type { Model, ReadoutSpec } from "../../src/model/types.ts";
import { createReferenceBackend } from "../../src/numerics/reference/backend.ts";
import { backends } from "../support/backends.ts";
import { relativeError } from "../support/distance.ts";
import { batchOf, hasShared, modelFolder, readReference, referenceFolder } from "../support/shared.ts";
import { randomBatch, tinyRecipe } from "../support/tinyGptNeo.ts";

describe("loadModel", () => {
  it("takes a recipe, onto a fresh wasm backend unless told otherwise", async () => {
    const model = await loadModel(tinyRecipe());
    expect(model.backend.name).toBe("wasm");
    expect(model).toMatchObject({
      architecture: "gpt_neo",
      contextLength: 10,
      hiddenSize: 8,
      vocabularySize: 13,
    });
    model.dispose();
    expect((await loadModel(tinyRecipe(), { backend: "reference" })).backend.name).toBe("reference");
    const backend = createReferenceBackend();
    expect((await loadModel(tinyRecipe(), { backend })).backend).toBe(backend);
  });

  it("names the architectures it knows", async () => {
    for (const model_type of ["sphinx", undefined, "toString"]) {
      const loading = loadModel({ ...tinyRecipe(), config: { model_type } });
      await expect(loading).rejects.toThrow(DataError);
      await expect(loading).rejects.toThrow(/model_type.*known architecture \(gpt_neo/);
    }
  });

  it("refuses what is no model", async () => {
    await expect(loadModel("/no/such/folder")).rejects.toThrow(CallError);
    await expect(loadModel({})).rejects.toThrow(DataError);
    await expect(loadModel(null as never)).rejects.toThrow(CallError);
  });

  it("a recipe that was cloned makes the same tangent model elsewhere", async () => {
    const batch = randomBatch([3, 8]);
    const specs: ReadoutSpec[] = [
      { kind: "head", outputs: 2, init: "gaussian", pool: "first", seed: 4 },
      { kind: "prompt", labelIds: [3, 12] },
    ];
    for (const spec of specs) {
      const model = await loadModel(tinyRecipe(), { backend: "reference" });
      const here = model.readout(spec);
      const there = tangentFromRecipe(structuredClone(here.recipe), createReferenceBackend());
      expect(await there.forward(batch)).toEqual(await here.forward(batch));
      expect(there.parameters).toEqual(here.parameters);
    }
  });

  it("a tangent model that cannot be made leaves nothing on the backend", () => {
    const backend = createReferenceBackend();
    const recipe = { model: tinyRecipe(), readout: { kind: "prompt" as const, labelIds: [99] } };
    expect(() => tangentFromRecipe(recipe, backend)).toThrow(CallError);
    expect(backend.memory().tensors).toBe(0);
  });

  it("refuses unfit readouts", async () => {
    const model = await loadModel(tinyRecipe(), { backend: "reference" });
    const weight = { data: new Float64Array(16), shape: [2, 8] };
    const bias = { data: new Float64Array(2), shape: [2] };
    const specs: [ReadoutSpec, RegExp][] = [
      [{ kind: "head", outputs: 0, init: "zero", pool: "mean" }, /outputs/],
      [{ kind: "head", outputs: 2, init: "ones" as "zero", pool: "mean" }, /init/],
      [{ kind: "head", outputs: 2, init: "zero", pool: "middle" as "mean" }, /pool/],
      [{ kind: "head", weight: { ...weight, shape: [4, 4] }, bias, pool: "mean" }, /weight/],
      [{ kind: "head", weight, bias: { data: new Float64Array(3), shape: [3] }, pool: "mean" }, /bias/],
      [
        { kind: "head", weight, bias: { data: Float64Array.of(0, Number.NaN), shape: [2] }, pool: "mean" },
        /bias.*NaN/,
      ],
      [{ kind: "prompt", labelIds: [] }, /labelIds/],
      [{ kind: "prompt", labelIds: [13] }, /0 to 12, got 13/],
      [{ kind: "oracle" } as never, /kind/],
    ];
    const before = model.backend.memory().tensors;
    for (const [spec, message] of specs) {
      expect(() => model.readout(spec)).toThrow(CallError);
      expect(() => model.readout(spec)).toThrow(message);
    }
    expect(model.backend.memory().tensors).toBe(before);
  });

  it("refuses unfit cotangents and tangents", async () => {
    const tangent = (await loadModel(tinyRecipe(), { backend: "reference" })).readout({
      kind: "prompt",
      labelIds: [1, 2],
    });
    const batch = randomBatch([3, 8]);
    const wide = { data: new Float64Array(6), shape: [2, 3] };
    await expect(tangent.vjp(batch, wide)).rejects.toThrow(/cotangent: expected shape \[2, 2\]/);
    await expect(tangent.jvp(batch, { nobody: new Float64Array(1) })).rejects.toThrow(/nobody/);
    await expect(tangent.jvp(batch, { "transformer.ln_f.bias": new Float64Array(9) })).rejects.toThrow(
      /8 numbers/,
    );
    expect(() => tangent.taps(randomBatch([3, 11], 11))).toThrow(DataError);
  });
});

describe.skipIf(!hasShared)("a folder and a map of its files", () => {
  it("give the same model", async () => {
    const folder = referenceFolder("gpt-neo-tiny");
    const files = Object.fromEntries(
      ["config.json", "model.safetensors"].map((name) => [
        name,
        new Blob([readFileSync(join(folder, name))]),
      ]),
    );
    const batch = randomBatch([5, 2], 5, 1, 128);
    const fromFolder = await loadModel(folder, { backend: "reference" });
    const fromFiles = await loadModel(files, { backend: "reference" });
    expect(await fromFiles.forward(batch)).toEqual(await fromFolder.forward(batch));
  });
});

// The reference values have float32 scores inside: good to 1e-6 (their README).
describe.skipIf(!hasShared).each(backends)("nano-gpt-neo on $name", ({ create }) => {
  let reference: Awaited<ReturnType<typeof readReference>>;
  let model: Model;
  beforeAll(async () => {
    reference = await readReference(join(referenceFolder("nano-gpt-neo"), "reference.safetensors"));
    model = await loadModel(modelFolder("nano-gpt-neo"), { backend: create() });
  });
  afterAll(() => model.backend.dispose());

  it("has the reference's logits at the last position", async () => {
    const labelIds = Array.from({ length: model.vocabularySize }, (_, id) => id);
    const f = await model.readout({ kind: "prompt", labelIds }).forward(batchOf(reference));
    expect(relativeError(f.data, reference("last_logits").data)).toBeLessThan(1e-5);
  });

  it("has the reference's prompt outputs", async () => {
    const labelIds = [...reference("prompt.label_ids").data];
    const f = await model.readout({ kind: "prompt", labelIds }).forward(batchOf(reference));
    expect(relativeError(f.data, reference("prompt.f").data)).toBeLessThan(1e-5);
  });
});
