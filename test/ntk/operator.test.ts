/** The matrix-free kernel against the assembled one, and under the methods it is made for. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openCheckpoint } from "../../src/checkpoint/index.ts";
import { createAdapter, modelFromRecipe } from "../../src/model/index.ts";
import type { ModelRecipe, TangentModel } from "../../src/model/types.ts";
import { empiricalNtk, ntkOperator, type OperatorOptions } from "../../src/ntk/index.ts";
import type { Backend } from "../../src/numerics/backend.ts";
import {
  conjugateGradients,
  eigh,
  eigsh,
  type Operator,
  spectralDensity,
  trace,
} from "../../src/numerics/index.ts";
import type { Progress } from "../../src/progress.ts";
import { randomStream } from "../../src/random.ts";
import type { Batch } from "../../src/text/batch.ts";
import { randomizedAdapter } from "../support/adapters.ts";
import { backends } from "../support/backends.ts";
import { relativeError } from "../support/distance.ts";
import { hasShared, referenceFolder } from "../support/shared.ts";
import { randomBatch, tinyRecipe } from "../support/tinyGptNeo.ts";

const C = 3;
const batch = randomBatch([4, 9, 1, 6, 6, 3, 8]);
const n = 7;

function gaussians(size: number, seed: number): Float64Array {
  const { gaussian } = randomStream(seed);
  return Float64Array.from({ length: size }, gaussian);
}

/** The operator applied to every unit vector: the matrix, column by column. */
async function rebuilt({ size, apply }: Operator): Promise<Float64Array> {
  const matrix = new Float64Array(size * size);
  const column = new Float64Array(size);
  for (let j = 0; j < size; j++) {
    const unit = new Float64Array(size);
    unit[j] = 1;
    await apply(unit, column);
    column.forEach((value, i) => {
      matrix[i * size + j] = value;
    });
  }
  return matrix;
}

async function times(op: Operator, x: Float64Array): Promise<Float64Array> {
  const out = new Float64Array(op.size);
  await op.apply(x, out);
  return out;
}

