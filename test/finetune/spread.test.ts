/** Training on threads, from build/trainWorker.js (npm test builds first): the same bits, however many there are. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { openCheckpoint } from "../../src/checkpoint/index.ts";
import { CallError } from "../../src/errors.ts";
import {
  type LabelledSet,
  outputsOn,
  type SpreadOptions,
  spread,
  type TrainOptions,
  type TrainState,
  train,
} from "../../src/finetune/index.ts";
import { modelFromRecipe } from "../../src/model/index.ts";
import type { Model } from "../../src/model/types.ts";
import { createBackend } from "../../src/numerics/index.ts";
import { randomStream } from "../../src/random.ts";
import { hasShared, referenceFolder } from "../support/shared.ts";

const C = 3;
const fixture = (name: string) => pathToFileURL(join(import.meta.dirname, "../fixtures", name));

/** n texts of 8 to 24 tokens: several pieces. */
function randomSet(n: number, seed: number): LabelledSet {
  const random = randomStream(seed);
  const T = 24;
  const inputIds = new Int32Array(n * T);
  const attentionMask = new Uint8Array(n * T);
  const targets = new Float64Array(n * C);
  for (let i = 0; i < n; i++) {
    const length = 8 + random.integer(T - 7);
    for (let t = 0; t < length; t++) inputIds[i * T + t] = random.integer(128);
    attentionMask.fill(1, i * T, i * T + length);
    targets[i * C + random.integer(C)] = 1;
  }
  return { batch: { inputIds, attentionMask, shape: [n, T] }, targets };
}

describe.skipIf(!hasShared)("spread", () => {
  const [set, test] = [randomSet(40, 1), randomSet(20, 2)];
  const base: TrainOptions = { train: set, test, learningRate: 1e-3, steps: 4, optimizer: { kind: "adamw" } };
  let checkpoint: Awaited<ReturnType<typeof openCheckpoint>>;
  let models: Model[] = [];

  beforeAll(async () => {
    checkpoint = await openCheckpoint(referenceFolder("gpt-neo-tiny"));
  });
  afterEach(() => {
    for (const model of models) model.dispose();
    models = [];
  });

  async function fresh(backend: "wasm" | "reference" = "wasm") {
    const model = modelFromRecipe(checkpoint, await createBackend(backend));
    models.push(model);
    return model.readout({ kind: "head", outputs: C, init: "gaussian", pool: "mean", seed: 3 });
  }

  async function run(where: SpreadOptions, options: Partial<TrainOptions> = {}) {
    const tangent = await fresh();
    const { trainable, workers, end } = await spread(tangent, where);
    try {
      const result = await train(trainable, { ...base, ...options });
      const outputs = await outputsOn(trainable, test);
      return { result, outputs, workers, here: await tangent.forward(test.batch) };
    } finally {
      await end();
    }
  }

  it.each([
    { what: "minibatches, cross-entropy", more: { loss: "ce", batchSize: 24 }, choice: {} },
    { what: "an offset", more: {}, choice: { offset: [0.5, 0, -0.5] } },
    { what: "the tangent model", more: {}, choice: { linearised: true } },
    {
      what: "one tensor",
      more: { wanted: ({ name }: { name: string }) => name.includes("c_fc") },
      choice: {},
    },
  ] as const)("has the same bits with 1, 2 and 3 threads: $what", async ({ more, choice }) => {
    const alone = await run({ workers: 1, ...choice }, more);
    expect(alone.workers).toBe(1);
    for (const workers of [2, 3]) {
      const other = await run({ workers, ...choice }, more);
      expect(other).toEqual({ ...alone, workers });
    }
    expect(alone.result.points.at(-1)!.trainLoss).toBeLessThan(alone.result.points[0].trainLoss);
  });

  it("leaves the network itself at θ of the last step", async () => {
    const { outputs, here } = await run({ workers: 2 });
    expect([...outputs.data]).toEqual([...here.data]);
  });

  it("goes on from a state that one thread left, bit for bit", async () => {
    const straight = await run({ workers: 1 });
    let saved: TrainState | undefined;
    const onState = (state: TrainState) => {
      saved = saved ?? state;
    };
    await run({ workers: 1 }, { saveEvery: 2, onState });
    const rest = await run({ workers: 2 }, { resume: saved });
    expect(saved!.step).toBe(2);
    expect(rest.result).toEqual(straight.result);
  });

  it("stays in the caller's thread where a step is little work", async () => {
    const { workers, end } = await spread(await fresh(), { positions: 100 });
    await end();
    expect(workers).toBe(1);
  });

  it("ends its threads when aborted", async () => {
    const controller = new AbortController();
    const { trainable } = await spread(await fresh(), { workers: 2, signal: controller.signal });
    const onProgress = () => controller.abort(new Error("that will do"));
    const run = train(trainable, { ...base, signal: controller.signal, onProgress });
    await expect(run).rejects.toThrow("that will do");
    await expect(trainable.crew!.forward(test.batch)).rejects.toThrow("that will do");
  });

  it("says so when a thread dies", async () => {
    const started = spread(await fresh(), { workers: 2, workerUrl: fixture("dying-worker.mjs") });
    await expect(started).rejects.toThrow(/worker [12] of 2 died/);
  });

  it("refuses passes after its end, and texts the model does not know", async () => {
    const { trainable, end } = await spread(await fresh(), { workers: 2 });
    const wrong = { ...test.batch, inputIds: test.batch.inputIds.map(() => 4096) };
    await expect(outputsOn(trainable, { batch: wrong })).rejects.toThrow(/4096/);
    await expect(outputsOn(trainable, test)).resolves.toBeDefined();
    await end();
    await expect(outputsOn(trainable, test)).rejects.toThrow(CallError);
  });
});
