import { describe, expect, it } from "vitest";
import { CallError, DataError } from "../../src/errors.ts";
import {
  decodeState,
  encodeState,
  type TrainOptions,
  type TrainState,
  train,
} from "../../src/finetune/index.ts";
import { toySet, toyTrainable } from "./toy.ts";

const set = toySet(11);
const base: TrainOptions = { train: set, learningRate: 0.2, steps: 9 };

/** Gradient descent on ½/n ‖XW − Y‖² by its own formulas, x and 1 as columns. */
function byHand(steps: number, alpha: number) {
  let W = [0.5, -0.25];
  let b = [0.1, 0];
  const xs = Array.from({ length: 11 }, (_, i) => set.batch.inputIds[3 * i] / 4);
  const losses: number[] = [];
  for (let t = 0; t <= steps; t++) {
    let loss = 0;
    const [dW, db] = [
      [0, 0],
      [0, 0],
    ];
    xs.forEach((x, i) => {
      for (const c of [0, 1]) {
        const r = W[c] * x + b[c] - set.targets[2 * i + c];
        loss += (0.5 * r * r) / 11;
        dW[c] += (r * x) / 11;
        db[c] += r / 11;
      }
    });
    losses.push(loss);
    if (t === steps) break;
    W = W.map((w, c) => w - alpha * dW[c]);
    b = b.map((w, c) => w - alpha * db[c]);
  }
  return { W, b, losses };
}

