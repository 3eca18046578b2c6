/** What must hold of any model, on a random one small enough to differentiate numerically; no reference values needed. */
import { describe, expect, it } from "vitest";
import { modelFromRecipe, tangentFromRecipe } from "../../src/model/index.ts";
import type { Parameter, ReadoutSpec } from "../../src/model/types.ts";
import { sizeOf, type Tensor } from "../../src/numerics/array.ts";
import { createReferenceBackend } from "../../src/numerics/reference/backend.ts";
import { randomStream } from "../../src/random.ts";
import { backends } from "../support/backends.ts";
import { dot, relativeError } from "../support/distance.ts";
import { perExampleGradients } from "../support/tapGradients.ts";
import { moved, randomBatch, tinyRecipe } from "../support/tinyGptNeo.ts";

const specs: Record<string, { spec: ReadoutSpec; changes?: Record<string, unknown> }> = {
  "gaussian head, mean": { spec: { kind: "head", outputs: 2, init: "gaussian", pool: "mean", seed: 5 } },
  "gaussian head, last": { spec: { kind: "head", outputs: 3, init: "gaussian", pool: "last", seed: 5 } },
  "gaussian head, first": { spec: { kind: "head", outputs: 1, init: "gaussian", pool: "first", seed: 5 } },
  "prompt, tied": { spec: { kind: "prompt", labelIds: [4, 9] } },
  "prompt, untied": {
    spec: { kind: "prompt", labelIds: [4, 9, 1] },
    changes: { tie_word_embeddings: false },
  },
};
const cases = Object.entries(specs).map(([name, value]) => ({ name, changes: undefined, ...value }));

const batch = randomBatch([5, 1, 7, 4], 8);
const random = (size: number, seed: number) => {
  const { gaussian } = randomStream(seed);
  return Float64Array.from({ length: size }, gaussian);
};

describe.each(cases)("$name", ({ spec, changes }) => {
  const recipe = tinyRecipe(changes);
  const outputs = spec.kind === "prompt" ? spec.labelIds.length : "outputs" in spec ? spec.outputs : 0;
  const u: Tensor = { data: random(4 * outputs, 11), shape: [4, outputs] };

  it("vjp and jvp agree with central differences for every parameter", async () => {
    const tangent = modelFromRecipe(recipe, createReferenceBackend()).readout(spec);
    const gradients = await tangent.vjp(batch, u);
    // Error of a central difference: h² from the third derivative, 1e-16/h from rounding; least near h = 1e-5.
    const h = 1e-5;
    const f = async (name: string, direction: Float64Array, step: number) => {
      const at = { ...tangent.recipe };
      if (name in recipe.tensors) at.model = moved(recipe, name, direction, step);
      else if ("weight" in at.readout) {
        const key = name === "head.weight" ? "weight" : "bias";
        const { data, shape } = at.readout[key];
        at.readout = {
          ...at.readout,
          [key]: { data: Float64Array.from(data, (w, i) => w + step * direction[i]), shape },
        };
      }
      return (await tangentFromRecipe(at, createReferenceBackend()).forward(batch)).data;
    };
    for (const { name, shape } of tangent.parameters) {
      const v = random(sizeOf(shape), 17);
      const up = await f(name, v, h);
      const down = await f(name, v, -h);
      const difference = up.map((value, i) => (value - down[i]) / (2 * h));
      const jv = (await tangent.jvp(batch, { [name]: v })).data;
      expect(relativeError(jv, difference), `jvp, ${name}`).toBeLessThan(1e-7);
      const slope = dot(u.data, difference);
      const scale = Math.sqrt(dot(difference, difference) * dot(u.data, u.data)) || 1;
      expect(Math.abs(dot(gradients[name], v) - slope) / scale, `vjp, ${name}`).toBeLessThan(1e-7);
    }
  });

  it("per-example taps, weighted by the cotangent, sum to the vjp", async () => {
    const tangent = modelFromRecipe(recipe, createReferenceBackend()).readout(spec);
    const gradients = await tangent.vjp(batch, u);
    const taps = await perExampleGradients(tangent, batch);
    for (const { name, shape } of tangent.parameters) {
      const sum = new Float64Array(sizeOf(shape));
      taps.get(name)?.rows.forEach((row, a) => {
        row.forEach((value, p) => {
          sum[p] += u.data[a] * value;
        });
      });
      expect(relativeError(sum, gradients[name]), name).toBeLessThan(1e-12);
    }
  });

  it("each parameter wanted alone gives the tap that all together give", async () => {
    const tangent = modelFromRecipe(recipe, createReferenceBackend()).readout(spec);
    const together = await perExampleGradients(tangent, batch);
    for (const { name } of tangent.parameters) {
      const alone = await perExampleGradients(tangent, batch, (p: Parameter) => p.name === name);
      expect([...alone.keys()]).toEqual(together.has(name) ? [name] : []);
      alone.get(name)?.rows.forEach((row, a) => {
        expect(row).toEqual(together.get(name)!.rows[a]);
      });
    }
  });

  it.each(backends)("a batch of one gives the bits that any batch gives, on $name", async ({ create }) => {
    const tangent = modelFromRecipe(recipe, create()).readout(spec);
    const together = (await tangent.forward(batch)).data;
    const [n, T] = batch.shape;
    const whole = await perExampleGradients(tangent, batch);
    for (let i = 0; i < n; i++) {
      const length = tangent.offsets(batch)[i + 1] - tangent.offsets(batch)[i];
      const alone = {
        inputIds: batch.inputIds.slice(i * T, i * T + length),
        attentionMask: batch.attentionMask.slice(i * T, i * T + length),
        shape: [1, length] as [number, number],
      };
      expect((await tangent.forward(alone)).data).toEqual(together.slice(i * outputs, (i + 1) * outputs));
      const single = await perExampleGradients(tangent, alone);
      expect([...single.keys()]).toEqual([...whole.keys()]);
      for (const [name, { rows }] of single) {
        expect(rows, name).toEqual(whole.get(name)!.rows.slice(i * outputs, (i + 1) * outputs));
      }
    }
  });
});

