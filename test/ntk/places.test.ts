/** Where a masked-language model is read, when the texts of a batch are cut into blocks of like length. */
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openCheckpoint } from "../../src/checkpoint/index.ts";
import { bert } from "../../src/model/bert.ts";
import { modelFromRecipe } from "../../src/model/index.ts";
import { empiricalNtk, ntkBlocks } from "../../src/ntk/index.ts";
import { createReferenceBackend } from "../../src/numerics/reference/backend.ts";
import { backends } from "../support/backends.ts";
import { relativeError } from "../support/distance.ts";
import { randomRecipe } from "../support/randomRecipe.ts";
import { batchOf, hasShared, readReference, referenceFolder } from "../support/shared.ts";
import { randomBatch } from "../support/tinyGptNeo.ts";

const config = {
  model_type: "bert",
  architectures: ["BertForMaskedLM"],
  hidden_size: 8,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  intermediate_size: 12,
  max_position_embeddings: 10,
  vocab_size: 13,
};
const MASK = 12;
const lengths = [9, 2, 5, 1, 7];
const at = [4, 1, 0, 0, 6];

/** A batch without the mask token but at `at`. */
function maskedBatch() {
  const batch = randomBatch(lengths, 9, 3, MASK);
  at.forEach((place, i) => {
    batch.inputIds[i * 9 + place] = MASK;
  });
  return batch;
}

describe("places of a prompt readout", () => {
  const model = modelFromRecipe(randomRecipe(config, bert.tensorTable(config)), createReferenceBackend());
  const batch = maskedBatch();
  const labelIds = [3, 8];
  const byPlace = model.readout({ kind: "prompt", labelIds, at });
  const byMask = model.readout({ kind: "prompt", labelIds, maskId: MASK });

  it.each([1, 2])("go with the texts: `at` is the mask token, on %i workers", async (workers) => {
    const [left, right] = [byPlace, byMask].map((tangent) => ntkBlocks(tangent, batch, batch, { workers }));
    const { train, cross, f0, f0Test } = await left;
    expect(train).toEqual((await right).train);
    expect(cross).toEqual((await right).cross);
    expect(f0).toEqual((await byMask.forward(batch)).data);
    expect(f0Test).toEqual(f0);
  });

  it("of the batch go before those of the readout", async () => {
    const readAt = Int32Array.from(at, (_, i) => lengths[i] - 1);
    const last = await model.readout({ kind: "prompt", labelIds, at: [...readAt] }).forward(batch);
    expect((await byMask.forward({ ...batch, readAt })).data).toEqual(last.data);
    const { f0 } = await ntkBlocks(byPlace, { ...batch, readAt }, null, { workers: 1 });
    expect(f0).toEqual(last.data);
  });

  it("are refused for two batches, for other texts, and outside a text", async () => {
    const other = maskedBatch();
    await expect(empiricalNtk(byPlace, batch, other)).rejects.toThrow(/readAt in both batches/);
    const readAt = Int32Array.from(at);
    const both = await empiricalNtk(byPlace, batch, { ...other, readAt: Int32Array.from(at) }).catch(String);
    expect(both).toMatch(/places for each of the two batches/);
    const whole = await empiricalNtk(byPlace, { ...batch, readAt }, { ...other, readAt }, { workers: 1 });
    expect(
      relativeError(whole.data, (await empiricalNtk(byMask, batch, null, { workers: 1 })).data),
    ).toBeLessThan(1e-13);
    await expect(empiricalNtk(byPlace, randomBatch([3, 4]))).rejects.toThrow(/2 places, one a text, got 5/);
    await expect(byMask.forward({ ...batch, readAt: Int32Array.of(0, 2, 0, 0, 0) })).rejects.toThrow(
      /batch\.readAt\[1\]: expected a place from 0 to 1, got 2/,
    );
  });
});

describe.skipIf(!hasShared).each(backends)("on $name, by `at`", ({ create, tolerance }) => {
  it.each(["bert-mlm-tiny", "roberta-tiny"])("%s: the reference kernel", async (name) => {
    const reference = await readReference(join(referenceFolder(name), "reference.safetensors"));
    const backend = create();
    const model = modelFromRecipe(await openCheckpoint(referenceFolder(name)), backend);
    const [labelIds, places] = ["label_ids", "mask_position"].map((part) => [
      ...reference(`prompt.${part}`).data,
    ]);
    const types = name === "bert-mlm-tiny" && {
      tokenTypeIds: Int32Array.from(reference("token_type_ids").data),
    };
    const batch = { ...batchOf(reference), ...types };
    const tangent = model.readout({ kind: "prompt", labelIds, at: places });
    const { data, f0 } = await empiricalNtk(tangent, batch, null, { workers: 1 });
    expect(relativeError(data, reference("prompt.ntk").data)).toBeLessThan(tolerance);
    expect(relativeError(f0.data, reference("prompt.f").data)).toBeLessThan(tolerance);
    backend.dispose();
  });
});
