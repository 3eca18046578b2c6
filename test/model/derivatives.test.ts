/**
 * Every architecture, small, in float64: J v against central differences of f; ⟨Jᵀu, v⟩ = ⟨u, J v⟩ for every named subset of the
 * parameters; a text alone and under padding. Models from test/support/fuzz/config.ts.
 */
import { describe, expect, it } from "vitest";
import { widen } from "../../src/checkpoint/index.ts";
import { modelFromRecipe, parameterFilter } from "../../src/model/index.ts";
import type { ModelRecipe, TangentModel } from "../../src/model/types.ts";
import { createReferenceBackend } from "../../src/numerics/reference/backend.ts";
import { randomStream } from "../../src/random.ts";
import { dot, relativeError } from "../support/distance.ts";
import { smallRecipes } from "../support/fuzz/config.ts";
import { randomBatch } from "../support/tinyGptNeo.ts";

const SUBSETS = ["all", "body", "head", "attention", "mlp", "norm", "embedding", "bias", "/weight/"];
const batch = randomBatch([4, 1, 3], 4, 3, 5);

/** The stored tensors moved by `step` times `direction`, in float64. */
function movedRecipe(
  { config, tensors }: ModelRecipe,
  direction: Record<string, Float64Array>,
  step: number,
): ModelRecipe {
  const moved: ModelRecipe["tensors"] = {};
  for (const [name, tensor] of Object.entries(tensors)) {
    if (!("bytes" in tensor)) throw new Error(`${name} is not in memory`);
    const along = direction[name];
    const data = Float64Array.from(
      widen(tensor.dtype, tensor.bytes),
      (x, i) => x + (along ? step * along[i] : 0),
    );
    moved[name] = { dtype: "F64", shape: tensor.shape, bytes: new Uint8Array(data.buffer) };
  }
  return { config, tensors: moved };
}

const head = { kind: "head", outputs: 2, init: "gaussian", pool: "mean", seed: 3 } as const;
const tangentOf = (recipe: ModelRecipe) => modelFromRecipe(recipe, createReferenceBackend()).readout(head);

describe.each(smallRecipes.map((recipe) => ({ name: `${recipe.config["model_type"]}`, recipe })))(
  "$name",
  ({ recipe }) => {
    const { gaussian } = randomStream(11);
    const u = { data: Float64Array.from({ length: 6 }, gaussian), shape: [3, 2] };

    async function setUp() {
      const tangent: TangentModel = tangentOf(recipe);
      const gradients = await tangent.vjp(batch, u);
      const v = Object.fromEntries(
        Object.entries(gradients).map(([name, g]) => [name, Float64Array.from(g, gaussian)]),
      );
      return { tangent, gradients, v };
    }

    it("J v is the slope of f along v", async () => {
      const { tangent, v } = await setUp();
      const stored = Object.fromEntries(Object.entries(v).filter(([name]) => name in recipe.tensors));
      const step = 1e-5;
      const f = async (h: number) => (await tangentOf(movedRecipe(recipe, stored, h)).forward(batch)).data;
      const [ahead, behind] = [await f(step), await f(-step)];
      const slope = ahead.map((value, i) => (value - behind[i]) / (2 * step));
      expect(Math.hypot(...slope)).toBeGreaterThan(0.01);
      expect(relativeError((await tangent.jvp(batch, stored)).data, slope)).toBeLessThan(1e-6);
    });

    it.each(SUBSETS)("⟨Jᵀu, v⟩ = ⟨u, J v⟩ over %s", async (subset) => {
      const { tangent, gradients, v } = await setUp();
      const wanted = new Set(
        tangent.parameters.filter(parameterFilter(subset)).map((p) => p.stored?.tensor ?? p.name),
      );
      const part = Object.fromEntries(Object.entries(v).filter(([name]) => wanted.has(name)));
      const along = Object.entries(part).reduce((sum, [name, w]) => sum + dot(gradients[name], w), 0);
      const moved = dot(u.data, (await tangent.jvp(batch, part)).data);
      const scale = Math.hypot(
        ...Object.entries(part).map(([name, w]) =>
          Math.sqrt(dot(gradients[name], gradients[name]) * dot(w, w)),
        ),
      );
      expect(Math.abs(along - moved)).toBeLessThanOrEqual(1e-11 * scale);
    });

    it("company and padding change nothing", async () => {
      const tangent = tangentOf(recipe);
      const all = (await tangent.forward(batch)).data;
      const longest = { inputIds: batch.inputIds.slice(8, 11), attentionMask: new Uint8Array(3).fill(1) };
      const alone = await tangent.forward({ ...longest, shape: [1, 3] });
      expect(alone.data).toEqual(all.slice(4, 6));
    });
  },
);
