/** The estimate against what a backend really took. */
import { describe, expect, it } from "vitest";
import { openCheckpoint } from "../../src/checkpoint/index.ts";
import { modelFromRecipe } from "../../src/model/index.ts";
import { estimateKernel, ntkBlocks } from "../../src/ntk/index.ts";
import { createBackend } from "../../src/numerics/index.ts";
import { batchOf, hasShared, modelFolder, readReference, referenceFolder } from "../support/shared.ts";
import { toyBatch, toyTangent, toyTexts } from "../support/toyTangent.ts";

describe("estimateKernel", () => {
  const sizes = async (n: number, options = {}) =>
    estimateKernel(toyTangent(await createBackend("wasm")), toyBatch(toyTexts(n, 1)), null, options);

  it("grows with texts, workers, groups and held-out texts", async () => {
    const [small, large] = [await sizes(10), await sizes(40)];
    expect(large.bytes).toBeGreaterThan(small.bytes);
    expect(large.parts.kernel).toBe(16 * small.parts.kernel);
    expect(small.parts.kernel).toBe(8 * 20 ** 2);
    expect((await sizes(40, { workers: 3 })).parts.workspace).toBe(3 * large.parts.workspace);
    expect((await sizes(40, { workers: 3 })).seconds).toBeCloseTo(large.seconds / 3, 12);
    expect((await sizes(40, { byGroup: true })).parts.kernel).toBe(4 * large.parts.kernel);
    const toy = toyTangent(await createBackend("wasm"));
    const both = estimateKernel(toy, toyBatch(toyTexts(10, 1)), toyBatch(toyTexts(5, 2)));
    expect(both.parts.kernel).toBe(8 * 20 * (20 + 10));
    expect(Object.values(large.parts).reduce((a, b) => a + b)).toBe(large.bytes);
  });

  it("leaves out what is not asked for", async () => {
    const { contraction } = await sizes(10, { parameters: "head" });
    expect(Object.keys(contraction)).toEqual(["head.weight", "head.bias"]);
  });

  it.skipIf(!hasShared)("is an upper bound of the backend's memory, and not a wild one", async () => {
    const reference = await readReference(`${referenceFolder("nano-gpt-neo")}/reference.safetensors`);
    const backend = await createBackend("wasm");
    const model = modelFromRecipe(await openCheckpoint(modelFolder("nano-gpt-neo")), backend);
    const tangent = model.readout({ kind: "head", outputs: 5, init: "gaussian", pool: "mean", seed: 1 });
    const batch = batchOf(reference);
    await ntkBlocks(tangent, batch, batch, { workers: 1 });
    const { instanceBytes } = estimateKernel(tangent, batch, batch);
    const { peakBytes } = backend.memory();
    expect(instanceBytes).toBeGreaterThan(peakBytes);
    expect(instanceBytes).toBeLessThan(4 * peakBytes);
    model.dispose();
  });
});
