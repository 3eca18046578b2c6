import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { CallError } from "../../src/errors.ts";
import { matmul } from "../../src/numerics/matmul.ts";
import { syrkReference } from "../../src/numerics/reference/syrk.ts";
import { type SyrkOptions, syrk } from "../../src/numerics/syrk.ts";
import { kernels } from "../../src/numerics/wasm/load.ts";
import { expectWithin, gaussian, SIDES } from "../support/backendTable.ts";
import { productTargets } from "../support/productTargets.ts";

const wide = (x: Float32Array) => Float64Array.from(x);
const sizes = [
  ...SIDES.map((k, i) => ({ n: SIDES[(i + 4) % 10], k })),
  { n: 130, k: 300 },
  { n: 197, k: 9 },
  { n: 1030, k: 5 },
];

describe.each(productTargets)("on $name", ({ use }) => {
  beforeAll(use);

  it.each(sizes)("$n rows of $k, and columns", ({ n, k }) => {
    const a = gaussian(n * k, 5);
    for (const transpose of [false, true]) {
      const truth = syrkReference(a, { n, k, transpose });
      const reach = syrkReference(a.map(Math.abs), { n, k, transpose });
      for (const rows of [a, wide(a)]) {
        const out = syrk(rows, { n, k, transpose });
        expectWithin(out, truth, (i) => 2 * (k + 3) * 2 ** -53 * reach[i]);
        let apart = 0;
        for (let i = 0; i < n; i++)
          for (let j = 0; j < i; j++) if (out[i * n + j] !== out[j * n + i]) apart++;
        expect(apart).toBe(0);
      }
    }
  });

  it("agrees with matmul by its own transpose, to the last bit", () => {
    const [n, k] = [33, 700];
    const a = wide(gaussian(n * k, 6));
    expect(syrk(a, { n, k })).toEqual(matmul(a, a, { m: n, k, n, transposeB: true }));
    expect(syrk(a, { n: k, k: n, transpose: true })).toEqual(
      matmul(a, a, { m: k, k: n, n: k, transposeA: true }),
    );
  });
});

it("scales, adds to what is there, reads views, and leaves the upper triangle where asked", () => {
  const scale = fc.constantFrom(0, 1, -1, 0.75);
  const options = fc.record({
    n: fc.nat(20),
    k: fc.nat(20),
    transpose: fc.boolean(),
    alpha: scale,
    beta: scale,
    triangle: fc.constantFrom("both" as const, "lower" as const),
    offsetA: fc.nat(5),
    gap: fc.nat(3),
    given: fc.boolean(),
  });
  fc.assert(
    fc.property(options, ({ gap, given, ...rest }) => {
      const { n, k, transpose, offsetA } = rest;
      const strideA = gap + (transpose ? n : k);
      const a = gaussian(offsetA + (transpose ? k : n) * strideA, 5);
      const call: SyrkOptions = { ...rest, strideA };
      const before = given ? wide(gaussian(n * n, 6)) : undefined;
      const truth = syrkReference(a, { ...call, out: before });
      const out = before?.slice();
      const found = syrk(a, { ...call, out });
      if (out) expect(found).toBe(out);
      expectWithin(found, truth, () => 1e-13);
    }),
    { seed: 1, numRuns: 200 },
  );
});

it("lets NaN and infinities through", () => {
  expect(syrk(Float32Array.of(1, Number.NaN), { n: 2, k: 1 })).toEqual(
    Float64Array.of(1, Number.NaN, Number.NaN, Number.NaN),
  );
});

it("leaves nothing behind over 10⁴ calls, and says when 4 GiB do not suffice", () => {
  const { arena } = kernels();
  const before = arena.bytesInUse;
  const a = Float64Array.of(3, 4);
  for (let i = 0; i < 1e4; i++) syrk(a, { n: 2, k: 1 });
  expect(() => syrk(new Float64Array(0), { n: 2 ** 15, k: 0 })).toThrow(/wasm memory: .* 4 GiB/);
  expect(arena.bytesInUse).toBe(before);
});

it("says what is wrong with a call", () => {
  const x = new Float32Array(6);
  expect(() => syrk(x, { n: 4, k: 2 })).toThrow(/syrk: expected a of 4×2 = 8 numbers, got 6/);
  expect(() => syrk(x, { n: 1.5, k: 4 })).toThrow(/n a whole number, 0 or more, got 1.5/);
  expect(() => syrk(x, { n: 4, k: 2 })).toThrow(CallError);
  expect(() => syrk(x, { n: 2, k: 3, out: new Float64Array(3) })).toThrow(/out of 2×2 = 4 numbers, got 3/);
  expect(() => syrk(x, { n: 2, k: 3, triangle: "upper" as "lower" })).toThrow(/both or lower, got upper/);
  expect(() => syrk(x, { n: 2, k: 3, strideA: 4 })).toThrow(/one that ends at 7/);
});
