/** MiniLM as it is shipped (float16, names without a prefix, a pooler, no language model) against float64 values of 8 texts. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { loadModel } from "../../src/model/index.ts";
import { ntkBlocks } from "../../src/ntk/index.ts";
import { relativeError } from "../support/distance.ts";
import { batchOf, floats, modelFolder, readReference, referenceFolder } from "../support/shared.ts";

const folder = modelFolder("minilm");
const present = existsSync(folder);
if (!present) console.warn("../shared/models/minilm is missing: its test is skipped");

it.skipIf(!present)(
  "MiniLM: hidden states, f and the kernel of 8 texts",
  async () => {
    const reference = await readReference(join(referenceFolder("minilm"), "reference.safetensors"));
    const model = await loadModel(folder);
    try {
      const batch = batchOf(reference);
      const { hidden, logits } = await model.forward(batch);
      expect(logits).toBeUndefined();
      expect(model.readouts).toEqual(["head"]);
      expect(relativeError(hidden.data, reference("hidden").data)).toBeLessThan(1e-5);

      const weight = floats(reference("head.weight"));
      const bias = floats(reference("head.bias"));
      const tangent = model.readout({ kind: "head", weight, bias, pool: "mean" });
      const f = await tangent.forward(batch);
      expect(relativeError(f.data, reference("head.f").data)).toBeLessThan(1e-4);
      const { train } = await ntkBlocks(tangent, batch, null, { workers: 0 });
      expect(relativeError(train, reference("head.ntk").data)).toBeLessThan(1e-4);

      expect(() => model.readout({ kind: "checkpoint" })).toThrow(/one this model has: head.*got checkpoint/);
      expect(() => model.readout({ kind: "prompt", labelIds: [1] })).toThrow(/one this model has: head/);
    } finally {
      model.dispose();
    }
  },
  300_000,
);
