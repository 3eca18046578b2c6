/** A call leaves nothing behind on the backend, however it ends. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { modelFromRecipe } from "../../src/model/index.ts";
import type { Model, ReadoutSpec } from "../../src/model/types.ts";
import type { Backend } from "../../src/numerics/backend.ts";
import type { LongOptions, Progress } from "../../src/progress.ts";
import { backends } from "../support/backends.ts";
import { randomBatch, tinyRecipe } from "../support/tinyGptNeo.ts";

const batch = randomBatch([3, 6, 1]);
const cotangent = { data: Float64Array.from([1, 2, 3, 4, 5, 6]), shape: [3, 2] };

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

const readouts: ReadoutSpec[] = [
  { kind: "head", outputs: 2, init: "gaussian", pool: "mean" },
  { kind: "head", outputs: 2, init: "zero", pool: "last" },
  { kind: "prompt", labelIds: [1, 2] },
];

describe.each(backends)("on $name", ({ create }) => {
  let backend: Backend;
  let model: Model;
  beforeEach(() => {
    backend = create();
    model = modelFromRecipe(tinyRecipe(), backend);
  });
  afterEach(() => backend.dispose());

  it("forward, vjp, jvp and taps leave nothing", async () => {
    for (const spec of readouts) {
      const tangent = model.readout(spec);
      const before = backend.memory();
      const left = () => {
        const { tensors, bytesInUse } = backend.memory();
        return [tensors - before.tensors, bytesInUse - before.bytesInUse];
      };
      await model.forward(batch);
      expect(left()).toEqual([0, 0]);
      await tangent.forward(batch);
      expect(left()).toEqual([0, 0]);
      await tangent.vjp(batch, cotangent);
      expect(left()).toEqual([0, 0]);
      await tangent.jvp(batch, { "transformer.wte.weight": new Float64Array(13 * 8).fill(1) });
      expect(left()).toEqual([0, 0]);
      for await (const stage of tangent.taps(batch)) backend.release(stage.taps);
      expect(left()).toEqual([0, 0]);
      for await (const stage of tangent.taps(batch, (p) => p.group === "attention.v"))
        backend.release(stage.taps);
      expect(left()).toEqual([0, 0]);
    }
  });

  it("stopping at any stage leaves only what was handed out", async () => {
    for (const spec of readouts) {
      const tangent = model.readout(spec);
      const before = backend.memory().tensors;
      const count = (await all(tangent.taps(batch))).length;
      for (let stop = 0; stop < count; stop++) {
        const start = backend.memory().tensors;
        let index = 0;
        for await (const stage of tangent.taps(batch)) {
          backend.release(stage.taps);
          if (index++ === stop) break;
        }
        expect(backend.memory().tensors).toBe(start);
      }
      expect(backend.memory().tensors).toBeGreaterThan(before); // the first, unreleased run's taps
    }
  });

  it("between stages, what is held shrinks", async () => {
    const tangent = model.readout(readouts[0]);
    const held: number[] = [];
    for await (const stage of tangent.taps(batch)) {
      backend.release(stage.taps);
      held.push(backend.memory().tensors);
    }
    expect(held).toEqual([...held].sort((a, b) => b - a));
    expect(held[0]).toBeGreaterThan(held.at(-1)!);
  });

  it("a failing call frees what it made", async () => {
    const tangent = model.readout(readouts[0]);
    const before = backend.memory().tensors;
    const failing = { ...backend, activation: fail, activationSlope: fail };
    function fail(): never {
      throw new Error("no more memory");
    }
    const broken = modelFromRecipe(tinyRecipe(), failing);
    const withWeights = backend.memory().tensors;
    const brokenTangent = broken.readout(readouts[2]);
    await expect(brokenTangent.forward(batch)).rejects.toThrow("no more memory");
    await expect(brokenTangent.vjp(batch, cotangent)).rejects.toThrow("no more memory");
    await expect(brokenTangent.jvp(batch, {})).rejects.toThrow("no more memory");
    await expect(all(brokenTangent.taps(batch))).rejects.toThrow("no more memory");
    expect(backend.memory().tensors).toBe(withWeights);
    broken.dispose();
    expect(backend.memory().tensors).toBe(before);
    expect((await tangent.forward(batch)).shape).toEqual([3, 2]);
  });

  it("gradients come one tensor at a time, those of vjp", async () => {
    for (const spec of readouts) {
      const tangent = model.readout(spec);
      const whole = await tangent.vjp(batch, cotangent);
      const single = await all(tangent.gradients(batch, cotangent));
      expect(single.map(({ name }) => name).sort()).toEqual(Object.keys(whole).sort());
      for (const { name, shape, data } of single) {
        expect(data).toEqual(whole[name]);
        expect(shape).toEqual(tangent.parameters.find((p) => p.name === name)?.shape);
      }
    }
  });

  it("an abort ends a run between two stages and leaves nothing; progress counts them all", async () => {
    const tangent = model.readout(readouts[0]);
    const before = backend.memory().tensors;
    const runs = [
      (long: LongOptions) => tangent.forward(batch, long),
      (long: LongOptions) => tangent.vjp(batch, cotangent, long),
      (long: LongOptions) => tangent.jvp(batch, {}, long),
      (long: LongOptions) => all(tangent.taps(batch, (p) => p.group === "mlp", long)),
    ];
    for (const run of runs) {
      const seen: Progress[] = [];
      const controller = new AbortController();
      const stopped = run({
        signal: controller.signal,
        onProgress: (progress) => {
          seen.push(progress);
          if (seen.length === 2) controller.abort(new Error("enough"));
        },
      });
      await expect(stopped).rejects.toThrow("enough");
      expect(seen).toHaveLength(2);
      expect(backend.memory().tensors).toBe(before);
      seen.length = 0;
      const made = await run({ onProgress: (progress) => seen.push(progress) });
      if (Array.isArray(made)) for (const { taps } of made) backend.release(taps);
      expect(seen.map(({ done }) => done)).toEqual(seen.map((_, i) => i + 1));
      expect(seen.at(-1)?.done).toBe(seen.at(-1)?.total);
    }
  });

  it("dispose frees the weights, those of readouts too", () => {
    model.readout(readouts[0]);
    model.readout(readouts[1]);
    model.dispose();
    expect(backend.memory().tensors).toBe(0);
  });
});
