/** Sign kernels and reduced outputs against a Jacobian that is written down in full, and what must hold of them exactly. */
import { beforeAll, describe, expect, it } from "vitest";
import { contract } from "../../src/ntk/contract/contract.ts";
import { mergeRows, takeSigns } from "../../src/ntk/contract/signs.ts";
import { empiricalNtk, estimateKernel, type NtkOptions, ntkBlocks } from "../../src/ntk/index.ts";
import type { RowsData } from "../../src/ntk/taps.ts";
import { createBackend } from "../../src/numerics/index.ts";
import { randomStream } from "../../src/random.ts";
import { relativeError } from "../support/distance.ts";
import { TOY, type ToyTangent, toyBatch, toyTangent, toyTexts } from "../support/toyTangent.ts";

const C = TOY.outputs;
const texts = toyTexts(23, 5);
const other = toyTexts(9, 6);
const train = toyBatch(texts);
const test = toyBatch(other);

/** sgn J with its dead zone, row by row. */
function signs(J: Float64Array, size: number, tau: number): Float64Array {
  return J.map((value, k) => {
    const row = J.subarray(size * Math.floor(k / size), size * (1 + Math.floor(k / size)));
    const m = row.reduce((most, g) => Math.max(most, Math.abs(g)), 0);
    return Math.abs(value) <= tau * m ? 0 : Math.sign(value);
  });
}

function product(a: Float64Array, b: Float64Array, size: number): Float64Array {
  const [rows, columns] = [a.length / size, b.length / size];
  return Float64Array.from({ length: rows * columns }, (_, k) => {
    const [i, j] = [Math.floor(k / columns), k % columns];
    let sum = 0;
    for (let p = 0; p < size; p++) sum += a[i * size + p] * b[j * size + p];
    return sum;
  });
}

