/** Kernels of real architectures against float64 values of an independent implementation (../shared/reference). */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openCheckpoint } from "../../src/checkpoint/index.ts";
import { modelFromRecipe } from "../../src/model/index.ts";
import type { Model, TangentModel } from "../../src/model/types.ts";
import { empiricalNtk, ntkBlocks } from "../../src/ntk/index.ts";
import type { Backend } from "../../src/numerics/backend.ts";
import { eigh } from "../../src/numerics/dense/eigh.ts";
import { createBackend } from "../../src/numerics/index.ts";
import type { Batch } from "../../src/text/batch.ts";
import { backends } from "../support/backends.ts";
import { relativeError } from "../support/distance.ts";
import {
  batchOf,
  floats,
  hasShared,
  modelFolder,
  readReference,
  referenceFolder,
} from "../support/shared.ts";

const pick = ({ inputIds, attentionMask, shape: [, T] }: Batch, texts: number[]): Batch => {
  const rows = <A extends Int32Array | Uint8Array>(from: A, to: A) => {
    texts.forEach((text, i) => {
      to.set(from.subarray(text * T, (text + 1) * T), i * T);
    });
    return to;
  };
  return {
    inputIds: rows(inputIds, new Int32Array(texts.length * T)),
    attentionMask: rows(attentionMask, new Uint8Array(texts.length * T)),
    shape: [texts.length, T],
  };
};

describe.skipIf(!hasShared).each(backends)("gpt-neo-tiny on $name", ({ create, tolerance }) => {
  const folder = referenceFolder("gpt-neo-tiny");
  const C = 3;
  let reference: Awaited<ReturnType<typeof readReference>>;
  let backend: Backend;
  let tangents: Record<"head" | "prompt", TangentModel>;
  let batch: Batch;

  beforeAll(async () => {
    reference = await readReference(join(folder, "reference.safetensors"));
    backend = create();
    const model = modelFromRecipe(await openCheckpoint(folder), backend);
    const weight = floats(reference("head.weight"));
    const bias = floats(reference("head.bias"));
    tangents = {
      head: model.readout({ kind: "head", weight, bias, pool: "mean" }),
      prompt: model.readout({ kind: "prompt", labelIds: [...reference("prompt.label_ids").data] }),
    };
    batch = batchOf(reference);
  });
  afterAll(() => backend.dispose());

  it.each(["head", "prompt"] as const)("%s: the kernel, its groups, and f0", async (kind) => {
    const options = { workers: 1, byGroup: true };
    const { data, shape, groups = {}, f0 } = await empiricalNtk(tangents[kind], batch, null, options);
    expect(shape).toEqual([15, 15]);
    expect(relativeError(data, reference(`${kind}.ntk`).data)).toBeLessThan(tolerance);
    expect(relativeError(f0.data, reference(`${kind}.f`).data)).toBeLessThan(tolerance);
    for (const [group, kernel] of Object.entries(groups)) {
      expect(relativeError(kernel, reference(`${kind}.ntk.${group}`).data), group).toBeLessThan(tolerance);
    }
    expect(Object.keys(groups)).toHaveLength(kind === "head" ? 8 : 7);
    const sum = data.map((_, k) => Object.values(groups).reduce((total, group) => total + group[k], 0));
    expect(relativeError(sum, data)).toBeLessThan(1e-13);
    for (let i = 0; i < 15; i++) for (let j = 0; j < i; j++) expect(data[i * 15 + j]).toBe(data[j * 15 + i]);
  });

  it.each(["head", "prompt"] as const)("%s: the biases, which overlap the groups", async (kind) => {
    const { data } = await empiricalNtk(tangents[kind], batch, null, { workers: 1, parameters: "bias" });
    expect(relativeError(data, reference(`${kind}.ntk.bias`).data)).toBeLessThan(tolerance);
  });

  it.each(["head", "prompt"] as const)("%s: test × train is a block of the whole", async (kind) => {
    const [train, test] = [
      [4, 0, 2],
      [3, 1],
    ];
    const blocks = await ntkBlocks(tangents[kind], pick(batch, train), pick(batch, test), { workers: 1 });
    const whole = reference(`${kind}.ntk`).data;
    const part = (rows: number[], columns: number[]) =>
      rows.flatMap((i) =>
        [0, 1, 2].flatMap((c) =>
          columns.flatMap((j) => [0, 1, 2].map((d) => whole[(i * C + c) * 15 + j * C + d])),
        ),
      );
    expect(relativeError(blocks.train, part(train, train))).toBeLessThan(tolerance);
    expect(relativeError(blocks.cross as Float64Array, part(test, train))).toBeLessThan(tolerance);
  });

  it("names an empty text by its own number, whatever block it falls into", async () => {
    const holed = pick(batch, [0, 1, 2, 3, 4]);
    holed.attentionMask.fill(0, 3 * 12, 4 * 12);
    await expect(empiricalNtk(tangents.head, batch, holed, { workers: 1 })).rejects.toThrow(
      /text 3\b.*empty/,
    );
  });

  it("leaves nothing behind", async () => {
    const before = backend.memory();
    await empiricalNtk(tangents.prompt, batch, pick(batch, [1, 2]), { workers: 1 });
    expect(backend.memory()).toMatchObject({ tensors: before.tensors, bytesInUse: before.bytesInUse });
  });
});

describe.skipIf(!hasShared)("nano-gpt-neo, 8 texts of two data sets", () => {
  let model: Model;
  beforeAll(async () => {
    model = modelFromRecipe(await openCheckpoint(modelFolder("nano-gpt-neo")), await createBackend("wasm"));
  });
  afterAll(() => model.dispose());

  it("has the kernel of the reference", async () => {
    const reference = await readReference(join(referenceFolder("nano-gpt-neo"), "reference.safetensors"));
    const tangent = model.readout({ kind: "prompt", labelIds: [...reference("prompt.label_ids").data] });
    const { data } = await empiricalNtk(tangent, batchOf(reference), null, { workers: 1 });
    const error = relativeError(data, reference("prompt.ntk").data);
    expect(error).toBeLessThan(1e-4);
    const { values } = eigh(data, 24);
    expect(values[23]).toBeGreaterThan(-1e-6 * values[0]);
  });
});
