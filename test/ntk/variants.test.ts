/**
 * Every kernel and every reduction of the outputs against float64 values of an independent implementation
 * (../shared/reference/ntk, whose README defines them).
 */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openCheckpoint } from "../../src/checkpoint/index.ts";
import { modelFromRecipe } from "../../src/model/index.ts";
import type { ReadoutSpec, TangentModel } from "../../src/model/types.ts";
import { empiricalNtk, type NtkOptions, ntkBlocks } from "../../src/ntk/index.ts";
import type { Backend } from "../../src/numerics/backend.ts";
import { eigh } from "../../src/numerics/dense/eigh.ts";
import type { Batch } from "../../src/text/batch.ts";
import { backends } from "../support/backends.ts";
import { relativeError } from "../support/distance.ts";
import { batchOf, floats, hasShared, readReference, referenceFolder } from "../support/shared.ts";

type Reference = Awaited<ReturnType<typeof readReference>>;

/** The readout of a file, whose weights are in the reference of the architecture. */
const cases: {
  file: string;
  model: string;
  readout: (architecture: Reference) => ReadoutSpec;
  types?: boolean;
}[] = [
  {
    file: "gpt-neo-tiny.head",
    model: "gpt-neo-tiny",
    readout: (r) => ({
      kind: "head",
      weight: floats(r("head.weight")),
      bias: floats(r("head.bias")),
      pool: "mean",
    }),
  },
  {
    file: "gpt-neo-tiny.prompt",
    model: "gpt-neo-tiny",
    readout: (r) => ({ kind: "prompt", labelIds: [...r("prompt.label_ids").data] }),
  },
  { file: "bert-tiny.checkpoint", model: "bert-tiny", readout: () => ({ kind: "checkpoint" }), types: true },
];

const runs = hasShared ? cases.flatMap((one) => backends.map((backend) => ({ ...one, ...backend }))) : [];

