/** Against gradient descent in parameter space on tangent models of real architectures, made elsewhere (../shared/reference/training). */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { crossEntropyGradient, gradientDescent, gradientDescentMse } from "../../src/theory/index.ts";
import { relativeDistance } from "../support/matrices.ts";
import { task } from "./kernels.ts";

const folder = join(import.meta.dirname, "../../../shared/reference/training");
const present = existsSync(folder);
if (!present) console.warn(`${folder} is missing: gradient descent is not compared with reference runs`);

/** Float64 tensors of a safetensors file by name. */
function tensors(path: string): Record<string, Float64Array> {
  const bytes = readFileSync(path);
  const length = Number(bytes.readBigUInt64LE(0));
  const header: Record<string, { dtype: string; data_offsets: [number, number] }> = JSON.parse(
    bytes.toString("utf8", 8, 8 + length),
  );
  return Object.fromEntries(
    Object.entries(header)
      .filter(([, entry]) => entry.dtype === "F64")
      .map(
        ([
          name,
          {
            data_offsets: [from, to],
          },
        ]) => {
          const copy = bytes.subarray(8 + length + from, 8 + length + to);
          return [name, new Float64Array(Uint8Array.from(copy).buffer)];
        },
      ),
  );
}

describe.skipIf(!present)("reference runs of tangent models, steps 0, 10, …, 200", () => {
  for (const model of ["gpt-neo-tiny.head", "gpt-neo-tiny.prompt", "bert-tiny.checkpoint"]) {
    const file = join(folder, `${model}.linearised`);
    const steps = Array.from({ length: 21 }, (_, k) => 10 * k);
    const load = () => {
      const { n, outputs, runs } = JSON.parse(readFileSync(`${file}.json`, "utf8"));
      const all = tensors(`${file}.safetensors`);
      const { ntk: kernel, cross, f0, f02, targets } = all;
      const labels = targets ?? tensors(join(folder, `${model}.squared.safetensors`)).targets;
      return { n, outputs, runs, kernel, f0, targets: labels, test: { cross, f0: f02 }, all };
    };
    const at = (whole: Float64Array, k: number, size: number) => whole.subarray(k * size, (k + 1) * size);

    it(`${model}, squared loss: closed form and step by step`, async () => {
      const { n, runs, kernel, f0, targets, test, all } = load();
      const stepSize = runs.squared.lr;
      const residual = targets.map((y, i) => y - f0[i]);
      const closed = await gradientDescentMse({ kernel, n, residual, stepSize });
      const predict = closed.predictor(test);
      const explicit = gradientDescent({ kernel, n, targets, f0, stepSize, steps, test });
      steps.forEach((t, k) => {
        const f = closed.residual(t).map((r, i) => targets[i] - r);
        const truth = at(all["squared.f"], k, f.length);
        const truth2 = at(all["squared.f2"], k, test.f0.length);
        expect(relativeDistance(f, truth)).toBeLessThan(1e-10);
        expect(relativeDistance(predict(t), truth2)).toBeLessThan(1e-10);
        expect(relativeDistance(explicit.train[k], truth)).toBeLessThan(1e-10);
        expect(relativeDistance((explicit.test ?? [])[k], truth2)).toBeLessThan(1e-10);
        expect(Math.abs(closed.loss(t) / runs.squared.loss[t] - 1)).toBeLessThan(1e-9);
      });
    });

    it(`${model}, cross-entropy`, () => {
      const { n, runs, kernel, f0, targets, test, all } = load();
      const found = gradientDescent({
        ...{ kernel, n, targets, f0, steps, test },
        stepSize: runs.crossentropy.lr,
        loss: "ce",
      });
      steps.forEach((_, k) => {
        expect(relativeDistance(found.train[k], at(all["crossentropy.f"], k, f0.length))).toBeLessThan(1e-10);
        const truth2 = at(all["crossentropy.f2"], k, test.f0.length);
        expect(relativeDistance((found.test ?? [])[k], truth2)).toBeLessThan(1e-10);
      });
    });
  }
});

describe("function-space descent", () => {
  it("cross-entropy gradient is softmax − y, large logits included", () => {
    const g = crossEntropyGradient(Float64Array.of(0, Math.log(3), 1000, 0), Float64Array.of(1, 0, 0, 1), 2);
    [-0.75, 0.75, 1, -1].forEach((value, i) => {
      expect(g[i]).toBeCloseTo(value, 14);
    });
  });

  it("takes a loss of one's own, and refuses steps out of order", () => {
    const shared = {
      kernel: Float64Array.of(2),
      n: 1,
      targets: Float64Array.of(1),
      f0: Float64Array.of(0),
      stepSize: 0.5,
    };
    const sign = gradientDescent({
      ...shared,
      steps: [2],
      loss: (f, y) => f.map((v, i) => Math.sign(v - y[i])),
    });
    expect(sign.train[0][0]).toBe(1);
    expect(sign.test).toBe(null);
    expect(() => gradientDescent({ ...shared, steps: [2, 1] })).toThrow(/rising order/);
  });

  it("goes on from its state with the same bits", () => {
    const small = task({ n: 8, outputs: 3, signal: 1, offset: 0.5, seed: 5, held: 4 });
    const test = { cross: small.cross, f0: small.testF0 };
    for (const loss of ["mse", "ce"] as const) {
      const all = { ...small, stepSize: 0.3, momentum: 0.9, weightDecay: 0.01, loss, test };
      const whole = gradientDescent({ ...all, steps: [5, 20, 21, 60] });
      const first = gradientDescent({ ...all, steps: [5, 20] });
      const second = gradientDescent({ ...all, steps: [21, 60], state: first.state });
      expect([...first.train, ...second.train]).toEqual(whole.train);
      expect([...(first.test ?? []), ...(second.test ?? [])]).toEqual(whole.test);
      expect(second.state).toEqual(whole.state);
      expect(() => gradientDescent({ ...all, steps: [3], state: first.state })).toThrow(/rising order/);
    }
  });

  it("weight decay brings cross-entropy to where its pull and the labels' balance: −∇ℓ/n = μ c", () => {
    const small = task({ n: 8, outputs: 2, signal: 1, offset: 0.5, seed: 6 });
    const mu = 0.05;
    const all = { ...small, stepSize: 0.5, momentum: 0.8, weightDecay: mu, loss: "ce" as const };
    const { train, state } = gradientDescent({ ...all, steps: [3000] });
    const pull = crossEntropyGradient(train[0], small.targets, 2);
    for (let i = 0; i < pull.length; i++) expect(-pull[i] / 8).toBeCloseTo(mu * state.dual[i], 12);
  });
});
