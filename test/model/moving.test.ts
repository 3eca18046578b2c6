/** Parameters that move: what training needs of a model, on every tiny architecture. */
import { describe, expect, it } from "vitest";
import { CallError } from "../../src/errors.ts";
import { loadModel, type ReadoutSpec, tangentFromRecipe } from "../../src/model/index.ts";
import { createBackend } from "../../src/numerics/index.ts";
import { randomStream } from "../../src/random.ts";
import { hasShared, referenceFolder } from "../support/shared.ts";

const architectures = ["gpt-neo-tiny", "gpt2-tiny", "qwen2-tiny", "bert-tiny", "distilbert-tiny"];
const batch = {
  inputIds: Int32Array.of(5, 9, 3, 7, 8, 0),
  attentionMask: Uint8Array.of(1, 1, 1, 1, 1, 0),
  shape: [2, 3] as [number, number],
};
const head: ReadoutSpec = { kind: "head", outputs: 2, init: "gaussian", pool: "mean", seed: 4 };
const twice = ({ data, shape }: { data: ArrayLike<number>; shape: number[] }) => ({
  data: Float64Array.from(data, (value) => 2 * value),
  shape,
});

describe.skipIf(!hasShared).each(architectures)("%s", (name) => {
  it("pullback is forward and vjp in one, of the wanted parameters alone", async () => {
    const model = await loadModel(referenceFolder(name), { backend: "wasm" });
    const tangent = model.readout(head);
    const f = await tangent.forward(batch);
    const whole = await tangent.vjp(batch, twice(f));
    const { outputs, gradients } = await tangent.pullback(batch, twice);
    expect(outputs).toEqual(f);
    expect(gradients).toEqual(whole);
    const isQuery = ({ group }: { group: string }) => group === "attention.q";
    const some = await tangent.pullback(batch, twice, isQuery);
    const asked = new Set(tangent.parameters.filter(isQuery).map((p) => p.stored?.tensor ?? p.name));
    expect(new Set(Object.keys(some.gradients))).toEqual(asked);
    let [kept, zeros] = [0, 0];
    for (const tensor of asked) {
      some.gradients[tensor].forEach((value, i) => {
        if (value !== 0) expect(value).toBe(whole[tensor][i]);
        if (value !== 0) kept++;
        else zeros++;
      });
    }
    expect(kept).toBeGreaterThan(0);
    if (name === "gpt2-tiny") expect(zeros).toBeGreaterThanOrEqual(2 * kept); // k and v are in the same tensor
    await expect(tangent.pullback(batch, () => ({ data: new Float64Array(3), shape: [3] }))).rejects.toThrow(
      CallError,
    );
    model.dispose();
  });

  it("what is assigned is what is read, computed with, and sent to workers", async () => {
    const model = await loadModel(referenceFolder(name), { backend: "reference" });
    const tangent = model.readout(head);
    const start = await tangent.values();
    const random = randomStream(3);
    const moved = Object.fromEntries(
      Object.entries(start).map(([tensor, data]) => [
        tensor,
        data.map((value) => value + 0.01 * random.gaussian()),
      ]),
    );
    const before = await tangent.forward(batch);
    await tangent.assign(moved);
    expect(await tangent.values()).toEqual(moved);
    const after = await tangent.forward(batch);
    expect(after).not.toEqual(before);
    const elsewhere = tangentFromRecipe(structuredClone(tangent.recipe), await createBackend("reference"));
    expect(await elsewhere.forward(batch)).toEqual(after);
    expect(await elsewhere.values()).toEqual(moved);
    // a step of size h along v moves f by h·Jv
    const v = Object.fromEntries(
      Object.entries(moved).map(([tensor, data]) => [tensor, data.map(() => random.gaussian())]),
    );
    const slope = await tangent.jvp(batch, v);
    const h = 1e-6;
    const at = async (sign: number) => {
      await tangent.assign(
        Object.fromEntries(
          Object.entries(moved).map(([tensor, data]) => [
            tensor,
            data.map((value, i) => value + sign * h * v[tensor][i]),
          ]),
        ),
      );
      return (await tangent.forward(batch)).data;
    };
    const [up, down] = [await at(1), await at(-1)];
    const size = Math.hypot(...slope.data);
    slope.data.forEach((value, i) => {
      expect(Math.abs((up[i] - down[i]) / (2 * h) - value)).toBeLessThan(1e-6 * size);
    });
    await tangent.assign(start);
    expect(await tangent.forward(batch)).toEqual(before);
    await expect(tangent.assign({ nobody: new Float64Array(1) })).rejects.toThrow(/assign.*nobody/);
    await expect(tangent.assign({ "head.bias": new Float64Array(1) })).rejects.toThrow(/head\.bias/);
    await expect(tangent.values(["nobody"])).rejects.toThrow(/nobody/);
    model.dispose();
  });
});

it.skipIf(!hasShared)("a zero head that has moved lets the body move", async () => {
  const model = await loadModel(referenceFolder("gpt-neo-tiny"));
  const tangent = model.readout({ kind: "head", outputs: 2, init: "zero", pool: "mean" });
  const some = async () => {
    const { gradients } = await tangent.pullback(batch, ({ shape }) => ({
      data: new Float64Array(4).fill(1),
      shape,
    }));
    return gradients["transformer.h.0.ln_1.weight"].some((value) => value !== 0);
  };
  expect(await some()).toBe(false);
  const { "head.weight": weight } = await tangent.values(["head.weight"]);
  await tangent.assign({ "head.weight": weight.fill(0.1) });
  expect(await some()).toBe(true);
  model.dispose();
});