describe.each(backends)("ntkOperator on $name", ({ create, tolerance }) => {
  let backend: Backend;
  let tangent: TangentModel;
  const matrix = async (options: OperatorOptions = {}) =>
    (await empiricalNtk(tangent, batch, null, { workers: 1, ...options })).data;

  beforeAll(() => {
    backend = create();
    tangent = modelFromRecipe(tinyRecipe(), backend).readout({
      kind: "head",
      outputs: C,
      init: "gaussian",
      pool: "mean",
      seed: 2,
    });
  });
  afterAll(() => backend.dispose());

  it.each([
    { outputs: "full", parameters: "all" },
    { outputs: "full", parameters: "attention.q" },
    { outputs: "full", parameters: "/h\\.1\\..*bias/" },
    { outputs: "pseudo", parameters: "body" },
    { outputs: 1, parameters: "all" },
    { outputs: "mean", parameters: "all" },
    { outputs: "sum", parameters: "head" },
  ] as const)("rebuilds the matrix of $outputs outputs over $parameters", async (options) => {
    const operator = ntkOperator(tangent, batch, options);
    expect(operator.size).toBe(options.outputs === "full" ? n * C : n);
    expect(relativeError(await rebuilt(operator), await matrix(options))).toBeLessThan(tolerance);
  });

  it("is linear and symmetric, and frees what it made", async () => {
    const operator = ntkOperator(tangent, batch);
    const [x, y] = [gaussians(n * C, 1), gaussians(n * C, 2)];
    const before = backend.memory();
    const [ax, ay] = [await times(operator, x), await times(operator, y)];
    expect(backend.memory().tensors).toBe(before.tensors);
    expect(backend.memory().bytesInUse).toBe(before.bytesInUse);
    const sum = await times(
      operator,
      x.map((value, i) => 2 * value - 3 * y[i]),
    );
    expect(
      relativeError(
        sum,
        ax.map((value, i) => 2 * value - 3 * ay[i]),
      ),
    ).toBeLessThan(tolerance);
    const form = (a: Float64Array, b: Float64Array) => a.reduce((total, value, i) => total + value * b[i], 0);
    const size = Math.sqrt(form(ax, ax) * form(y, y));
    expect(Math.abs(form(y, ax) - form(x, ay))).toBeLessThan(tolerance * size);
  });

  it("is the same in small blocks as in one, within a budget", async () => {
    const x = gaussians(n * C, 4);
    const passes: Progress[] = [];
    const onProgress = (progress: Progress) => passes.push(progress);
    const whole = await times(ntkOperator(tangent, batch, { onProgress }), x);
    expect(passes.map(({ done, total }) => [done, total])).toEqual([
      [1, 2],
      [2, 2],
    ]);
    // The smallest budget that is not refused.
    let memory = 2 ** 10;
    const small = () => {
      for (;;) {
        try {
          return ntkOperator(tangent, batch, { memory, onProgress });
        } catch {
          memory *= 1.05;
        }
      }
    };
    passes.length = 0;
    const cut = await times(small(), x);
    expect(passes.length).toBeGreaterThan(6);
    expect(passes[passes.length - 1].done).toBe(passes[0].total);
    expect(relativeError(cut, whole)).toBeLessThan(tolerance / 10);
  });

  it.each([
    { outputs: "full" },
    { outputs: "mean", parameters: "attention" },
    { outputs: "pseudo", together: 2 },
  ] as const)("gives several vectors at once what it gives each ($outputs)", async (options) => {
    const told: Progress[] = [];
    const operator = ntkOperator(tangent, batch, { ...options, onProgress: (p) => told.push(p) });
    const { size } = operator;
    const x = gaussians(5 * size, 6);
    const rows = await Promise.all(
      [0, 1, 2, 3, 4].map((r) => times(operator, x.slice(r * size, (r + 1) * size))),
    );
    told.length = 0;
    const out = new Float64Array(5 * size);
    await operator.applyBlock(x, out, 5);
    rows.forEach((row, r) => {
      expect(relativeError(out.subarray(r * size, (r + 1) * size), row)).toBeLessThan(tolerance);
    });
    const vectors = options.outputs === "mean" ? 15 : 5;
    const passes = Math.ceil(vectors / (options.outputs === "pseudo" ? 2 : 4));
    expect(told.map(({ done }) => done)).toEqual(Array.from({ length: 2 * passes }, (_, k) => k + 1));
    expect(told[0]?.total).toBe(2 * passes);
    await expect(operator.applyBlock(x, out, 4)).rejects.toThrow(/expected 4 × /);
  });

  it("has the dense matrix's largest eigenvalues under eigsh", async () => {
    const { values } = eigh(await matrix(), n * C);
    for (const block of [1, 3]) {
      const found = await eigsh(ntkOperator(tangent, batch), { k: 4, tolerance, seed: 1, block });
      expect(found.converged).toBe(true);
      expect(relativeError(found.values, values.subarray(0, 4))).toBeLessThan(tolerance);
    }
  });

  it("has its trace under Hutchinson, within four standard errors", async () => {
    const dense = await matrix();
    const exact = Array.from({ length: n * C }, (_, i) => dense[i * (n * C + 1)]).reduce((a, b) => a + b);
    const { value, standardError } = await trace(ntkOperator(tangent, batch), {
      method: "hutchinson",
      samples: 20, // n·C or more would sum the diagonal
      seed: 3,
    });
    expect(standardError).toBeGreaterThan(0);
    expect(standardError).toBeLessThan(exact / 2);
    expect(Math.abs(value - exact)).toBeLessThan(4 * standardError);
  });

  it("solves a ridge system by conjugate gradients", async () => {
    const dense = await matrix();
    const size = n * C;
    const shift = dense.reduce((sum, _, k) => (k % (size + 1) === 0 ? sum + dense[k] / size : sum), 0);
    const truth = gaussians(size, 5);
    const b = truth.map((value, i) =>
      truth.reduce((sum, other, j) => sum + dense[i * size + j] * other, shift * value),
    );
    const { x } = await conjugateGradients(ntkOperator(tangent, batch), b, { shift, tolerance });
    expect(relativeError(x, truth)).toBeLessThan(20 * tolerance);
    const twice = Float64Array.of(...b, ...b.map((value) => -2 * value));
    const both = (await conjugateGradients(ntkOperator(tangent, batch), twice, { shift, tolerance })).x;
    expect(relativeError(both, Float64Array.of(...truth, ...truth.map((value) => -2 * value)))).toBeLessThan(
      20 * tolerance,
    );
  });
});

