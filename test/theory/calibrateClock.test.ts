import { describe, expect, it } from "vitest";
import { CallError, DataError } from "../../src/errors.ts";
import { randomStream } from "../../src/random.ts";
import { decompose } from "../../src/theory/eigenbasis.ts";
import { calibrateClock } from "../../src/theory/index.ts";
import { task } from "./kernels.ts";

const { kernel, n, targets, f0 } = task({ n: 15, outputs: 2, signal: 0.8, offset: 0.3, seed: 2 });
const N = 30;
const initial = targets.map((y, i) => y - f0[i]);

/** r ← r − α Θ r/n, `count` times. */
function descend(alpha: number, count: number): Float64Array {
  let r = Float64Array.from(initial);
  for (let t = 0; t < count; t++) {
    const old = r;
    r = old.map((value, i) => {
      let sum = 0;
      for (let j = 0; j < N; j++) sum += kernel[i * N + j] * old[j];
      return value - (alpha * sum) / n;
    });
  }
  return r;
}

describe("the clock read from residuals", () => {
  it("of small steps of gradient descent is α t, and nothing is left unexplained", async () => {
    const spectrum = await decompose(kernel, n);
    const alpha = 0.002 / spectrum.values[0];
    const steps = [1, 10, 100, 1000];
    const found = calibrateClock({
      spectrum,
      initial,
      steps,
      residuals: steps.map((t) => descend(alpha, t)),
    });
    steps.forEach((t, k) => {
      expect(Math.abs(found.eta[k] / (alpha * t) - 1)).toBeLessThan(2e-3);
      expect(found.misfit[k]).toBeLessThan(2e-3);
    });
    expect(Math.abs(found.etaPerUnit / alpha - 1)).toBeLessThan(2e-3);
    expect(found.unevenness).toBeLessThan(2e-3);
  });

  it("knows a schedule by its work", async () => {
    const spectrum = await decompose(kernel, n);
    const alpha = 0.01 / spectrum.values[0];
    const work = [2, 3.5, 4];
    const residuals = [200, 350, 400].map((t) => descend(alpha, t));
    const found = calibrateClock({ spectrum, initial, steps: [4, 9, 20], residuals, work });
    expect(Math.abs(found.etaPerUnit / (100 * alpha) - 1)).toBeLessThan(1e-2);
    const uneven = calibrateClock({ spectrum, initial, steps: [4, 9, 20], residuals });
    expect(uneven.unevenness).toBeGreaterThan(0.1);
  });

  it("says when a movement is not the path's", async () => {
    const spectrum = await decompose(kernel, n);
    const random = randomStream(1);
    const elsewhere = initial.map((value) => value + random.gaussian());
    const found = calibrateClock({ spectrum, initial, steps: [3], residuals: [elsewhere] });
    expect(found.misfit[0]).toBeGreaterThan(0.7);
    const still = calibrateClock({ spectrum, initial, steps: [0, 3], residuals: [initial, initial] });
    expect(still).toMatchObject({ eta: [0, 0], misfit: [0, 0], etaPerUnit: 0, unevenness: 0 });
  });

  it("refuses bad input", async () => {
    const spectrum = await decompose(kernel, n);
    const call = (more: object) => () =>
      calibrateClock({ spectrum, initial, steps: [1], residuals: [initial], ...more });
    expect(call({ steps: [] })).toThrow(CallError);
    expect(call({ residuals: [initial.slice(1)] })).toThrow(CallError);
    expect(call({ residuals: [initial.map(() => Number.NaN)] })).toThrow(DataError);
    expect(call({ spectrum: { ...spectrum, values: new Float64Array(N) } })).toThrow(/not 0/);
  });
});
