/** The sketched kernel as an estimate: its mean, its spread, and what it says of them. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createAdapter, modelFromRecipe } from "../../../src/model/index.ts";
import type { Model, TangentModel } from "../../../src/model/types.ts";
import { empiricalNtk, type SketchOptions, sketchNtk } from "../../../src/ntk/index.ts";
import { createBackend, matmul } from "../../../src/numerics/index.ts";
import { pickTexts } from "../../../src/text/index.ts";
import { randomizedAdapter } from "../../support/adapters.ts";
import { relativeError } from "../../support/distance.ts";
import { randomBatch, tinyRecipe } from "../../support/tinyGptNeo.ts";

const C = 2;
const n = 8;
const batch = randomBatch([4, 9, 1, 6, 6, 3, 8, 10]);
// Wide enough for layers that are not thin.
const recipe = tinyRecipe({
  hidden_size: 64,
  num_heads: 2,
  intermediate_size: 96,
  num_layers: 1,
  attention_types: [[["global"], 1]],
});
let model: Model;
let tangent: TangentModel;

beforeAll(async () => {
  model = modelFromRecipe(recipe, await createBackend("wasm"));
  tangent = model.readout({ kind: "head", outputs: C, init: "gaussian", pool: "mean", seed: 2 });
});
afterAll(() => model.dispose());

const exact = async (options: Pick<SketchOptions, "outputs" | "parameters"> = {}) =>
  (await empiricalNtk(tangent, batch, null, { workers: 1, ...options })).data;
const sketch = (options: SketchOptions) => sketchNtk(tangent, batch, { workers: 1, sample: 0, ...options });

/** √(Σ (Θ_ii Θ_jj + Θ_ij²) / Σ Θ_ij²): the relative spread of a direct sketch, times √k. */
function spread(theta: Float64Array): number {
  const N = Math.sqrt(theta.length);
  let [variance, size] = [0, 0];
  theta.forEach((value, at) => {
    const [i, j] = [Math.floor(at / N), at % N];
    variance += theta[i * (N + 1)] * theta[j * (N + 1)] + value ** 2;
    size += value ** 2;
  });
  return Math.sqrt(variance / size);
}

