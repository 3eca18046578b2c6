/** Each way of contracting a tap against sums written out. Sizes are odd on purpose: 1, primes, one past a vector. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { contract } from "../../src/ntk/contract/contract.ts";
import { linearForm, tapCost } from "../../src/ntk/contract/cost.ts";
import { gather } from "../../src/ntk/contract/gather.ts";
import { contractPanels } from "../../src/ntk/contract/panels.ts";
import { contractPositions } from "../../src/ntk/contract/positions.ts";
import type { LinearData, RowsData, TapData, VectorData } from "../../src/ntk/taps.ts";
import type { Backend } from "../../src/numerics/backend.ts";
import { randomStream } from "../../src/random.ts";
import { backends } from "../support/backends.ts";
import { relativeError } from "../support/distance.ts";

const random = randomStream(11);
const numbers = (size: number) => Float64Array.from({ length: size }, () => random.gaussian());

function linear(lengths: number[], C: number, dIn: number, dOut: number): LinearData {
  const offsets = Int32Array.from([
    0,
    ...lengths.map((_, i) => lengths.slice(0, i + 1).reduce((a, b) => a + b)),
  ]);
  const N = offsets[lengths.length];
  return { kind: "linear", input: numbers(N * dIn), gradient: numbers(C * N * dOut), dIn, dOut, offsets };
}

const vector = (n: number, C: number, width: number): VectorData => ({
  kind: "vector",
  gradient: numbers(C * n * width),
  width,
  n,
});

function rows(ids: number[][], C: number, width: number): RowsData {
  const flat = Int32Array.from(ids.flat());
  const examples = Int32Array.from(ids.flatMap((own, i) => own.map(() => i)));
  return {
    kind: "rows",
    ids: flat,
    examples,
    gradient: numbers(C * flat.length * width),
    width,
    n: ids.length,
  };
}

/** The gradient of every example and output in full: rows i·C + c. `table`: rows of an embedding table. */
function gradients(tap: TapData, C: number, table = 0): Float64Array[] {
  if (tap.kind === "vector") {
    return Array.from({ length: tap.n * C }, (_, row) => {
      const at = ((row % C) * tap.n + Math.floor(row / C)) * tap.width;
      return tap.gradient.slice(at, at + tap.width) as Float64Array;
    });
  }
  const n = tap.kind === "linear" ? tap.offsets.length - 1 : tap.n;
  return Array.from({ length: n * C }, (_, row) => {
    const [i, c] = [Math.floor(row / C), row % C];
    if (tap.kind === "linear") {
      const { dIn, dOut, offsets, input, gradient } = tap;
      const full = new Float64Array(dIn * dOut);
      for (let r = offsets[i]; r < offsets[i + 1]; r++)
        for (let o = 0; o < dOut; o++)
          for (let k = 0; k < dIn; k++)
            full[o * dIn + k] += gradient[(c * offsets[n] + r) * dOut + o] * input[r * dIn + k];
      return full;
    }
    const full = new Float64Array(table * tap.width);
    tap.ids.forEach((id, r) => {
      if (tap.examples[r] !== i) return;
      for (let f = 0; f < tap.width; f++)
        full[id * tap.width + f] += tap.gradient[(c * tap.ids.length + r) * tap.width + f];
    });
    return full;
  });
}

function kernelOf(a: Float64Array[], b: Float64Array[]): Float64Array {
  return Float64Array.from(a.flatMap((x) => b.map((y) => x.reduce((sum, v, k) => sum + v * y[k], 0))));
}