describe("train", () => {
  it("is gradient descent: losses and parameters as by hand", async () => {
    const toy = toyTrainable();
    const run = await train(toy.trainable, base);
    const hand = byHand(9, 0.2);
    expect(run.step).toBe(9);
    expect(run.points.map(({ step }) => step)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    run.points.forEach(({ trainLoss }, t) => {
      expect(Math.abs(trainLoss - hand.losses[t])).toBeLessThan(1e-14);
    });
    for (const [name, values] of [
      ["W", hand.W],
      ["b", hand.b],
    ] as const) {
      values.forEach((value, c) => {
        expect(Math.abs(toy.theta[name][c] - value)).toBeLessThan(1e-14);
      });
    }
    expect(toy.passes()).toBe(9);
  });

  it("gives the same gradient in one pass and in pieces", async () => {
    const [whole, pieces] = [toyTrainable(), toyTrainable()];
    await train(whole.trainable, base);
    await train(pieces.trainable, { ...base, textsAPass: 4 });
    expect(pieces.passes()).toBe(27);
    for (const name of ["W", "b"]) {
      whole.theta[name].forEach((value, c) => {
        expect(Math.abs(pieces.theta[name][c] - value)).toBeLessThan(1e-14);
      });
    }
  });

  it("moves the chosen parameters alone", async () => {
    const toy = toyTrainable();
    await train(toy.trainable, { ...base, wanted: ({ name }) => name === "b", optimizer: { kind: "adamw" } });
    expect([...toy.theta["W"]]).toEqual([0.5, -0.25]);
    expect([...toy.theta["b"]]).not.toEqual([0.1, 0]);
  });

  for (const [name, options] of [
    [
      "momentum, minibatches, a schedule",
      { optimizer: { kind: "sgd", momentum: 0.9 }, batchSize: 4, schedule: { kind: "cosine", warmup: 3 } },
    ],
    ["adamw, minibatches", { optimizer: { kind: "adamw" }, batchSize: 3 }],
    ["full batches, cross-entropy", { loss: "ce" }],
  ] as [string, Partial<TrainOptions>][]) {
    it(`goes on from a state bit for bit: ${name}`, async () => {
      const all = { ...base, ...options, steps: 14, seed: 3, test: toySet(5) };
      const [straight, first, second] = [toyTrainable(), toyTrainable(), toyTrainable()];
      const whole = await train(straight.trainable, all);
      const states: TrainState[] = [];
      const cut = train(first.trainable, {
        ...all,
        saveEvery: 5,
        onState: (state) => void states.push(state),
        onStep({ step }) {
          if (step === 7) throw new Error("killed");
        },
      });
      await expect(cut).rejects.toThrow("killed");
      expect(states.map(({ step }) => step)).toEqual([5]);
      const { state } = await decodeState("state.safetensors", encodeState(states[0], { any: 1 }));
      const rest = await train(second.trainable, { ...all, resume: state });
      expect(second.theta).toEqual(straight.theta);
      expect(rest.points).toEqual(whole.points);
      expect(rest.batchLoss).toEqual(whole.batchLoss);
      expect(rest.state).toEqual(whole.state);
    });
  }

  it("takes every text once an epoch, in another order each, the same for the same seed", async () => {
    const seen: number[][] = [];
    const record = (options: Partial<TrainOptions>) =>
      train(toyTrainable().trainable, {
        ...base,
        batchSize: 4,
        steps: 6,
        ...options,
        onStep: ({ rows }) => void seen.push([...rows]),
      });
    await record({ seed: 1 });
    const epochs = [seen.slice(0, 3).flat(), seen.slice(3, 6).flat()];
    for (const epoch of epochs)
      expect(epoch.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 11 }, (_, i) => i));
    expect(epochs[0]).not.toEqual(epochs[1]);
    expect(seen.map((rows) => rows.length)).toEqual([4, 4, 3, 4, 4, 3]);
    await record({ seed: 1 });
    expect(seen.slice(6, 12)).toEqual(seen.slice(0, 6));
    await record({ seed: 2 });
    expect(seen.slice(12)).not.toEqual(seen.slice(0, 6));
  });

  it("stops where it is told to, before the step", async () => {
    const toy = toyTrainable();
    const run = await train(toy.trainable, {
      ...base,
      onStep: ({ step }) => (step === 4 ? "stop" : undefined),
    });
    expect(run).toMatchObject({ step: 4, stopped: true });
    expect(run.points.at(-1)?.step).toBe(4);
    byHand(4, 0.2).W.forEach((value, c) => {
      expect(Math.abs(toy.theta["W"][c] - value)).toBeLessThan(1e-14);
    });
  });

  it("measures the test set where asked", async () => {
    const run = await train(toyTrainable().trainable, {
      ...base,
      test: toySet(6),
      measureAt: (t) => t % 4 === 0,
    });
    expect(run.points.map(({ step }) => step)).toEqual([0, 4, 8, 9]);
    for (const { testLoss, testAccuracy } of run.points) {
      expect(testLoss).toBeGreaterThan(0);
      expect((testAccuracy as number) * 6).toBeCloseTo(Math.round((testAccuracy as number) * 6), 12);
    }
  });

  it("says that it diverged, and at which step", async () => {
    await expect(train(toyTrainable().trainable, { ...base, learningRate: 1e80, steps: 40 })).rejects.toThrow(
      DataError,
    );
    await expect(train(toyTrainable().trainable, { ...base, learningRate: 1e80, steps: 40 })).rejects.toThrow(
      /at step \d+ .*smaller --lr/,
    );
  });

  it("can be aborted", async () => {
    const controller = new AbortController();
    const run = train(toyTrainable().trainable, {
      ...base,
      signal: controller.signal,
      onProgress: ({ done }) => done === 3 && controller.abort(new Error("enough")),
    });
    await expect(run).rejects.toThrow("enough");
  });

  it("refuses what makes no sense", async () => {
    const run = (options: Partial<TrainOptions>) => train(toyTrainable().trainable, { ...base, ...options });
    await expect(run({ learningRate: 0 })).rejects.toThrow(CallError);
    await expect(run({ steps: 1.5 })).rejects.toThrow(CallError);
    await expect(run({ batchSize: 0 })).rejects.toThrow(/batch size/);
    await expect(run({ wanted: () => false })).rejects.toThrow(/parameters/);
    await expect(run({ rows: [[0]] })).rejects.toThrow(/9 steps/);
    await expect(run({ optimizer: { kind: "sgd", momentum: 1 } })).rejects.toThrow(/momentum/);
    await expect(run({ optimizer: { kind: "lion" } as never })).rejects.toThrow(/sgd or adamw/);
    await expect(run({ loss: "hinge" as never })).rejects.toThrow(/mse or ce/);
    await expect(run({ schedule: { kind: "linear", warmup: 9 } })).rejects.toThrow(/warmup/);
    await expect(run({ train: { ...set, targets: set.targets.slice(1) } })).rejects.toThrow(/training set/);
    await expect(
      decodeState("x", encodeState({ ...(await run({})).state, step: 0.5 }, null)),
    ).rejects.toThrow(DataError);
  });
});