describe("sketchNtk", () => {
  it.each(["direct", "kronecker", "auto"] as const)(
    "%s: the mean over seeds is the kernel, the spread what theory says",
    async (method) => {
      const theta = await exact();
      const [k, seeds] = [64, 60];
      const mean = new Float64Array(theta.length);
      let square = 0;
      for (let seed = 0; seed < seeds; seed++) {
        const { kernel } = await sketch({ k, seed, method });
        kernel.data.forEach((value, at) => {
          mean[at] += value / seeds;
        });
        square += relativeError(kernel.data, theta) ** 2 / seeds;
      }
      const rms = Math.sqrt(square);
      const direct = spread(theta) / Math.sqrt(k);
      expect(relativeError(mean, theta)).toBeLessThan((2 * rms) / Math.sqrt(seeds));
      expect(rms).toBeGreaterThan(0.75 * direct);
      // Kronecker: at most the extra 6 Σ_l ‖G_l‖²‖G_l′‖², here of a few blocks.
      expect(rms).toBeLessThan((method === "direct" ? 1.15 : 2) * direct);
    },
  );

  it("has an error that falls as 1/√k", async () => {
    const theta = await exact();
    const rms = async (k: number) => {
      let square = 0;
      for (let seed = 0; seed < 12; seed++) {
        square += relativeError((await sketch({ k, seed })).kernel.data, theta) ** 2 / 12;
      }
      return Math.sqrt(square);
    };
    const ratio = (await rms(32)) / (await rms(2048));
    expect(ratio).toBeGreaterThan(8 / 1.3);
    expect(ratio).toBeLessThan(8 * 1.3);
  });

  it("has the same bits for any blocks, order of texts and number of workers", async () => {
    const whole = await sketch({ k: 100, seed: 7 });
    const again = await sketch({ k: 100, seed: 7 });
    expect(again.features.data).toEqual(whole.features.data);
    const beside = await sketch({ k: 100, seed: 7, workers: 2 });
    expect(beside.features.data).toEqual(whole.features.data);
    expect(beside.f0).toEqual(whole.f0);
    const size = C * 100;
    for (let text = 0; text < n; text++) {
      const alone = await sketchNtk(tangent, pickTexts(batch, [text]), {
        k: 100,
        seed: 7,
        sample: 0,
        workers: 1,
      });
      expect(alone.features.data).toEqual(whole.features.data.slice(text * size, (text + 1) * size));
      expect(alone.f0.data).toEqual(whole.f0.data.slice(text * C, (text + 1) * C));
    }
    expect((await sketch({ k: 100, seed: 8 })).features.data).not.toEqual(whole.features.data);
  });

  it("keeps a budget, in smaller blocks of the same bits", async () => {
    const done: number[] = [];
    const whole = await sketch({ k: 100, seed: 7 });
    let memory = 2 ** 16;
    for (;;) {
      try {
        const small = await sketch({ k: 100, seed: 7, memory, onProgress: (p) => done.push(p.total) });
        expect(small.features.data).toEqual(whole.features.data);
        break;
      } catch (error) {
        if (!/got about .* one text/.test(String(error))) throw error;
        memory *= 1.1;
      }
    }
    expect(done.length).toBeGreaterThan(3);
    expect(done[0]).toBe(done.length);
  });

  it("measures its error on exact entries", async () => {
    const theta = await exact();
    const all = await sketch({ k: 128, sample: 100 });
    expect(all.error?.sample).toBe((n * C) ** 2);
    expect(Math.abs(all.error!.rms / relativeError(all.kernel.data, theta) - 1)).toBeLessThan(1e-3);
    const some = await sketch({ k: 128, sample: 3 });
    expect(some.error?.texts).toHaveLength(3);
    expect(some.error?.sample).toBe((3 * C) ** 2);
    expect(some.error!.rms).toBeGreaterThan(0.2 * all.error!.rms);
    expect(some.error!.rms).toBeLessThan(5 * all.error!.rms);
    expect((await sketch({ k: 8 })).error).toBeNull();
  });

  it.each([
    { outputs: "mean", parameters: "all" },
    { outputs: "sum", parameters: "attention" },
    { outputs: "pseudo", parameters: "body" },
    { outputs: 1, parameters: "head" },
  ] as const)("sketches $outputs over $parameters", async (options) => {
    const { kernel, features, f0 } = await sketch({ k: 4096, ...options });
    const copies = options.outputs === "mean" || options.outputs === "sum" ? C : 1;
    expect(kernel.shape).toEqual([n, n]);
    expect(features.shape).toEqual([n, copies * 4096]);
    expect(relativeError(kernel.data, await exact(options))).toBeLessThan(6 / Math.sqrt(4096));
    expect(Array.from(f0.data)).toEqual(Array.from((await tangent.forward(batch)).data));
  });

  it.each(["lora", "all"])("sketches an adapter over %s", async (parameters) => {
    const adapter = randomizedAdapter(createAdapter(recipe, { r: 4 }));
    const adapted = modelFromRecipe({ ...recipe, adapter, mode: "layered" }, await createBackend("wasm"));
    const f = adapted.readout({ kind: "head", outputs: C, init: "gaussian", pool: "last", seed: 2 });
    const { error } = await sketchNtk(f, batch, { k: 4096, parameters, workers: 1 });
    expect(error?.texts).toHaveLength(n);
    expect(error?.rms).toBeLessThan(6 / Math.sqrt(4096));
    adapted.dispose();
  });

  it("estimates the kernel between two batches from features on the same signs", async () => {
    const k = 4096;
    const other = randomBatch([5, 2, 7], 7, 11);
    const [a, b] = [await sketch({ k }), await sketchNtk(tangent, other, { k, workers: 1, sample: 0 })];
    const cross = matmul(b.features.data, a.features.data, { m: 3 * C, k, n: n * C, transposeB: true });
    const truth = await empiricalNtk(tangent, other, batch, { workers: 1 });
    expect(relativeError(cross, truth.data)).toBeLessThan(6 / Math.sqrt(k));
  });

  it("frees what it made, and stops when told", async () => {
    const before = tangent.backend.memory();
    await sketch({ k: 70 });
    const controller = new AbortController();
    const onProgress = () => controller.abort(new Error("enough"));
    await expect(sketch({ k: 70, signal: controller.signal, onProgress })).rejects.toThrow("enough");
    expect(tangent.backend.memory().tensors).toBe(before.tensors);
  });

  it("refuses what it cannot be", async () => {
    await expect(sketch({ k: 0 })).rejects.toThrow(/k, a whole number from 1/);
    await expect(sketch({ k: 8, sample: -1 })).rejects.toThrow(/sample/);
    await expect(sketch({ k: 8, outputs: 2 })).rejects.toThrow(/outputs/);
    await expect(sketch({ k: 8, method: "dense" as "direct" })).rejects.toThrow(/kronecker/);
  });
});
