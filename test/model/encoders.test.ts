/** Encoders and stored classifiers against float64 values of an independent implementation: f, Jᵀu, J v, kernels by definition. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openCheckpoint } from "../../src/checkpoint/index.ts";
import { modelFromRecipe, parameterFilter, tangentFromRecipe } from "../../src/model/index.ts";
import type { Model, ParameterGroup, Pool, ReadoutSpec, TangentModel } from "../../src/model/types.ts";
import type { Backend } from "../../src/numerics/backend.ts";
import { backends } from "../support/backends.ts";
import { dot, relativeError } from "../support/distance.ts";
import { batchOf, floats, hasShared, readReference, referenceFolder } from "../support/shared.ts";
import { kernelOf, perExampleGradients } from "../support/tapGradients.ts";

const models = [
  { name: "bert-tiny", own: "checkpoint", typed: true, pool: "first" },
  { name: "bert-mlm-tiny", own: "prompt", typed: true, pool: "first" },
  { name: "roberta-tiny", own: "prompt", typed: false, pool: "first" },
  { name: "distilbert-tiny", own: "checkpoint", typed: false, pool: "first" },
  { name: "gpt-neo-cls-tiny", own: "checkpoint", typed: false, pool: "last" },
] as const;
const cases = models.flatMap((model) =>
  backends.map((backend) => ({ ...model, ...backend, model: model.name, backend: backend.name })),
);
const groups: ParameterGroup[] = [
  "embedding",
  "attention.q",
  "attention.k",
  "attention.v",
  "attention.o",
  "mlp",
  "norm",
  "head",
];
/** Softmax does not feel what all keys of a query share: zero but for round-off, which is measured against the whole gradient. */
const vanishes = (name: string) => /\.(key|k_lin)\.bias$/.test(name);