describe.each([
  { name: "reference", tolerance: 1e-13 },
  { name: "wasm", tolerance: 1e-6 },
] as const)("on the $name backend", ({ name, tolerance }) => {
  let toy: ToyTangent;
  let J: Float64Array;
  let K: Float64Array;
  beforeAll(async () => {
    toy = toyTangent(await createBackend(name));
    [J, K] = [toy.jacobian(train), toy.jacobian(test)];
  });
  const run = async (options: NtkOptions) => empiricalNtk(toy, train, null, { workers: 1, ...options });

  // 0.02: a zone so wide that many entries are in it, none on its border.
  it.each([{}, { deadZone: 0.02 }])("signgd and asymmetric are products of signs, %o", async (zone) => {
    const tau = zone.deadZone ?? (name === "wasm" ? 1e-6 : 1e-9);
    const [S, Z] = [signs(J, toy.size, tau), signs(K, toy.size, tau)];
    expect((await run({ kernel: "signgd", ...zone })).data).toEqual(product(S, S, toy.size));
    const { data } = await run({ kernel: "asymmetric", ...zone });
    expect(relativeError(data, product(S, J, toy.size))).toBeLessThan(tolerance);

    const options = { workers: 1, kernel: "asymmetric", ...zone } as const;
    const pair = await empiricalNtk(toy, test, train, options);
    expect(relativeError(pair.data, product(Z, J, toy.size))).toBeLessThan(tolerance);
    // Of training and test texts the signs are those of training.
    const blocks = await ntkBlocks(toy, train, test, options);
    expect(blocks.train).toEqual(data);
    expect(relativeError(blocks.cross!, product(K, S, toy.size))).toBeLessThan(tolerance);
  });

  it("a reduction of outputs is that of the full kernel", async () => {
    const full = (await run({})).data;
    const blocks = (i: number, j: number, c: number, d: number) => full[(i * C + c) * 23 * C + j * C + d];
    const reduce = (term: (i: number, j: number) => number) =>
      Float64Array.from({ length: 23 * 23 }, (_, k) => term(Math.floor(k / 23), k % 23));
    const trace = reduce((i, j) => blocks(i, j, 0, 0) + blocks(i, j, 1, 1));
    const all = reduce((i, j) => [0, 1].reduce((s, c) => s + blocks(i, j, c, 0) + blocks(i, j, c, 1), 0) / C);
    const expected = [
      ["sum", trace],
      ["mean", trace.map((value) => value / C)],
      ["pseudo", all],
      [0, reduce((i, j) => blocks(i, j, 0, 0))],
      [1, reduce((i, j) => blocks(i, j, 1, 1))],
    ] as const;
    for (const [outputs, kernel] of expected) {
      const { data, shape, f0 } = await run({ outputs });
      expect(shape).toEqual([23, 23]);
      expect(f0.shape).toEqual([23, C]);
      expect(relativeError(data, kernel), String(outputs)).toBeLessThan(tolerance);
    }
  });

  it("sign kernels of reduced outputs: signs of the functions themselves", async () => {
    const tau = name === "wasm" ? 1e-6 : 1e-9;
    const full = (await run({ kernel: "signgd" })).data;
    const sum = (await run({ kernel: "signgd", outputs: "sum" })).data;
    for (let k = 0; k < sum.length; k++) {
      const [i, j] = [Math.floor(k / 23), k % 23];
      expect(sum[k]).toBe([0, 1].reduce((s, c) => s + full[(i * C + c) * 23 * C + j * C + c], 0));
    }
    const pseudo = Float64Array.from({ length: 23 * toy.size }, (_, k) => {
      const [i, p] = [Math.floor(k / toy.size), k % toy.size];
      return (J[2 * i * toy.size + p] + J[(2 * i + 1) * toy.size + p]) / Math.SQRT2;
    });
    const S = signs(pseudo, toy.size, tau);
    expect((await run({ kernel: "signgd", outputs: "pseudo" })).data).toEqual(product(S, S, toy.size));
  });

  it.each(["signgd", "asymmetric"] as const)(
    "%s: groups add up, both of train and of test × train",
    async (kernel) => {
      for (const outputs of ["full", "mean", 1] as const) {
        const options = { workers: 1, byGroup: true, kernel, outputs };
        const { train: whole, cross, groups, crossGroups } = await ntkBlocks(toy, train, test, options);
        const add = (parts: Record<string, Float64Array>) =>
          Object.values(parts).reduce((a, b) => a.map((value, k) => value + b[k]));
        expect(relativeError(add(groups!), whole)).toBeLessThan(1e-14);
        expect(relativeError(add(crossGroups!), cross!)).toBeLessThan(1e-14);
        // The dead zone is measured over all tensors, whichever are asked for.
        const alone = await ntkBlocks(toy, train, test, { ...options, parameters: "mlp" });
        expect(alone.train).toEqual(groups!.mlp);
        expect(alone.cross).toEqual(crossGroups!.mlp);
      }
    },
  );

  it("signgd permutes with the texts, and repeats with them, to the last bit", async () => {
    const order = texts.map((_, i) => (i * 7) % texts.length);
    const { data } = await run({ kernel: "signgd" });
    const moved = await empiricalNtk(toy, toyBatch(order.map((i) => texts[i])), null, {
      workers: 1,
      kernel: "signgd",
    });
    const N = 23 * C;
    const place = (row: number) => order[Math.floor(row / C)] * C + (row % C);
    moved.data.forEach((value, k) => {
      expect(value).toBe(data[place(Math.floor(k / N)) * N + place(k % N)]);
    });
    const doubled = await empiricalNtk(toy, toyBatch([...texts, texts[4]]), null, {
      workers: 1,
      kernel: "signgd",
    });
    const M = 24 * C;
    for (let c = 0; c < C; c++) {
      const row = (i: number) => doubled.data.slice((i * C + c) * M, (i * C + c + 1) * M);
      expect(row(23)).toEqual(row(4));
    }
    for (let i = 0; i < N; i++) for (let j = 0; j < i; j++) expect(data[i * N + j]).toBe(data[j * N + i]);
  });

  it("counts the zeros of each tensor", async () => {
    const { dead = {} } = await run({ kernel: "asymmetric", deadZone: 0.02, parameters: "body" });
    const S = signs(J, toy.size, 0.02);
    let first = 0;
    for (const { name: parameter, shape, group } of toy.parameters) {
      const size = shape.reduce((a, b) => a * b, 1);
      const zeros = Float64Array.from(
        { length: 23 * C },
        (_, row) =>
          S.subarray(row * toy.size + first, row * toy.size + first + size).filter((s) => s === 0).length,
      );
      first += size;
      if (group === "head") expect(dead[parameter]).toBeUndefined();
      else expect(dead[parameter], parameter).toEqual(zeros);
    }
  });
});

