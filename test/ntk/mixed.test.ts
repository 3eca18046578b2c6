/** Mixed initialization against the closed forms of an independent implementation, and against its own definition. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openCheckpoint } from "../../src/checkpoint/index.ts";
import { modelFromRecipe } from "../../src/model/index.ts";
import type { Model } from "../../src/model/types.ts";
import { empiricalNtk, mixedInitialization, splitHeadBody } from "../../src/ntk/index.ts";
import { closedForm } from "../../src/ntk/mixed.ts";
import { randomStream } from "../../src/random.ts";
import type { Batch } from "../../src/text/batch.ts";
import { backends } from "../support/backends.ts";
import { relativeError } from "../support/distance.ts";
import { batchOf, floats, hasShared, readReference, referenceFolder } from "../support/shared.ts";
import { randomBatch, tinyRecipe } from "../support/tinyGptNeo.ts";

type Reference = Awaited<ReturnType<typeof readReference>>;

describe.skipIf(!hasShared).each(backends)("gpt-neo-tiny on $name", ({ create, tolerance }) => {
  let reference: Reference;
  let head: { weight: ReturnType<typeof floats>; bias: ReturnType<typeof floats> };
  let model: Model;
  let batch: Batch;
  beforeAll(async () => {
    reference = await readReference(join(referenceFolder("ntk"), "gpt-neo-tiny.head.safetensors"));
    const architecture = await readReference(join(referenceFolder("gpt-neo-tiny"), "reference.safetensors"));
    head = { weight: floats(architecture("head.weight")), bias: floats(architecture("head.bias")) };
    model = modelFromRecipe(await openCheckpoint(referenceFolder("gpt-neo-tiny")), create());
    batch = batchOf(reference);
  });
  afterAll(() => model.backend.dispose());

  it("splits a kernel into head and body", async () => {
    const tangent = model.readout({ kind: "head", ...head, pool: "mean" });
    const split = await splitHeadBody(tangent, batch, null, { workers: 1 });
    expect(relativeError(split.head, reference("split.head").data)).toBeLessThan(tolerance);
    expect(relativeError(split.body, reference("split.body").data)).toBeLessThan(tolerance);
    const sum = split.head.map((value, k) => value + split.body[k]);
    expect(relativeError(sum, reference("full").data)).toBeLessThan(tolerance);
  });

  it("knows mean and spread over Gaussian heads in closed form", async () => {
    const mixed = await mixedInitialization(model, batch, { pool: "mean", workers: 1 });
    expect(mixed.sampled).toBeNull();
    expect(relativeError(mixed.pooled, reference("pool").data)).toBeLessThan(tolerance);
    const first = reference("split.head").data.filter((_, k) => k % 3 === 0 && Math.floor(k / 15) % 3 === 0);
    expect(relativeError(mixed.head, first as Float64Array)).toBeLessThan(tolerance);
    expect(relativeError(mixed.mean, reference("gaussian_body_mean").data)).toBeLessThan(tolerance);
    expect(relativeError(mixed.deviation, reference("gaussian_body_sd.same").data)).toBeLessThan(tolerance);
    expect(relativeError(mixed.deviationBetween, reference("gaussian_body_sd.different").data)).toBeLessThan(
      tolerance,
    );
    const twice = await mixedInitialization(model, batch, {
      pool: "mean",
      workers: 1,
      scale: 2,
      heads: "exact",
    });
    expect(
      relativeError(
        twice.mean,
        mixed.mean.map((value) => 4 * value),
      ),
    ).toBeLessThan(1e-15);
    expect(
      relativeError(
        twice.deviation,
        mixed.deviation.map((value) => 4 * value),
      ),
    ).toBeLessThan(1e-15);
  });
});

describe.skipIf(!hasShared)("sampled heads", () => {
  let model: Model;
  let batch: Batch;
  beforeAll(async () => {
    model = modelFromRecipe(await openCheckpoint(referenceFolder("gpt-neo-tiny")), backends[1].create());
    batch = batchOf(await readReference(join(referenceFolder("ntk"), "gpt-neo-tiny.head.safetensors")));
  });
  afterAll(() => model.backend.dispose());

  it("come as close to the closed form as their standard error says", async () => {
    const options = { pool: "last", workers: 1, scale: 0.5 } as const;
    const exact = await mixedInitialization(model, batch, { ...options, heads: "exact" });
    const drawn = await mixedInitialization(model, batch, { ...options, heads: 48, seed: 3 });
    expect(drawn.sampled?.heads).toBe(48);
    expect(drawn.head).toEqual(exact.head);
    let worst = 0;
    let mean = 0;
    drawn.mean.forEach((value, k) => {
      const error = Math.abs(value - exact.mean[k]) / (exact.deviation[k] / Math.sqrt(48));
      worst = Math.max(worst, error);
      mean += error / drawn.mean.length;
    });
    // 15 different entries, correlated, near Gaussian: E|z| = 0.8.
    expect(worst).toBeLessThan(4);
    expect(mean).toBeGreaterThan(0.1);
    expect(relativeError(drawn.deviation, exact.deviation)).toBeLessThan(0.4);
    expect(relativeError(drawn.deviationBetween, exact.deviationBetween)).toBeLessThan(0.2);
    const again = await mixedInitialization(model, batch, { ...options, heads: 48, seed: 3 });
    expect(again.mean).toEqual(drawn.mean);
  });

  it("are what heads of that seed give one by one", async () => {
    const d = model.hiddenSize;
    const drawn = await mixedInitialization(model, batch, { pool: "mean", heads: 2, seed: 5, workers: 1 });
    const { gaussian } = randomStream(5);
    const weights = [0, 1].map(() => Float64Array.from({ length: d }, () => gaussian() / Math.sqrt(d)));
    const kernels: Float64Array[] = [];
    for (const weight of weights) {
      const bias = { data: new Float64Array(1), shape: [1] };
      const tangent = model.readout({
        kind: "head",
        weight: { data: weight, shape: [1, d] },
        bias,
        pool: "mean",
      });
      kernels.push((await empiricalNtk(tangent, batch, null, { workers: 1, parameters: "body" })).data);
    }
    expect(
      relativeError(
        drawn.mean,
        kernels[0].map((value, k) => (value + kernels[1][k]) / 2),
      ),
    ).toBeLessThan(1e-6);
  });

  it.each([{ heads: 1 }, { heads: 2.5 }, { scale: 0 }, { scale: Number.NaN }])(
    "refuses %o",
    async (options) => {
      const call = mixedInitialization(model, batch, { pool: "mean", ...options });
      await expect(call).rejects.toThrow(/mixedInitialization, (heads|scale): expected/);
      await expect(call).rejects.toMatchObject({ name: "CallError" });
    },
  );
});

it("the closed form is the same in tiles of a few texts", async () => {
  const tiny = modelFromRecipe(tinyRecipe(), backends[1].create());
  const d = tiny.hiddenSize;
  const batch = randomBatch([3, 1, 4, 1, 5]);
  const identity = Float64Array.from({ length: d * d }, (_, k) => (k % (d + 1) === 0 ? 1 : 0));
  const bias = { data: new Float64Array(d), shape: [d] };
  const state = tiny.readout({ kind: "head", weight: { data: identity, shape: [d, d] }, bias, pool: "mean" });
  const whole = await closedForm(state, batch, 1, { workers: 1 });
  const tiled = await closedForm(state, batch, 1, { workers: 1 }, 2 * d);
  for (const key of ["mean", "deviation", "deviationBetween"] as const) {
    expect(relativeError(tiled[key], whole[key]), key).toBeLessThan(1e-6);
  }
  tiny.dispose();
});
