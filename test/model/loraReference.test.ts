/** LoRA on gpt-neo-tiny against float64 values of an independent implementation, at B = 0 and away from it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadModel, mergeAdapter, parameterFilter, tangentFromRecipe } from "../../src/model/index.ts";
import type { Model, TangentModel } from "../../src/model/types.ts";
import { empiricalNtk } from "../../src/ntk/index.ts";
import type { Backend } from "../../src/numerics/backend.ts";
import type { Batch } from "../../src/text/batch.ts";
import { backends } from "../support/backends.ts";
import { dot, relativeError } from "../support/distance.ts";
import { batchOf, floats, hasShared, readReference, referenceFolder } from "../support/shared.ts";
import { kernelOf, perExampleGradients } from "../support/tapGradients.ts";

const isLora = parameterFilter("lora");
const base = () => referenceFolder("gpt-neo-tiny");
const cases = ["lora-zero", "lora-nonzero"].flatMap((name) =>
  backends.map((backend) => ({ ...backend, name, on: backend.name })),
);

describe.skipIf(!hasShared).each(cases)("$name on $on", ({ name, create, tolerance }) => {
  let reference: Awaited<ReturnType<typeof readReference>>;
  let backend: Backend;
  let model: Model;
  let tangent: TangentModel;
  let batch: Batch;
  const folder = join(referenceFolder("ntk"), name);

  beforeAll(async () => {
    reference = await readReference(join(folder, "reference.safetensors"));
    backend = create();
    model = await loadModel(base(), { backend, adapter: folder });
    tangent = model.readout({ kind: "prompt", labelIds: [...reference("prompt.label_ids").data] });
    batch = batchOf(reference);
  });
  afterAll(() => backend.dispose());

  const expectClose = (actual: ArrayLike<number>, value: string) =>
    expect(relativeError(actual, reference(value).data), value).toBeLessThan(tolerance);

  it("logits and f; the adapter's parameters under its names, in the groups of their layers", async () => {
    expectClose((await model.forward(batch)).logits!.data, "logits");
    expectClose((await tangent.forward(batch)).data, "f");
    const own = tangent.parameters.filter(isLora);
    const config = JSON.parse(readFileSync(join(folder, "adapter_config.json"), "utf8"));
    expect(own).toHaveLength(4 * 2 * config.target_modules.length);
    for (const { name: parameter, shape, group } of own) {
      expect(shape).toEqual(reference(`vjp.${parameter}`).shape);
      expect(group).toBe(parameter.includes("q_proj") ? "attention.q" : "attention.v");
    }
    expect(tangent.size).toBe(
      model.parameters.reduce((sum, { shape }) => sum + shape[0] * (shape[1] ?? 1), 0),
    );
  });

  it("vjp, jvp and their adjointness", async () => {
    const u = floats(reference("cotangent"));
    const gradients = await tangent.vjp(batch, u);
    const v: Record<string, Float64Array> = {};
    let along = 0;
    let scale = 0;
    for (const { name: parameter } of tangent.parameters.filter(isLora)) {
      expectClose(gradients[parameter], `vjp.${parameter}`);
      v[parameter] = floats(reference(`tangent.${parameter}`)).data;
      along += dot(gradients[parameter], v[parameter]);
      scale += Math.sqrt(dot(gradients[parameter], gradients[parameter]) * dot(v[parameter], v[parameter]));
    }
    const f = await tangent.jvp(batch, v);
    expectClose(f.data, "jvp");
    expect(Math.abs(along - dot(f.data, u.data))).toBeLessThan(tolerance * scale);
  });

  it("the kernel over the adapter, fast and by its plain definition, and rebuilt elsewhere", async () => {
    const { data } = await empiricalNtk(tangent, batch, null, { parameters: "lora", workers: 0 });
    expectClose(data, "ntk");
    expectClose(kernelOf(await perExampleGradients(tangent, batch, isLora)), "ntk");
    const other = create();
    const twin = tangentFromRecipe(structuredClone(tangent.recipe), other);
    expect((await twin.forward(batch)).data).toEqual((await tangent.forward(batch)).data);
    other.dispose();
  });

  it("merged into the weights it computes the same to rounding", async () => {
    const merged = await loadModel(mergeAdapter(model), { backend });
    expect(merged.parameters.some(isLora)).toBe(false);
    const logits = (await merged.forward(batch)).logits!;
    // The merged weights are float32, as the file's are.
    expect(relativeError(logits.data, reference("logits").data)).toBeLessThan(Math.max(tolerance, 1e-6));
    merged.dispose();
  });

  // Only there is B zero.
  if (name === "lora-zero") {
    it("at B = 0 it is the base model, bit for bit, and A has no gradient", async () => {
      const plain = await loadModel(base(), { backend });
      expect((await model.forward(batch)).logits).toEqual((await plain.forward(batch)).logits);
      const { data } = await empiricalNtk(tangent, batch, null, { parameters: "/lora_A/", workers: 0 });
      expect([...data].every((value) => value === 0)).toBe(true);
      plain.dispose();
    });
  }
});