describe("ntkOperator", () => {
  const [, { create }] = backends;
  const make = () =>
    modelFromRecipe(tinyRecipe(), create()).readout({
      kind: "head",
      outputs: C,
      init: "gaussian",
      pool: "mean",
    });

  it("gives a density whose mean is that of the eigenvalues, within four standard errors", async () => {
    const tangent = make();
    const { data } = await empiricalNtk(tangent, batch, null, { workers: 1 });
    const mean = data.reduce((sum, value, k) => (k % (n * C + 1) === 0 ? sum + value : sum), 0) / (n * C);
    const { moments } = await spectralDensity(ntkOperator(tangent, batch), { probes: 8, seed: 2 });
    const [, { value, standardError }] = moments;
    expect(standardError).toBeLessThan(mean / 2);
    expect(Math.abs(value - mean)).toBeLessThan(4 * standardError);
  });

  it("needs no more memory for more texts", () => {
    const tangent = make();
    const fits = (texts: Batch, memory: number) => {
      try {
        return ntkOperator(tangent, texts, { memory }).size > 0;
      } catch {
        return false;
      }
    };
    let memory = 2 ** 10;
    while (!fits(batch, memory)) memory *= 1.01;
    const many = randomBatch(Array.from({ length: 700 }, (_, i) => 1 + (i % 9)));
    expect(fits(many, memory)).toBe(true);
    expect(fits(many, memory / 1.02)).toBe(false);
  });

  it("has the same bits on any number of threads, kept from one product to the next", async () => {
    const tangent = make();
    const texts = 900; // several blocks, and so several strands
    const many = randomBatch(Array.from({ length: texts }, (_, i) => 1 + ((5 * i) % 9)));
    const x = gaussians(3 * texts * C, 8);
    const made: Float64Array[] = [];
    for (const workers of [1, 2, 3]) {
      let total = 0;
      const operator = ntkOperator(tangent, many, {
        workers,
        onProgress: (progress) => {
          total = progress.total ?? 0;
        },
      });
      const out = new Float64Array(x.length);
      await operator.applyBlock(x, out, 3);
      expect(total).toBeGreaterThan(6);
      const again = new Float64Array(x.length);
      await operator.applyBlock(x, again, 3);
      expect(again).toEqual(out);
      made.push(out);
      await operator.free();
      await operator.free();
    }
    expect(made[1]).toEqual(made[0]);
    expect(made[2]).toEqual(made[0]);
  });

  it("stops threads when told, and ends with them", async () => {
    const controller = new AbortController();
    const operator = ntkOperator(make(), batch, {
      workers: 2,
      signal: controller.signal,
      onProgress: () => controller.abort(new Error("enough")),
    });
    await expect(times(operator, gaussians(n * C, 1))).rejects.toThrow("enough");
    await expect(times(operator, gaussians(n * C, 1))).rejects.toThrow("enough");
    await operator.free();
  });

  it("stops when told, between two blocks", async () => {
    const controller = new AbortController();
    const operator = ntkOperator(make(), batch, {
      signal: controller.signal,
      onProgress: () => controller.abort(new Error("enough")),
    });
    await expect(times(operator, gaussians(n * C, 1))).rejects.toThrow("enough");
  });

  it("refuses what it cannot be", () => {
    const tangent = make();
    expect(() => ntkOperator(tangent, batch, { outputs: 3 })).toThrow(/outputs: expected/);
    expect(() => ntkOperator(tangent, batch, { parameters: "attention.z" })).toThrow(/parameters/);
    expect(() => ntkOperator(tangent, batch, { memory: 100 })).toThrow(
      /at most 1 MiB, got about .* one text/,
    );
    expect(() => ntkOperator(tangent, batch, { memory: -1 })).toThrow(/positive/);
    expect(() => ntkOperator(tangent, batch, { together: 0 })).toThrow(/together: expected/);
  });
});

/** Every other way a parameter can lie: factors of an adapter, parts of a tensor, weights that are lent. */
describe("ntkOperator and parameters", () => {
  const [{ create, tolerance }] = backends;
  const head = { kind: "head", outputs: C, init: "gaussian", pool: "mean" } as const;
  const rebuilds = async (recipe: ModelRecipe, options: OperatorOptions) => {
    const tangent = modelFromRecipe(recipe, create()).readout(head);
    const { data } = await empiricalNtk(tangent, batch, null, { workers: 1, ...options });
    expect(relativeError(await rebuilt(ntkOperator(tangent, batch, options)), data)).toBeLessThan(tolerance);
  };

  it("has the factors of an adapter", async () => {
    const recipe = tinyRecipe();
    const adapter = randomizedAdapter(createAdapter(recipe, { r: 2 }));
    await rebuilds({ ...recipe, adapter }, { parameters: "lora" });
  });

  it("has weights that are lent", () => rebuilds({ ...tinyRecipe(), mode: "layered" }, {}));

  it.skipIf(!hasShared)("has parts of a tensor", async () => {
    const checkpoint = await openCheckpoint(referenceFolder("gpt2-tiny"));
    const recipe = { config: checkpoint.config, tensors: checkpoint.tensors };
    await rebuilds(recipe, { parameters: "attention.k", outputs: 0 });
    await rebuilds(recipe, { parameters: "attention", outputs: "pseudo" });
  });
});
