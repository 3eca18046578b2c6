/**
 * What ntkit predicts is what gradient descent on the linearised shipped model does: full-batch steps on
 * f₀ + J(θ − θ₀), carried out in parameter space with jvp and vjp, never forming a kernel. Two texts a class: with one, the loss
 * falls to 1e-14 within the 200 steps, where the float32 descent itself is at its rounding (the prediction still agrees with a
 * float64 kernel to 3e-6 there), so there would be nothing to compare with.
 */
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadModel, type TangentModel } from "../../src/model/index.ts";
import { ntkBlocks } from "../../src/ntk/index.ts";
import { readFile } from "../../src/runtime/index.ts";
import { kernelSpectrum } from "../../src/study/index.ts";
import type { Batch } from "../../src/text/batch.ts";
import { loadTokenizer, oneHot, readDataset, tokenize } from "../../src/text/index.ts";
import { trainingCurves } from "../../src/theory/index.ts";

const assets = join(import.meta.dirname, "../../assets");
const STEPS = 200;
/** Held-out outputs cost a forward pass of their own: looked at now and then. */
const EVERY = 10;

async function batchOf(file: string, perClass: number) {
  const set = readDataset(await readFile(join(assets, "snips", file)), { name: file, perClass });
  const tokenizer = await loadTokenizer(join(assets, "nano-gpt-neo"));
  return {
    batch: tokenize(tokenizer, set.texts),
    targets: oneHot(set.labels, set.classes),
    C: set.classes.length,
  };
}

/** L at θ₀ … θ_STEPS on both sets, by STEPS reverse and forward passes. */
async function descend(
  tangent: TangentModel,
  train: Batch,
  y: Float64Array,
  test: Batch,
  yTest: Float64Array,
  alpha: number,
) {
  const C = tangent.outputs;
  const n = train.shape[0];
  const delta: Record<string, Float64Array> = {};
  for (const { name, shape } of tangent.parameters)
    delta[name] = new Float64Array(shape.reduce((a, b) => a * b, 1));
  const f0 = (await tangent.forward(train)).data;
  const f0Test = (await tangent.forward(test)).data;
  const loss = (f: ArrayLike<number>, g: ArrayLike<number>, target: Float64Array) =>
    target.reduce((sum, value, i) => sum + (f[i] + g[i] - value) ** 2, 0) / (2 * (target.length / C));
  const losses = { train: [] as number[], test: [] as number[] };
  for (let t = 0; ; t++) {
    const moved = (await tangent.jvp(train, delta)).data;
    losses.train.push(loss(f0, moved, y));
    if (t % EVERY === 0) losses.test.push(loss(f0Test, (await tangent.jvp(test, delta)).data, yTest));
    if (t === STEPS) return losses;
    const cotangent = Float64Array.from(y, (value, i) => (f0[i] + moved[i] - value) / n);
    const gradient = await tangent.vjp(train, { data: cotangent, shape: [n, C] });
    for (const [name, step] of Object.entries(delta)) {
      const g = gradient[name];
      for (let j = 0; j < step.length; j++) step[j] -= alpha * g[j];
    }
  }
}

describe("predicted curves", () => {
  it("agree with gradient descent on the linearised shipped model to 1e-3 for 200 steps", async () => {
    const train = await batchOf("train.csv", 2);
    const test = await batchOf("test.csv", 2);
    const model = await loadModel(join(assets, "nano-gpt-neo"));
    const tangent = model.readout({
      kind: "head",
      outputs: train.C,
      init: "gaussian",
      pool: "mean",
      seed: 0,
    });
    const blocks = await ntkBlocks(tangent, train.batch, test.batch, { workers: 1 });
    const n = train.batch.shape[0];
    const spectrum = await kernelSpectrum(blocks.train, n);
    const alpha = 1 / spectrum.values[0];
    const steps = Array.from({ length: STEPS + 1 }, (_, t) => t);
    const predicted = trainingCurves({
      spectrum,
      n,
      outputs: train.C,
      targets: train.targets,
      f0: blocks.f0,
      etaPerStep: alpha,
      steps,
      test: { cross: blocks.cross as Float64Array, targets: test.targets, f0: blocks.f0Test as Float64Array },
    });
    const real = await descend(tangent, train.batch, train.targets, test.batch, test.targets, alpha);
    for (const t of steps) {
      expect(Math.abs(predicted.train_loss[t] / real.train[t] - 1)).toBeLessThan(1e-3);
    }
    for (const [i, test] of real.test.entries()) {
      expect(Math.abs((predicted.test_loss as number[])[i * EVERY] / test - 1)).toBeLessThan(1e-3);
    }
    expect(real.test.length).toBe(STEPS / EVERY + 1);
    // Something was learned: the test cannot pass by standing still.
    expect(real.train[STEPS]).toBeLessThan(0.5 * real.train[0]);
    model.dispose();
  });
});
