import { describe, expect, it } from "vitest";
import { trainingClock } from "../../src/theory/index.ts";

const plain = { stepSize: 0.1, n: 60, outputs: 3 };

describe("training clock", () => {
  it("full batch: η_t = αt, one step an epoch", () => {
    expect(trainingClock(plain)).toEqual({ etaPerStep: 0.1, stepsPerEpoch: 1 });
  });
  it("minibatches: each step still adds α; E epochs are E·n/b steps", () => {
    expect(trainingClock({ ...plain, batchSize: 8 })).toEqual({ etaPerStep: 0.1, stepsPerEpoch: 7.5 });
    expect(trainingClock({ ...plain, batchSize: 500 }).stepsPerEpoch).toBe(1);
  });
  it("momentum: α/(1 − m); mean over outputs without the ½: 2α/C", () => {
    expect(trainingClock({ ...plain, momentum: 0.9 }).etaPerStep).toBeCloseTo(1, 14);
    expect(trainingClock({ ...plain, loss: "mean" }).etaPerStep).toBeCloseTo(0.2 / 3, 16);
  });
  it("refuses momentum 1 and a batch of 0", () => {
    expect(() => trainingClock({ ...plain, momentum: 1 })).toThrow(/momentum below 1/);
    expect(() => trainingClock({ ...plain, batchSize: 0 })).toThrow(/batchSize/);
  });
});
