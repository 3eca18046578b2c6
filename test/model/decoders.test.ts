/**
 * The decoders against float64 values of an independent implementation: hidden states, logits, f, Jᵀu per parameter, J v, the kernel
 * by its plain definition, whole and by group. One table; a new architecture is one row. (GPT-Neo: tangent.test.ts.)
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openCheckpoint } from "../../src/checkpoint/index.ts";
import { modelFromRecipe, parameterFilter } from "../../src/model/index.ts";
import type { Model, ModelRecipe, ReadoutSpec, TangentModel } from "../../src/model/types.ts";
import { empiricalNtk } from "../../src/ntk/index.ts";
import type { Backend } from "../../src/numerics/backend.ts";
import { createReferenceBackend } from "../../src/numerics/reference/backend.ts";
import type { Batch } from "../../src/text/batch.ts";
import { backends } from "../support/backends.ts";
import { dot, relativeError } from "../support/distance.ts";
import { batchOf, floats, hasShared, readReference, referenceFolder } from "../support/shared.ts";
import { kernelOf, perExampleGradients } from "../support/tapGradients.ts";

const architectures = ["gpt2-tiny", "llama-tiny", "llama3-rope-tiny", "mistral-tiny", "qwen2-tiny"];
const readouts = ["head", "prompt"] as const;
type Kind = (typeof readouts)[number];

const cases = architectures.flatMap((name) =>
  backends.map((backend) => ({ ...backend, folder: name, on: backend.name })),
);

describe.skipIf(!hasShared).each(cases)("$folder on $on", ({ folder, create, tolerance }) => {
  let reference: Awaited<ReturnType<typeof readReference>>;
  let recipe: ModelRecipe;
  let backend: Backend;
  let model: Model;
  let batch: Batch;
  const tangents = {} as Record<Kind, TangentModel>;

  function spec(kind: Kind, pool: "mean" | "last" = "mean"): ReadoutSpec {
    if (kind === "prompt") return { kind, labelIds: [...reference("prompt.label_ids").data] };
    return { kind, weight: floats(reference("head.weight")), bias: floats(reference("head.bias")), pool };
  }

  beforeAll(async () => {
    reference = await readReference(join(referenceFolder(folder), "reference.safetensors"));
    recipe = await openCheckpoint(referenceFolder(folder));
    backend = create();
    model = modelFromRecipe(recipe, backend);
    batch = batchOf(reference);
    for (const kind of readouts) tangents[kind] = model.readout(spec(kind));
  });
  afterAll(() => backend.dispose());

  /** Relative in the norm; what is zero exactly must be so to rounding. */
  function expectClose(actual: ArrayLike<number>, name: string): void {
    expect(relativeError(actual, reference(name).data), name).toBeLessThan(tolerance);
  }

  it("hidden states, logits, the last position", async () => {
    const { hidden, logits } = await model.forward(batch);
    expect(hidden.shape).toEqual(reference("hidden").shape);
    expectClose(hidden.data, "hidden");
    expectClose(logits!.data, "logits");
    const f = await model.readout(spec("head", "last")).forward(batch);
    expectClose(f.data, "head.f.last");
  });

  it.each(readouts)("%s: f, vjp per parameter, jvp, adjoint", async (kind) => {
    const tangent = tangents[kind];
    expectClose((await tangent.forward(batch)).data, `${kind}.f`);
    const u = floats(reference(`${kind}.cotangent`));
    const gradients = await tangent.vjp(batch, u);
    const v: Record<string, Float64Array> = {};
    let along = 0;
    let scale = 0;
    for (const [name, gradient] of Object.entries(gradients)) {
      expectClose(gradient, `${kind}.vjp.${name}`);
      v[name] = floats(reference(`tangent.${name}`)).data;
      along += dot(gradient, v[name]);
      scale += Math.sqrt(dot(gradient, gradient) * dot(v[name], v[name]));
    }
    const stored = Object.keys(recipe.tensors);
    const own = kind === "head" ? ["head.weight", "head.bias"] : [];
    expect(Object.keys(gradients).sort()).toEqual([...stored, ...own].sort());
    const moved = await tangent.jvp(batch, v);
    expectClose(moved.data, `${kind}.jvp`);
    expect(Math.abs(along - dot(u.data, moved.data))).toBeLessThan(tolerance * scale);
  });

  it.each(readouts)("%s: the kernel, whole and by group", async (kind) => {
    const gradients = await perExampleGradients(tangents[kind], batch);
    expectClose(kernelOf(gradients), `${kind}.ntk`);
    const groups = new Set([...gradients.values()].map(({ parameter }) => parameter.group));
    for (const group of groups) {
      expectClose(
        kernelOf(gradients, (p) => p.group === group),
        `${kind}.ntk.${group}`,
      );
    }
    const isBias = parameterFilter("bias");
    if ([...gradients.values()].some(({ parameter }) => isBias(parameter)))
      expectClose(kernelOf(gradients, isBias), `${kind}.ntk.bias`);
  });

  it.each(readouts)("%s: the kernel as ntk computes it", async (kind) => {
    const { data, groups = {} } = await empiricalNtk(tangents[kind], batch, null, {
      workers: 1,
      byGroup: true,
    });
    expectClose(data, `${kind}.ntk`);
    expect(Object.keys(groups)).toEqual(
      expect.arrayContaining(["attention.q", "attention.k", "attention.v"]),
    );
    for (const [group, kernel] of Object.entries(groups)) expectClose(kernel, `${kind}.ntk.${group}`);
  });

  it("a text alone gives what it gives in company, to the last bit", async () => {
    const [n, T] = batch.shape;
    const all = await model.forward(batch);
    const d = model.hiddenSize;
    for (let i = 0; i < n; i++) {
      const length = batch.attentionMask.subarray(i * T, (i + 1) * T).lastIndexOf(1) + 1;
      const alone = await model.forward(
        {
          inputIds: batch.inputIds.slice(i * T, i * T + length),
          attentionMask: batch.attentionMask.slice(i * T, i * T + length),
          shape: [1, length],
        },
        { logits: false },
      );
      expect(alone.hidden.data).toEqual(all.hidden.data.slice(i * T * d, (i * T + length) * d));
    }
  });

  it("reads config.json as older versions wrote it", async () => {
    const path = join(referenceFolder(folder), "config.v4.json");
    if (!existsSync(path)) return expect(recipe.config["model_type"]).toBe("gpt2");
    const old = modelFromRecipe(
      { ...recipe, config: JSON.parse(readFileSync(path, "utf8")) },
      createReferenceBackend(),
    );
    const { hidden } = await old.forward(batch, { logits: false });
    expect(relativeError(hidden.data, reference("hidden").data)).toBeLessThan(1e-11);
  });
});
