/**
 * The causal models as they are shipped against an independent implementation: outputs of the prompt, logits of the last position, the
 * kernel of 8 texts. SmolLM2-135M runs from its quantised GGUF file: 8 s of one core, 1.2 GB.
 */
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadModel } from "../../src/model/index.ts";
import { ntkBlocks } from "../../src/ntk/index.ts";
import { relativeError } from "../support/distance.ts";
import { batchOf, hasShared, modelFolder, readReference, referenceFolder } from "../support/shared.ts";

describe.skipIf(!hasShared)("real models", () => {
  it.each([
    { name: "nano-gpt-neo", path: modelFolder("nano-gpt-neo"), kernel: 1e-4 },
    { name: "smollm2", path: join(modelFolder("smollm2-135m-instruct"), "model.gguf"), kernel: 5e-4 },
  ])("$name: f, logits, kernel", async ({ name, path, kernel }) => {
    const reference = await readReference(join(referenceFolder(name), "reference.safetensors"));
    const batch = batchOf(reference);
    const model = await loadModel(path);
    try {
      const labelIds = [...reference("prompt.label_ids").data];
      const { train, f0 } = await ntkBlocks(model.readout({ kind: "prompt", labelIds }), batch, null, {
        workers: 0,
      });
      expect(relativeError(f0, reference("prompt.f").data)).toBeLessThan(1e-4);
      expect(relativeError(train, reference("prompt.ntk").data)).toBeLessThan(kernel);

      const logits = (await model.forward(batch)).logits!.data;
      const [n, T] = batch.shape;
      const V = model.vocabularySize;
      const last = new Float64Array(n * V);
      for (let i = 0; i < n; i++) {
        const row = (i * T + batch.attentionMask.subarray(i * T, (i + 1) * T).lastIndexOf(1)) * V;
        last.set(logits.subarray(row, row + V), i * V);
      }
      expect(relativeError(last, reference("last_logits").data)).toBeLessThan(1e-4);
    } finally {
      model.dispose();
    }
  });
});
