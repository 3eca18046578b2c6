/** Against float64 values of an independent implementation: f, Jᵀu, J v, and the kernel by its plain definition. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openCheckpoint } from "../../src/checkpoint/index.ts";
import { modelFromRecipe, parameterFilter } from "../../src/model/index.ts";
import type { Model, ReadoutSpec, TangentModel } from "../../src/model/types.ts";
import type { Backend } from "../../src/numerics/backend.ts";
import { backends } from "../support/backends.ts";
import { dot, relativeError } from "../support/distance.ts";
import { batchOf, floats, hasShared, readReference, referenceFolder } from "../support/shared.ts";
import { kernelOf, perExampleGradients } from "../support/tapGradients.ts";

const folder = referenceFolder("gpt-neo-tiny");
const readouts = ["head", "prompt"] as const;
const groups = [
  "embedding",
  "attention.q",
  "attention.k",
  "attention.v",
  "attention.o",
  "mlp",
  "norm",
  "head",
];

describe.skipIf(!hasShared).each(backends)("gpt-neo-tiny on $name", ({ create, tolerance }) => {
  let reference: Awaited<ReturnType<typeof readReference>>;
  let backend: Backend;
  let model: Model;
  const tangents = {} as Record<"head" | "prompt", TangentModel>;

  function spec(kind: "head" | "prompt", pool: "mean" | "last" = "mean"): ReadoutSpec {
    if (kind === "prompt") return { kind, labelIds: [...reference("prompt.label_ids").data] };
    return { kind, weight: floats(reference("head.weight")), bias: floats(reference("head.bias")), pool };
  }

  beforeAll(async () => {
    reference = await readReference(join(folder, "reference.safetensors"));
    backend = create();
    model = modelFromRecipe(await openCheckpoint(folder), backend);
    for (const kind of readouts) tangents[kind] = model.readout(spec(kind));
  });
  afterAll(() => backend.dispose());

  it("has hidden states and logits", async () => {
    const { hidden, logits } = await model.forward(batchOf(reference));
    expect(hidden.shape).toEqual([5, 12, 32]);
    expect(logits!.shape).toEqual([5, 12, 128]);
    expect(relativeError(hidden.data, reference("hidden").data)).toBeLessThan(tolerance);
    expect(relativeError(logits!.data, reference("logits").data)).toBeLessThan(tolerance);
    expect(await model.forward(batchOf(reference), { logits: false })).not.toHaveProperty("logits");
  });

  it("pools at the last position", async () => {
    const f = await model.readout(spec("head", "last")).forward(batchOf(reference));
    expect(relativeError(f.data, reference("head.f.last").data)).toBeLessThan(tolerance);
  });

  it.each(readouts)("%s: f, vjp per parameter, jvp", async (kind) => {
    const tangent = tangents[kind];
    const batch = batchOf(reference);
    const f = await tangent.forward(batch);
    expect(f.shape).toEqual([5, 3]);
    expect(relativeError(f.data, reference(`${kind}.f`).data)).toBeLessThan(tolerance);

    const gradients = await tangent.vjp(batch, floats(reference(`${kind}.cotangent`)));
    expect(Object.keys(gradients)).toEqual(tangent.parameters.map((p) => p.name));
    for (const { name } of tangent.parameters) {
      const error = relativeError(gradients[name], reference(`${kind}.vjp.${name}`).data);
      expect(error, name).toBeLessThan(tolerance);
    }

    const v = Object.fromEntries(
      tangent.parameters.map(({ name }) => [name, floats(reference(`tangent.${name}`)).data]),
    );
    const moved = await tangent.jvp(batch, v);
    expect(relativeError(moved.data, reference(`${kind}.jvp`).data)).toBeLessThan(tolerance);
  });

  it.each(readouts)("%s: kernel of the taps, whole and by group", async (kind) => {
    const gradients = await perExampleGradients(tangents[kind], batchOf(reference));
    expect(relativeError(kernelOf(gradients), reference(`${kind}.ntk`).data)).toBeLessThan(tolerance);
    for (const group of groups) {
      if (kind === "prompt" && group === "head") continue; // the tied head is the embedding
      const kernel = kernelOf(gradients, (p) => p.group === group);
      expect(relativeError(kernel, reference(`${kind}.ntk.${group}`).data), group).toBeLessThan(tolerance);
    }
    const bias = kernelOf(gradients, parameterFilter("bias"));
    expect(relativeError(bias, reference(`${kind}.ntk.bias`).data)).toBeLessThan(tolerance);
  });

  it.each(readouts)("%s: ⟨Jᵀu, v⟩ = ⟨u, J v⟩ for single parameters", async (kind) => {
    const tangent = tangents[kind];
    const batch = batchOf(reference);
    const u = floats(reference(`${kind}.cotangent`));
    const gradients = await tangent.vjp(batch, u);
    for (const { name } of tangent.parameters) {
      const v = floats(reference(`tangent.${name}`)).data;
      const moved = await tangent.jvp(batch, { [name]: v });
      const scale = Math.sqrt(dot(gradients[name], gradients[name]) * dot(v, v));
      expect(Math.abs(dot(gradients[name], v) - dot(u.data, moved.data)), name).toBeLessThan(
        tolerance * scale,
      );
    }
  });

  it("counts parameters once", () => {
    expect(tangents.prompt.size).toBe(
      model.parameters.reduce((sum, p) => sum + p.shape.reduce((a, b) => a * b), 0),
    );
    expect(tangents.head.size).toBe(tangents.prompt.size + 3 * 32 + 3);
    expect(model.parameters.map((p) => p.name)).not.toContain("lm_head.weight");
  });
});
