/** The tensors and the tokenizer of a real GGUF file against values from the transformers library. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { type Checkpoint, openCheckpoint, widen } from "../../src/checkpoint/index.ts";
import { loadModel } from "../../src/model/index.ts";
import { loadTokenizer, readDataset } from "../../src/text/index.ts";
import { batchOf, hasShared, modelFolder, readReference, referenceFolder } from "../support/shared.ts";

describe.skipIf(!hasShared)("SmolLM2-135M as GGUF", () => {
  let checkpoint: Checkpoint;
  beforeAll(async () => {
    checkpoint = await openCheckpoint(join(modelFolder("smollm2-135m-instruct"), "model.gguf"));
  });

  it("has the weights of the reference under Hugging Face's names", async () => {
    const reference = await readReference(join(referenceFolder("smollm2"), "reference.safetensors"));
    for (const name of [
      "model.embed_tokens.weight",
      "model.layers.0.self_attn.q_proj.weight",
      "model.layers.29.mlp.down_proj.weight",
      "model.norm.weight",
    ]) {
      const { dtype, bytes } = checkpoint.tensors[name];
      expect([...widen(dtype, bytes).subarray(0, 8)]).toEqual([...reference(`first8.${name}`).data]);
    }
    expect(checkpoint.tensors["model.embed_tokens.weight"].dtype).toBe("Q8_0");
  });

  it("cuts the first 1,000 texts of each data set as the reference does", async () => {
    const tokenizer = await loadTokenizer(checkpoint);
    const expected: Record<string, number[][]> = JSON.parse(
      readFileSync(join(referenceFolder("smollm2"), "tokens.json"), "utf8"),
    );
    for (const [file, ids] of Object.entries(expected)) {
      const { texts } = readDataset(readFileSync(join(modelFolder(".."), "data", file)), {
        name: file,
        limit: ids.length,
        ...(file.startsWith("rte") && { text: "premise" }),
      });
      expect(texts.map((text) => tokenizer.encode(text))).toEqual(ids);
    }
  });

  it("gives the reference's logits, from quantised weights", async () => {
    const reference = await readReference(join(referenceFolder("smollm2"), "reference.safetensors"));
    const batch = batchOf(reference);
    const model = await loadModel(checkpoint);
    const logits = (await model.forward(batch)).logits!.data;
    model.dispose();
    const { data: expected, shape } = reference("last_logits");
    const [n, length] = batch.shape;
    const vocabulary = shape[1];
    const got = new Float64Array(expected.length);
    for (let i = 0; i < n; i++) {
      const last = batch.attentionMask.subarray(i * length, (i + 1) * length).lastIndexOf(1);
      const row = (i * length + last) * vocabulary;
      got.set(logits.subarray(row, row + vocabulary), i * vocabulary);
    }
    const norm = (values: Float64Array) => Math.sqrt(values.reduce((sum, x) => sum + x * x, 0));
    expect(norm(got.map((x, i) => x - expected[i])) / norm(Float64Array.from(expected))).toBeLessThan(1e-5);
  }, 60_000);
});