describe.skipIf(!hasShared).each(cases)("$model on $backend", (row) => {
  const { model: folder, own, typed, pool, create, tolerance } = row;
  const readouts = ["head", own] as const;
  let reference: Awaited<ReturnType<typeof readReference>>;
  let backend: Backend;
  let model: Model;
  const tangents: Record<string, TangentModel> = {};

  const batch = () => ({
    ...batchOf(reference),
    ...(typed && { tokenTypeIds: Int32Array.from(reference("token_type_ids").data) }),
  });
  function spec(kind: ReadoutSpec["kind"], where: Pool = "mean"): ReadoutSpec {
    if (kind === "checkpoint") return { kind };
    if (kind === "prompt") {
      const [labelIds, at] = ["prompt.label_ids", "prompt.mask_position"].map((name) => [
        ...reference(name).data,
      ]);
      return { kind, labelIds, at };
    }
    return {
      kind,
      weight: floats(reference("head.weight")),
      bias: floats(reference("head.bias")),
      pool: where,
    };
  }
  const tangentsOf = ({ parameters }: TangentModel) =>
    Object.fromEntries(parameters.map(({ name }) => [name, floats(reference(`tangent.${name}`)).data]));

  beforeAll(async () => {
    reference = await readReference(join(referenceFolder(folder), "reference.safetensors"));
    backend = create();
    model = modelFromRecipe(await openCheckpoint(referenceFolder(folder)), backend);
    for (const kind of readouts) tangents[kind] = model.readout(spec(kind));
  });
  afterAll(() => backend.dispose());

  it("has hidden states, and logits where it has a language model", async () => {
    const { hidden, logits } = await model.forward(batch());
    expect(hidden.shape).toEqual([5, 12, 32]);
    expect(relativeError(hidden.data, reference("hidden").data)).toBeLessThan(tolerance);
    expect(model.readouts).toContain(own);
    expect(logits !== undefined).toBe(model.readouts.includes("prompt"));
    if (own === "prompt") {
      expect(logits!.shape).toEqual([5, 12, 128]);
      expect(relativeError(logits!.data, reference("logits").data)).toBeLessThan(tolerance);
    }
  });

  it(`pools at the ${pool} position`, async () => {
    const f = await model.readout(spec("head", pool)).forward(batch());
    expect(relativeError(f.data, reference(`head.f.${pool}`).data)).toBeLessThan(tolerance);
  });

  it.each(readouts)("%s: f, vjp per parameter, jvp", async (kind) => {
    const tangent = tangents[kind];
    const f = await tangent.forward(batch());
    expect(f.shape).toEqual([5, 3]);
    expect(relativeError(f.data, reference(`${kind}.f`).data)).toBeLessThan(tolerance);

    const gradients = await tangent.vjp(batch(), floats(reference(`${kind}.cotangent`)));
    expect(Object.keys(gradients)).toEqual(tangent.parameters.map((p) => p.name));
    const whole = { got: [] as number[], expected: [] as number[] };
    for (const { name } of tangent.parameters) {
      const expected = reference(`${kind}.vjp.${name}`).data;
      for (const value of gradients[name]) whole.got.push(value);
      for (const value of expected) whole.expected.push(value);
      if (vanishes(name)) continue;
      expect(relativeError(gradients[name], expected), name).toBeLessThan(tolerance);
    }
    expect(relativeError(whole.got, whole.expected)).toBeLessThan(tolerance);
    const norm = Math.sqrt(dot(whole.expected, whole.expected));
    for (const { name } of tangent.parameters.filter((p) => vanishes(p.name))) {
      expect(Math.sqrt(dot(gradients[name], gradients[name])), name).toBeLessThan(tolerance * norm);
    }

    const moved = await tangent.jvp(batch(), tangentsOf(tangent));
    expect(relativeError(moved.data, reference(`${kind}.jvp`).data)).toBeLessThan(tolerance);
  });

  it.each(readouts)("%s: kernel of the taps, whole and by group", async (kind) => {
    const gradients = await perExampleGradients(tangents[kind], batch());
    expect(relativeError(kernelOf(gradients), reference(`${kind}.ntk`).data)).toBeLessThan(tolerance);
    for (const group of groups) {
      const kernel = kernelOf(gradients, (p) => p.group === group);
      expect(relativeError(kernel, reference(`${kind}.ntk.${group}`).data), group).toBeLessThan(tolerance);
    }
    const bias = kernelOf(gradients, parameterFilter("bias"));
    expect(relativeError(bias, reference(`${kind}.ntk.bias`).data)).toBeLessThan(tolerance);
  });

  it.each(readouts)("%s: ⟨Jᵀu, v⟩ = ⟨u, J v⟩ for single parameters, and taps of each alone", async (kind) => {
    const tangent = tangents[kind];
    const u = floats(reference(`${kind}.cotangent`));
    const gradients = await tangent.vjp(batch(), u);
    const whole = Math.sqrt(Object.values(gradients).reduce((sum, g) => sum + dot(g, g), 0));
    const v = tangentsOf(tangent);
    for (const { name } of tangent.parameters) {
      const moved = await tangent.jvp(batch(), { [name]: v[name] });
      const norm = vanishes(name) ? whole : Math.sqrt(dot(gradients[name], gradients[name]));
      const gap = Math.abs(dot(gradients[name], v[name]) - dot(u.data, moved.data));
      expect(gap, name).toBeLessThanOrEqual(tolerance * norm * Math.sqrt(dot(v[name], v[name])));

      const seen: string[] = [];
      for await (const { taps } of tangent.taps(batch(), (p) => p.name === name)) {
        seen.push(...taps.map((tap) => tap.parameter.name));
        backend.release(taps);
      }
      if (gradients[name].some((value) => value !== 0)) expect(seen, name).toEqual([name]);
    }
  });

  it("leaves nothing behind, and is rebuilt from its recipe", async () => {
    const before = backend.memory().tensors;
    for (const kind of readouts) {
      const f = await tangents[kind].forward(batch());
      await tangents[kind].jvp(batch(), tangentsOf(tangents[kind]));
      for await (const { taps } of tangents[kind].taps(batch())) backend.release(taps);
      const other = create();
      const again = tangentFromRecipe(structuredClone(tangents[kind].recipe), other);
      expect((await again.forward(batch())).data).toEqual(f.data);
      other.dispose();
    }
    expect(backend.memory().tensors).toBe(before);
  });

  it("padding and companions change nothing of a text's values", async () => {
    const { inputIds, attentionMask, tokenTypeIds, shape } = batch();
    const [n, T] = shape;
    const kind = own === "prompt" ? "head" : own;
    const all = await tangents[kind].forward(batch());
    for (let i = 0; i < n; i++) {
      const length = attentionMask.subarray(i * T, (i + 1) * T).lastIndexOf(1) + 1;
      const alone = await tangents[kind].forward({
        inputIds: inputIds.slice(i * T, i * T + length),
        attentionMask: new Uint8Array(length).fill(1),
        ...(tokenTypeIds && { tokenTypeIds: tokenTypeIds.slice(i * T, i * T + length) }),
        shape: [1, length],
      });
      expect(relativeError(alone.data, all.data.slice(3 * i, 3 * i + 3))).toBeLessThan(1e-6);
    }
  });
});