describe.each(backends)("on $name", ({ create, tolerance }) => {
  let backend: Backend;
  beforeAll(() => {
    backend = create();
  });
  afterAll(() => backend.dispose());

  const shapes = [
    { C: 1, dIn: 1, dOut: 1 },
    { C: 2, dIn: 3, dOut: 5 },
    { C: 3, dIn: 17, dOut: 9 },
    { C: 7, dIn: 64, dOut: 65 },
    { C: 2, dIn: 2100, dOut: 3 }, // wider than a panel
    { C: 2, dIn: 5, dOut: 1500 }, // several panels
  ];
  const forms = [
    { form: "panels", run: contractPanels },
    { form: "positions", run: contractPositions },
  ];
  for (const { form, run } of forms) {
    it.each(shapes)(`${form}: C $C, $dIn → $dOut`, async ({ C, dIn, dOut }) => {
      const a = linear([1, 4, 2, 9], C, dIn, dOut);
      const b = linear([3, 1, 17], C, dIn, dOut);
      const [A, B] = [gradients(a, C), gradients(b, C)];
      expect(relativeError(await run(backend, a, b, C), kernelOf(A, B))).toBeLessThan(tolerance);
      const tile = await run(backend, a, null, C);
      const whole = kernelOf(A, A);
      const N = 4 * C;
      // One triangle is promised; contract() mirrors it.
      const upper = (kernel: Float64Array) => kernel.filter((_, k) => Math.floor(k / N) <= k % N);
      expect(relativeError(upper(tile), upper(whole))).toBeLessThan(tolerance);
    });
  }

  it.each([1, 3, 65])("vectors of %i", async (width) => {
    const C = 3;
    const [a, b] = [vector(5, C, width), vector(4, C, width)];
    const { tile } = await contract(backend, { rows: [a], columns: [b], outputs: C });
    expect(relativeError(tile, kernelOf(gradients(a, C), gradients(b, C)))).toBeLessThan(tolerance);
  });

  it.each([1, 5, 64])("rows of %i, ids repeated within and between texts", async (width) => {
    const C = 2;
    const a = rows([[3, 3, 1], [0], [1, 2, 3, 3, 3]], C, width);
    const b = rows([[2, 1], [7, 7, 3, 0], [5]], C, width);
    const { tile } = await contract(backend, { rows: [a], columns: [b], outputs: C });
    expect(relativeError(tile, kernelOf(gradients(a, C, 8), gradients(b, C, 8)))).toBeLessThan(tolerance);
    const { tile: own } = await contract(backend, { rows: [a], columns: null, outputs: C });
    expect(relativeError(own, kernelOf(gradients(a, C, 8), gradients(a, C, 8)))).toBeLessThan(tolerance);
  });

  it("rows that share no id give zero", async () => {
    const [a, b] = [rows([[0, 1]], 2, 3), rows([[2], [3]], 2, 3)];
    const { tile } = await contract(backend, { rows: [a], columns: [b], outputs: 2 });
    expect(tile).toEqual(new Float64Array(8));
  });

  it.each(["linear", "vector", "rows"])("joins blocks of %s taps", async (kind) => {
    const C = 3;
    const make = {
      linear: () => [linear([2, 5], C, 6, 4), linear([3], C, 6, 4), linear([1, 1, 4], C, 6, 4)],
      vector: () => [vector(2, C, 5), vector(1, C, 5), vector(3, C, 5)],
      rows: () => [rows([[0, 2], [1]], C, 4), rows([[2, 2]], C, 4), rows([[3], [1], [0, 3]], C, 4)],
    }[kind] as () => TapData[];
    const blocks = make();
    const full = blocks.flatMap((block) => gradients(block, C, 4));
    expect(gradients(gather(blocks, C), C, 4)).toEqual(full);
    const { tile } = await contract(backend, { rows: blocks, columns: null, outputs: C });
    expect(relativeError(tile, kernelOf(full, full))).toBeLessThan(tolerance);
    const N = full.length;
    for (let i = 0; i < N; i++) for (let j = 0; j < i; j++) expect(tile[i * N + j]).toBe(tile[j * N + i]);
  });
});

describe("the cost", () => {
  const sizes = (T: number, n: number, C: number, dIn: number, dOut: number) => ({
    C,
    dIn,
    dOut,
    rows: { n, N: n * T },
    columns: { n, N: n * T },
  });

  it("sends short texts to positions and long ones to panels", () => {
    expect(linearForm(sizes(12, 40, 7, 512, 128)).form).toBe("positions");
    expect(linearForm(sizes(128, 40, 2, 128, 512)).form).toBe("panels");
    expect(linearForm(sizes(12, 40, 7, 32, 32)).form).toBe("panels");
  });

  it("is what the forms do, from the shapes of blocks", () => {
    const blocks = [linear([4, 4], 2, 6, 5), linear([4, 4], 2, 6, 5)];
    const split = tapCost(blocks, blocks, 2);
    expect(split).toBe(tapCost([gather(blocks, 2)], [gather(blocks, 2)], 2));
    expect(tapCost(blocks, null, 2)).toBeLessThan(split);
    expect(tapCost([vector(3, 2, 5)], [vector(4, 2, 5)], 2)).toBe(2 * 6 * 8 * 5);
  });
});