describe.skipIf(!hasShared).each(runs)("$file on $name", ({ file, model, readout, types, ...row }) => {
  const { create, tolerance, name } = row;
  const exact = name === "reference";
  const C = 3;
  const N = 5 * C;
  let reference: Reference;
  let backend: Backend;
  let tangent: TangentModel;
  let batch: Batch;
  let second: Batch;
  const kernel = async (options: NtkOptions) =>
    (await empiricalNtk(tangent, batch, null, { workers: 1, ...options })).data;

  beforeAll(async () => {
    const folder = referenceFolder(model);
    reference = await readReference(join(referenceFolder("ntk"), `${file}.safetensors`));
    backend = create();
    const spec = readout(await readReference(join(folder, "reference.safetensors")));
    tangent = modelFromRecipe(await openCheckpoint(folder), backend).readout(spec);
    const read = (suffix: string): Batch => ({
      ...batchOf(reference, suffix),
      ...(types && { tokenTypeIds: Int32Array.from(reference(`token_type_ids${suffix}`).data) }),
    });
    batch = read("");
    second = read("2");
  });
  afterAll(() => backend.dispose());

  it("sgd, and every reduction of its outputs", async () => {
    const wanted = [
      ["full", "full"],
      ["mean", "mean"],
      ["sum", "sum"],
      ["pseudo", "pseudo"],
      [0, "output.0"],
      [1, "output.1"],
      [2, "output.2"],
    ] as const;
    for (const [outputs, tensor] of wanted) {
      expect(relativeError(await kernel({ outputs }), reference(tensor).data), tensor).toBeLessThan(
        tolerance,
      );
    }
  });

  it("every subset of the parameters", async () => {
    const subsets = ["embedding", "attention", "mlp", "norm", "body", "bias"];
    for (const parameters of subsets) {
      const data = await kernel({ parameters });
      expect(relativeError(data, reference(parameters).data), parameters).toBeLessThan(tolerance);
    }
    const regex = file.startsWith("bert") ? "/\\.layer\\.[12]\\./" : "/\\.h\\.[12]\\./";
    expect(relativeError(await kernel({ parameters: regex }), reference("regex").data)).toBeLessThan(
      tolerance,
    );
    if (file.endsWith("prompt")) await expect(kernel({ parameters: "head" })).rejects.toThrow(/at least one/);
    else {
      const head = await kernel({ parameters: "head" });
      expect(relativeError(head, reference("head").data)).toBeLessThan(tolerance);
    }
  });

  it("between two sets of texts, both ways", async () => {
    const cross = reference("cross").data;
    const { data, shape } = await empiricalNtk(tangent, second, batch, { workers: 1 });
    expect(shape).toEqual([4 * C, N]);
    expect(relativeError(data, cross)).toBeLessThan(tolerance);
    const back = await empiricalNtk(tangent, batch, second, { workers: 1 });
    const turned = back.data.map((_, k) => cross[(k % (4 * C)) * N + Math.floor(k / (4 * C))]);
    expect(relativeError(back.data, turned)).toBeLessThan(tolerance);
    const blocks = await ntkBlocks(tangent, batch, second, { workers: 1, outputs: "mean", byGroup: true });
    const mean = Float64Array.from({ length: 4 * 5 }, (_, k) => {
      const [i, j] = [Math.floor(k / 5), k % 5];
      return [0, 1, 2].reduce((sum, c) => sum + cross[(i * C + c) * N + j * C + c] / C, 0);
    });
    expect(relativeError(blocks.cross!, mean)).toBeLessThan(tolerance);
    const sum = mean.map((_, k) =>
      Object.values(blocks.crossGroups!).reduce((total, group) => total + group[k], 0),
    );
    expect(relativeError(sum, mean)).toBeLessThan(tolerance);
  });

  it("signgd, at both dead zones", async () => {
    const slack = reference("signgd.slack").data;
    // In float64 no entry is in doubt; in float32 a few lie so near the border that rounding decides, which `slack` counts.
    const check = (kernel: Float64Array, expected: ArrayLike<number>) =>
      kernel.forEach((value, k) => {
        expect(Math.abs(value - expected[k])).toBeLessThanOrEqual(exact ? 0 : slack[k]);
      });
    check(await kernel({ kernel: "signgd", deadZone: 1e-6 }), reference("signgd.1e-6").data);
    const data = await kernel({ kernel: "signgd" });
    check(data, reference("signgd").data);
    for (let i = 0; i < N; i++) for (let j = 0; j < i; j++) expect(data[i * N + j]).toBe(data[j * N + i]);
    const { values } = eigh(data, N);
    expect(values[N - 1]).toBeGreaterThan(-1e-6 * values[0]);
  });

  it("asymmetric, at both dead zones, rows taking the sign", async () => {
    const slack = reference("asymmetric.slack").data;
    const check = (kernel: Float64Array, expected: ArrayLike<number>) => {
      const size = Math.max(...Array.from(expected, Math.abs));
      kernel.forEach((value, k) => {
        const allowed = (exact ? 0 : slack[k]) + tolerance * size;
        expect(Math.abs(value - expected[k])).toBeLessThanOrEqual(allowed);
      });
    };
    check(await kernel({ kernel: "asymmetric", deadZone: 1e-6 }), reference("asymmetric.1e-6").data);
    check(await kernel({ kernel: "asymmetric" }), reference("asymmetric").data);
  });

  it("says how many signs of each tensor are 0", async () => {
    const options = { workers: 1, kernel: "signgd", deadZone: 1e-9 } as const;
    const { dead = {} } = await empiricalNtk(tangent, batch, null, options);
    expect(Object.keys(dead)).toEqual(tangent.parameters.map((p) => p.name));
    for (const [parameter, counts] of Object.entries(dead)) {
      const expected = Float64Array.from(reference(`dead.${parameter}`).data);
      // In float32 round-off of what vanishes, and of the small entries of a layer, crosses 1e-9 m.
      if (exact || !/\.key\.bias$|mlp\.c_/.test(parameter)) expect(counts, parameter).toEqual(expected);
    }
    const asymmetric = await empiricalNtk(tangent, batch, second, { ...options, kernel: "asymmetric" });
    if (exact) expect(asymmetric.dead).toEqual(dead);
  });
});
