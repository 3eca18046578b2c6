/** Kernels on threads of their own, from build/worker.js (npm test builds first): the same bits, however many there are. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openCheckpoint } from "../../src/checkpoint/index.ts";
import { modelFromRecipe } from "../../src/model/index.ts";
import type { Model, TangentModel } from "../../src/model/types.ts";
import { empiricalNtk, type KernelBlocks, ntkBlocks } from "../../src/ntk/index.ts";
import { createBackend } from "../../src/numerics/index.ts";
import { randomStream } from "../../src/random.ts";
import type { Batch } from "../../src/text/batch.ts";
import { hasShared, referenceFolder } from "../support/shared.ts";

const fixture = (name: string) => pathToFileURL(join(import.meta.dirname, "../fixtures", name));

function randomBatch(n: number, seed: number): Batch {
  const random = randomStream(seed);
  const T = 32;
  const batch: Batch = {
    inputIds: new Int32Array(n * T),
    attentionMask: new Uint8Array(n * T),
    shape: [n, T],
  };
  for (let i = 0; i < n; i++) {
    const length = 20 + random.integer(T - 19);
    for (let t = 0; t < length; t++) {
      batch.inputIds[i * T + t] = random.integer(128);
      batch.attentionMask[i * T + t] = 1;
    }
  }
  return batch;
}

describe.skipIf(!hasShared)("gpt-neo-tiny", () => {
  // Enough texts for several blocks, groups and tiles.
  const train = randomBatch(80, 1);
  const test = randomBatch(55, 2);
  let model: Model;
  let tangent: TangentModel;

  beforeAll(async () => {
    const checkpoint = await openCheckpoint(referenceFolder("gpt-neo-tiny"));
    model = modelFromRecipe(checkpoint, await createBackend("wasm"));
    tangent = model.readout({ kind: "head", outputs: 3, init: "gaussian", pool: "mean", seed: 3 });
  });
  afterAll(() => model.dispose());

  it("has the same bits with 1, 2 and 3 workers", async () => {
    const runs: KernelBlocks[] = [];
    for (const workers of [1, 2, 3]) {
      runs.push(await ntkBlocks(tangent, train, test, { workers, byGroup: true }));
      expect(runs[runs.length - 1].workers).toBe(workers);
    }
    const [alone, ...others] = runs;
    for (const other of others) {
      expect(other.train).toEqual(alone.train);
      expect(other.cross).toEqual(alone.cross);
      expect(other.groups).toEqual(alone.groups);
      expect(other.f0).toEqual(alone.f0);
      expect(other.f0Test).toEqual(alone.f0Test);
    }
  });

  it.each([
    { kernel: "signgd", outputs: "full" },
    { kernel: "asymmetric", outputs: "mean" },
    { kernel: "sgd", outputs: "pseudo" },
  ] as const)("$kernel, $outputs: has the same bits with 1 and 2 workers", async (variant) => {
    const [few, more] = [randomBatch(40, 5), randomBatch(30, 6)];
    const alone = await ntkBlocks(tangent, few, more, { workers: 1, byGroup: true, ...variant });
    const two = await ntkBlocks(tangent, few, more, { workers: 2, byGroup: true, ...variant });
    expect({ ...two, workers: 1 }).toEqual(alone);
  });

  it("works on the reference backend as well", async () => {
    const checkpoint = await openCheckpoint(referenceFolder("gpt-neo-tiny"));
    const exact = modelFromRecipe(checkpoint, await createBackend("reference"));
    const small = randomBatch(6, 4);
    const readout = exact.readout({ kind: "prompt", labelIds: [5, 9] });
    const one = await empiricalNtk(readout, small, null, { workers: 1 });
    const two = await empiricalNtk(readout, small, null, { workers: 2 });
    expect(two.data).toEqual(one.data);
    exact.dispose();
  });

  it("ends its workers when aborted", async () => {
    const controller = new AbortController();
    const onProgress = ({ done }: { done: number }) => {
      if (done > 0) controller.abort(new Error("that will do"));
    };
    const call = ntkBlocks(tangent, train, test, { workers: 2, signal: controller.signal, onProgress });
    await expect(call).rejects.toThrow("that will do");
  });

  it("fails with the worker's reason when one dies", async () => {
    const dying = ntkBlocks(tangent, train, null, { workers: 2, workerUrl: fixture("dying-worker.mjs") });
    await expect(dying).rejects.toThrow(/worker \d of 2 died: .*out of breath/);
    const missing = ntkBlocks(tangent, train, null, { workers: 2, workerUrl: fixture("no-such-worker.mjs") });
    await expect(missing).rejects.toThrow(/worker \d of 2 died: .*no-such-worker/);
  });

  it("keeps kind and words of an error in a worker", async () => {
    const [name] = Object.keys(tangent.recipe.model.tensors);
    const { [name]: _, ...tensors } = tangent.recipe.model.tensors;
    const broken: TangentModel = {
      ...tangent,
      recipe: { ...tangent.recipe, model: { ...tangent.recipe.model, tensors } },
    };
    const call = ntkBlocks(broken, train, null, { workers: 2 });
    await expect(call).rejects.toThrow(name.replace("transformer.", ""));
    await expect(call).rejects.toMatchObject({ name: "DataError" });
  });
});