describe("padding and the ids under it", () => {
  it("change nothing", async () => {
    const tangent = modelFromRecipe(tinyRecipe(), createReferenceBackend()).readout(
      specs["prompt, tied"].spec,
    );
    const wide = randomBatch([5, 1, 7, 4], 10);
    for (let i = 0; i < wide.inputIds.length; i++) if (!wide.attentionMask[i]) wide.inputIds[i] = -1;
    expect((await tangent.forward(wide)).data).toEqual((await tangent.forward(batch)).data);
  });
});

describe("wanted parameters", () => {
  const all = () =>
    modelFromRecipe(tinyRecipe(), createReferenceBackend()).readout(specs["gaussian head, mean"].spec);

  it("stages come from the top down; those without taps are left out", async () => {
    const tangent = all();
    const stages = async (wanted?: (p: Parameter) => boolean) => {
      const names: string[] = [];
      for await (const { name, taps } of tangent.taps(batch, wanted)) {
        names.push(name);
        tangent.backend.release(taps);
      }
      return names;
    };
    expect(await stages()).toEqual(["readout", "final norm", "layer 1", "layer 0", "embedding"]);
    expect(await stages((p) => p.group === "mlp")).toEqual(["layer 1", "layer 0"]);
    expect(await stages((p) => p.group === "head")).toEqual(["readout"]);
    expect(await stages(() => false)).toEqual([]);
  });
});

describe("a zero head", () => {
  const spec: ReadoutSpec = { kind: "head", outputs: 2, init: "zero", pool: "mean" };

  it("is zero, and only its own derivative is not", async () => {
    const tangent = modelFromRecipe(tinyRecipe(), createReferenceBackend()).readout(spec);
    expect((await tangent.forward(batch)).data).toEqual(new Float64Array(8));
    const gradients = await perExampleGradients(tangent, batch);
    expect([...gradients.keys()].sort()).toEqual(["head.bias", "head.weight"]);
    const u: Tensor = { data: random(8, 2), shape: [4, 2] };
    const vjp = await tangent.vjp(batch, u);
    for (const { name, shape } of tangent.parameters) {
      expect(vjp[name]).toHaveLength(sizeOf(shape));
      expect(vjp[name].some((value) => value !== 0)).toBe(name.startsWith("head."));
    }
  });
});

describe("a gaussian head", () => {
  it("has variance 1/d, no bias, and depends on its seed alone", () => {
    const model = modelFromRecipe(tinyRecipe(), createReferenceBackend());
    const weights = (seed?: number) => {
      const { readout } = model.readout({
        kind: "head",
        outputs: 500,
        init: "gaussian",
        pool: "mean",
        seed,
      }).recipe;
      if (!("weight" in readout)) throw new Error("expected values");
      expect(readout.bias.data.every((b) => b === 0)).toBe(true);
      return readout.weight.data;
    };
    const w = weights(1);
    // 4000 draws: the mean square has a standard error of √(2/4000) = 2.2 %.
    expect(Math.abs((dot(w, w) / w.length) * 8 - 1)).toBeLessThan(0.08);
    expect(weights(1)).toEqual(w);
    expect(weights(2)).not.toEqual(w);
    expect(weights()).toEqual(weights(0));
  });
});