it("an overflow names the text", async () => {
  const toy = toyTangent(await createBackend("reference"));
  toy.theta["head.weight"].fill(Number.POSITIVE_INFINITY);
  const call = empiricalNtk(toy, train, null, { workers: 1, kernel: "signgd" });
  await expect(call).rejects.toThrow(/kernel: expected finite gradients, got others of text \d+/);
  await expect(call).rejects.toMatchObject({ name: "DataError" });
});

it("reports both descents up to their ends", async () => {
  const toy = toyTangent(await createBackend("reference"));
  const ends: Record<string, boolean> = {};
  const onProgress = ({ stage, done, total }: { stage: string; done: number; total: number }) => {
    ends[stage] = done === total;
  };
  await empiricalNtk(toy, train, null, { workers: 1, kernel: "signgd", onProgress });
  expect(ends).toEqual({ "largest gradients": true, kernel: true });
});

it("is estimated by its own cost", async () => {
  const toy = toyTangent(await createBackend("wasm"));
  const cost = (options: NtkOptions) => estimateKernel(toy, train, test, options as object);
  expect(cost({ outputs: 0 }).parts.kernel).toBe(cost({}).parts.kernel / C ** 2);
  expect(cost({ outputs: 0 }).flops).toBeLessThan(cost({ outputs: "mean" }).flops);
  expect(cost({ outputs: "mean" }).flops).toBeLessThan(cost({}).flops);
  expect(cost({ kernel: "signgd" }).flops).toBeGreaterThan(cost({}).flops);
  expect(cost({ kernel: "asymmetric" }).flops).toBeGreaterThan(cost({ kernel: "signgd" }).flops);
});

describe("signs", () => {
  it("leave zero what lies in the zone, its border included", () => {
    const x = Float64Array.from([1, -0.5, 0.1, -0.1, 0, 2, 3, -3]);
    const counted = new Float64Array(2);
    takeSigns(x, Float64Array.from([0.1, 3]), counted);
    expect([...x]).toEqual([1, -1, 0, 0, 0, 0, 0, 0]);
    expect([...counted]).toEqual([2, 0]);
  });

  it("are the same of float32 numbers, borders that no float32 hits included", () => {
    const random = randomStream(4);
    const step = Math.fround(0.1);
    const thresholds = Float64Array.of(0, step, step + 1e-12, step - 1e-12, 1e-46, 1e-41, 1e30);
    const edge = [step, -step, step + 2 ** -27, step - 2 ** -27, 0, -0, 1e-45, -1e-45, 1e-41, 3e38];
    const row = [...edge, ...Array.from({ length: 30 }, () => 0.2 * random.gaussian())];
    const single = Float32Array.from({ length: 7 * row.length }, (_, k) => row[k % row.length]);
    const double = Float64Array.from(single);
    const [counts, expected] = [new Float64Array(7), new Float64Array(7)];
    takeSigns(single, thresholds, counts);
    takeSigns(double, thresholds, expected);
    expect(Array.from(single, (s) => s + 0)).toEqual(Array.from(double, (s) => s + 0));
    expect(counts).toEqual(expected);
  });

  it("are of the sum of what adds to one row of a table", async () => {
    const tap: RowsData = {
      kind: "rows",
      ids: Int32Array.from([2, 5, 2, 2]),
      examples: Int32Array.from([0, 0, 0, 1]),
      gradient: Float64Array.from([1, -3, 2, 2, -1, 5, 7, 7]), // (4 × 2)
      width: 2,
      n: 2,
    };
    const merged = mergeRows(tap, 1);
    expect([...merged.ids]).toEqual([2, 5, 2]);
    expect([...merged.examples]).toEqual([0, 0, 1]);
    expect([...merged.gradient]).toEqual([0, 2, 2, 2, 7, 7]);
    const backend = await createBackend("reference");
    const { tile, counted } = await contract(backend, {
      rows: [tap],
      columns: null,
      outputs: 1,
      signs: { rows: Float64Array.from([0.5, 0.5]), columns: null },
    });
    expect([...tile]).toEqual([3, 1, 1, 2]);
    expect([...counted!]).toEqual([3, 2]);
  });
});
