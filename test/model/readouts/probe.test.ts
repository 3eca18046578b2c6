/** The probe against its normal equations and against probes of all texts but one: fewer texts than features, and more. */
import { describe, expect, it } from "vitest";
import { CallError } from "../../../src/errors.ts";
import { fitProbe, modelFromRecipe, probeHead } from "../../../src/model/index.ts";
import { createReferenceBackend } from "../../../src/numerics/reference/backend.ts";
import { randomStream } from "../../../src/random.ts";
import { randomArray } from "../../support/layerPass.ts";
import { randomBatch, tinyRecipe } from "../../support/tinyGptNeo.ts";

const d = 8;
const C = 2;

function problem(n: number) {
  const model = modelFromRecipe(tinyRecipe(), createReferenceBackend());
  const batch = randomBatch(Array.from({ length: n }, (_, i) => 1 + ((3 * i) % 7)));
  const targets = { data: randomArray(n * C, 5), shape: [n, C] };
  return { model, batch, targets };
}

/** Half the mean squared distance. */
const loss = (f: ArrayLike<number>, y: ArrayLike<number>, n: number) => {
  let sum = 0;
  for (let j = 0; j < y.length; j++) sum += (f[j] - y[j]) ** 2;
  return sum / (2 * n);
};

describe.each(["mean", "first", "last"] as const)("probeHead, pool %s", (pool) => {
  it.each([
    [5, 0.3],
    [40, 0.3],
    [40, 0],
  ])("%i texts, penalty %d: the gradient of the penalised loss vanishes", async (n, penalty) => {
    const { model, batch, targets } = problem(n);
    const { weight, bias, trainLoss } = await probeHead(model, batch, targets, { pool, penalty });
    // Pooled states by the readout itself: a head of unit rows.
    const unit = Float64Array.from({ length: d * d }, (_, j) => (j % (d + 1) === 0 ? 1 : 0));
    const identity = { data: unit, shape: [d, d] };
    const none = { data: new Float64Array(d), shape: [d] };
    const states = await model.readout({ kind: "head", weight: identity, bias: none, pool }).forward(batch);
    const f = await model.readout({ kind: "head", weight, bias, pool }).forward(batch);
    expect(trainLoss).toBeCloseTo(loss(f.data, targets.data, n), 10);
    for (let c = 0; c < C; c++) {
      const residual = Array.from({ length: n }, (_, i) => f.data[i * C + c] - targets.data[i * C + c]);
      expect(Math.abs(residual.reduce((a, b) => a + b))).toBeLessThan(1e-10);
      for (let j = 0; j < d; j++) {
        const slope = residual.reduce((sum, r, i) => sum + r * states.data[i * d + j], 0);
        expect(Math.abs(slope + penalty * weight.data[c * d + j])).toBeLessThan(1e-8);
      }
    }
  });
});

describe.each([
  [6, 9],
  [30, 4],
])("leave-one-out, %i texts of %i features", (n, features) => {
  const H = randomArray(n * features, 1).map((value) => value + 3);
  const truth = randomArray(features, 2);
  const noise = randomArray(n * C, 3);
  const Y = noise.map((value, j) => {
    const i = Math.floor(j / C);
    let sum = 0.5 * value;
    for (let k = 0; k < features; k++) sum += truth[k] * H[i * features + k];
    return sum;
  });
  const without = (x: Float64Array, i: number, width: number) =>
    Float64Array.from([...x.subarray(0, i * width), ...x.subarray((i + 1) * width)]);

  it.each([0.01, 1, 50])("penalty %d: the loss of probes refitted without each text", (penalty) => {
    const sizes = { n, d: features, C };
    const { looLoss } = fitProbe(H, Y, { ...sizes, penalty });
    const predicted = new Float64Array(n * C);
    for (let i = 0; i < n; i++) {
      const rest = { n: n - 1, d: features, C, penalty };
      const { weight, bias } = fitProbe(without(H, i, features), without(Y, i, C), rest);
      for (let c = 0; c < C; c++) {
        predicted[i * C + c] = bias.data[c];
        for (let k = 0; k < features; k++) {
          predicted[i * C + c] += weight.data[c * features + k] * H[i * features + k];
        }
      }
    }
    expect(looLoss / loss(predicted, Y, n)).toBeCloseTo(1, 9);
  });

  it("takes the penalty of least loss among those it tried", () => {
    const { penalty, looLoss, tried } = fitProbe(H, Y, { n, d: features, C });
    expect(tried.penalty.length).toBe(41);
    expect(looLoss).toBe(Math.min(...tried.looLoss));
    expect(tried.looLoss[tried.penalty.indexOf(penalty)]).toBe(looLoss);
    expect(fitProbe(H, Y, { n, d: features, C, penalty }).looLoss).toBe(looLoss);
  });
});

describe("probeHead", () => {
  it("without a penalty meets the targets of fewer texts than features", async () => {
    const { model, batch, targets } = problem(5);
    const { weight, bias } = await probeHead(model, batch, targets, { pool: "mean", penalty: 0 });
    const f = await model.readout({ kind: "head", weight, bias, pool: "mean" }).forward(batch);
    f.data.forEach((value, i) => {
      expect(value).toBeCloseTo(targets.data[i], 8);
    });
  });

  it("lets the states count for nothing where the targets have nothing to do with them", () => {
    const { gaussian } = randomStream(11);
    const [n, features] = [60, 20];
    const H = Float64Array.from({ length: n * features }, gaussian);
    const Y = Float64Array.from({ length: n }, gaussian);
    const { weight, penalty, tried } = fitProbe(H, Y, { n, d: features, C: 1 });
    expect(penalty).toBe(tried.penalty.at(-1));
    expect(Math.max(...weight.data.map(Math.abs))).toBeLessThan(1e-3);
    // States that are all alike: the mean of the targets, whatever the penalty.
    const flat = fitProbe(new Float64Array(n * features).fill(2), Y, { n, d: features, C: 1 });
    expect(flat.weight.data.every((w) => w === 0)).toBe(true);
    expect(flat.bias.data[0]).toBeCloseTo(Y.reduce((a, b) => a + b) / n, 12);
  });

  it("refuses targets of other texts, a negative penalty, two texts, and stops when told to", async () => {
    const { model, batch, targets } = problem(5);
    const other = { data: targets.data.slice(C), shape: [4, C] };
    await expect(probeHead(model, batch, other, { pool: "mean" })).rejects.toThrow(CallError);
    await expect(probeHead(model, batch, targets, { pool: "mean", penalty: -1 })).rejects.toThrow(/penalty/);
    const two = problem(2);
    await expect(probeHead(two.model, two.batch, two.targets, { pool: "mean" })).rejects.toThrow(
      /three texts/,
    );
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(probeHead(model, batch, targets, { pool: "mean", signal })).rejects.toThrow("enough");
  });
});
