/**
 * Several cotangents and tangents in one pass against each alone: every architecture and readout, adapters, weights that are lent.
 * float64 but where it says otherwise.
 */
import { describe, expect, it } from "vitest";
import { createAdapter, modelFromRecipe } from "../../src/model/index.ts";
import type { ModelRecipe, ReadoutSpec, TangentModel } from "../../src/model/types.ts";
import { createReferenceBackend } from "../../src/numerics/reference/backend.ts";
import { randomStream } from "../../src/random.ts";
import { randomizedAdapter } from "../support/adapters.ts";
import { backends } from "../support/backends.ts";
import { relativeError } from "../support/distance.ts";
import { smallRecipes } from "../support/fuzz/config.ts";
import { randomBatch, tinyRecipe } from "../support/tinyGptNeo.ts";

const copies = 3;
const batch = randomBatch([4, 1, 3], 4, 3, 5);
const n = 3;
type Floats = Float32Array | Float64Array;

const part = (data: Floats, c: number) =>
  data.slice((c * data.length) / copies, ((c + 1) * data.length) / copies);

async function check(tangent: TangentModel, tolerance: number) {
  const { gaussian } = randomStream(7);
  const C = tangent.outputs;
  const u = Float64Array.from({ length: copies * n * C }, gaussian);
  const tangents: Record<string, Float64Array> = {};
  const alone = await Promise.all(
    [0, 1, 2].map((c) => tangent.vjp(batch, { data: part(u, c), shape: [n, C] })),
  );
  const stacked = tangent.gradients(batch, { data: u, shape: [copies * n, C] }, { copies });
  for await (const { name, data } of stacked) {
    expect(data.length, name).toBe(copies * alone[0][name].length);
    for (let c = 0; c < copies; c++) {
      const size = Math.hypot(...alone[c][name]);
      const error = Math.hypot(...part(data, c).map((value, k) => value - alone[c][name][k]));
      expect(error, `${name}, copy ${c}`).toBeLessThanOrEqual(tolerance * size);
    }
    tangents[name] = Float64Array.from(data, gaussian);
  }
  expect(Object.keys(tangents).sort()).toEqual(Object.keys(alone[0]).sort());

  /** All tensors at once, then each of them, so that no share hides behind another. */
  for (const names of [Object.keys(tangents), ...Object.keys(tangents).map((name) => [name])]) {
    const v = Object.fromEntries(names.map((name) => [name, tangents[name]]));
    const { data, shape } = await tangent.jvp(batch, v, { copies });
    expect(shape).toEqual([copies * n, C]);
    for (let c = 0; c < copies; c++) {
      const own = Object.fromEntries(names.map((name) => [name, part(v[name], c)]));
      const one = (await tangent.jvp(batch, own)).data;
      if (one.every((value) => value === 0)) expect(Math.max(...part(data, c).map(Math.abs))).toBe(0);
      else expect(relativeError(part(data, c), one), `${names[0]}, copy ${c}`).toBeLessThan(tolerance);
    }
  }
}

const name = (recipe: ModelRecipe) => `${recipe.config["model_type"]}`;

describe.each(smallRecipes.map((recipe) => ({ name: name(recipe), recipe })))("$name", ({ recipe }) => {
  const model = modelFromRecipe(recipe, createReferenceBackend());
  const specs: ReadoutSpec[] = [
    { kind: "head", outputs: 2, init: "gaussian", pool: "mean", seed: 3 },
    { kind: "prompt", labelIds: [1, 4], ...(model.masked && { at: [3, 0, 1] }) },
    { kind: "checkpoint" },
  ];
  it.each(specs.filter(({ kind }) => model.readouts.includes(kind)))("$kind", (spec) =>
    check(model.readout(spec), 1e-12),
  );
});

describe("elsewhere", () => {
  const head = { kind: "head", outputs: 2, init: "gaussian", pool: "last" } as const;

  it("the factors of an adapter", async () => {
    const recipe = tinyRecipe();
    const adapter = randomizedAdapter(createAdapter(recipe, { r: 2, targetModules: "all-linear" }));
    await check(modelFromRecipe({ ...recipe, adapter }, createReferenceBackend()).readout(head), 1e-12);
  });

  it.each(backends)("weights that are lent, on $name", async ({ create, tolerance }) => {
    const model = modelFromRecipe({ ...tinyRecipe(), mode: "layered" }, create());
    await check(model.readout(head), tolerance);
    model.backend.dispose();
  });

  it("counts of copies that are none", async () => {
    const tangent = modelFromRecipe(tinyRecipe(), createReferenceBackend()).readout(head);
    await expect(tangent.jvp(batch, {}, { copies: 0 })).rejects.toThrow(
      /jvp, copies: expected a whole number/,
    );
    const u = { data: new Float64Array(n * 2), shape: [n, 2] };
    const first = tangent.gradients(batch, u, { copies: 2 })[Symbol.asyncIterator]().next();
    await expect(first).rejects.toThrow(/shape \[6, 2\]/);
  });
});
