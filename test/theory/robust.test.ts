/** Kernels of zeros, of one eigenvalue, with round-off below 0, one text, equal labels, no noise: results or clear errors, never NaN. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CallError, DataError } from "../../src/errors.ts";
import { randomStream } from "../../src/random.ts";
import {
  fitDecay,
  gradientDescent,
  gradientDescentMse,
  gradientFlow,
  kernelDrift,
  kernelRidge,
  learningCurve,
  linearisationError,
  minibatchMoments,
  moreLabels,
  ridgePath,
} from "../../src/theory/index.ts";
import { randomKernel } from "./kernels.ts";

/** Paths of the NaNs in a result. */
function nans(value: unknown, path: string): string[] {
  if (typeof value === "number") return Number.isNaN(value) ? [path] : [];
  if (value === null || typeof value !== "object") return [];
  return Object.entries(value).flatMap(([key, part]) => nans(part, `${path}.${key}`));
}

/** Runs; a CallError or DataError in the house form is an answer too. */
async function answer(name: string, run: () => unknown): Promise<string[]> {
  try {
    return nans(await run(), name);
  } catch (error) {
    if (error instanceof CallError || error instanceof DataError) {
      expect(error.message).toMatch(/expected .*, got /);
      return [];
    }
    throw error;
  }
}

const problems = fc.record({
  n: fc.integer({ min: 1, max: 5 }),
  outputs: fc.integer({ min: 1, max: 2 }),
  kind: fc.constantFrom("zero", "one", "ones", "identity", "low", "negative", "huge", "tiny"),
  labels: fc.constantFrom("zero", "constant", "random"),
  seed: fc.integer({ min: 0, max: 1e6 }),
});

function make({ n, outputs, kind, labels, seed }: typeof problems extends fc.Arbitrary<infer T> ? T : never) {
  const N = n * outputs;
  const { gaussian } = randomStream(seed);
  const low = randomKernel(N, Math.max(1, Math.floor(N / 2)), seed);
  const kernels: Record<string, Float64Array> = {
    zero: new Float64Array(N * N),
    one: Float64Array.from({ length: N * N }, (_, at) => (at === 0 ? 3 : 0)),
    ones: new Float64Array(N * N).fill(1),
    identity: Float64Array.from({ length: N * N }, (_, at) => (at % (N + 1) === 0 ? 1 : 0)),
    low,
    negative: low.map((value, at) => (at % (N + 1) === 0 ? value - 1e-15 : value)),
    huge: low.map((value) => 1e120 * value),
    tiny: low.map((value) => 1e-120 * value),
  };
  const targets = Float64Array.from({ length: N }, () =>
    labels === "zero" ? 0 : labels === "constant" ? 0.7 : gaussian(),
  );
  return { kernel: kernels[kind], n, outputs, targets, f0: new Float64Array(N), residual: targets };
}

describe("degenerate problems", () => {
  it("give numbers or say what is wrong", async () => {
    await fc.assert(
      fc.asyncProperty(problems, async (options) => {
        const problem = make(options);
        const { kernel, n, outputs, targets, f0 } = problem;
        const N = n * outputs;
        const test = { cross: kernel, f0 };
        const prior = Float64Array.from({ length: N }, (_, i) => kernel[i * (N + 1)]);
        const found: string[] = [];
        for (const how of [{}, { momentum: 0.9 }, { weightDecay: 0.1 }, { dynamics: "flow" as const }]) {
          for (const stepSize of [0.01, 5]) {
            const name = JSON.stringify({ ...how, stepSize });
            const all = { ...problem, stepSize, ...how };
            for (const t of [0, 1, 7, 1e6, Infinity]) {
              found.push(
                ...(await answer(`descent ${name} ${t}`, async () => {
                  const gd = await gradientDescentMse(all);
                  const variance = gd.variance({ cross: kernel, sigma: 0.5, prior });
                  return [gd.residual(t), gd.loss(t), gd.dual(t), gd.predictor(test)(t), variance(t)];
                })),
              );
            }
          }
        }
        const few = { ...problem, stepSize: 0.01, steps: [0, 3], test };
        found.push(
          ...(await answer("step by step", () => gradientDescent({ ...few, loss: "ce" }))),
          ...(await answer("minibatch", () => minibatchMoments({ ...few, batchSize: 1, replacement: true }))),
          ...(await answer("ridge", async () => (await kernelRidge({ ...problem, penalty: 1e-3 })).residual)),
          ...(await answer("ridge path", () =>
            ridgePath({ ...problem, stepSize: 0.01, steps: [0, 1, 1000] }),
          )),
          ...(await answer("more labels", () => moreLabels({ ...problem, more: [0, 3], draws: 2 }))),
          ...(await answer("more labels, eta", () =>
            moreLabels({ ...problem, eta: 2, more: [9], draws: 2 }),
          )),
          ...(await answer("drift", () =>
            kernelDrift({ before: kernel, after: kernel.map((v) => 2 * v), n, stepSize: 1, eta: 1 }),
          )),
          ...(await answer("linearisation", () =>
            linearisationError({ before: f0, linear: targets, real: f0, outputs, targets }),
          )),
          ...(await answer("decay", () => fitDecay(prior))),
          ...(await answer("learning curve", () =>
            learningCurve({ eigenvalues: prior, coefficients: targets, n: [1, n], ridge: 0, sigma: 0 }),
          )),
        );
        if (options.kind !== "huge") {
          for (const loss of ["mse", "ce"] as const) {
            const flow = { ...problem, loss, clocks: [0, 0.5], test, maxSteps: 2000 };
            found.push(...(await answer(`flow ${loss}`, () => gradientFlow(flow))));
            const limit = { ...flow, weightDecay: 0.5, clocks: [Infinity] };
            found.push(...(await answer(`limit ${loss}`, () => gradientFlow(limit))));
          }
        }
        expect(found).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });
});
