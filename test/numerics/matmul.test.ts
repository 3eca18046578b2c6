import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CallError } from "../../src/errors.ts";
import { batchedMatmul, matmul } from "../../src/numerics/matmul.ts";
import { readNpy } from "../../src/numerics/npy.ts";
import { matmulReference } from "../../src/numerics/reference/matmul.ts";
import { syrkReference } from "../../src/numerics/reference/syrk.ts";
import { syrk } from "../../src/numerics/syrk.ts";
import { kernels } from "../../src/numerics/wasm/load.ts";
import { expectWithin, gaussian, SIDES } from "../support/backendTable.ts";

const wide = (x: Float32Array) => Float64Array.from(x);
const sizes = SIDES.map((n, i) => ({ m: SIDES[(i + 4) % 10], k: n, n: SIDES[(i + 7) % 10] }));
const large = [
  { m: 130, k: 300, n: 70 },
  { m: 9, k: 520, n: 530 },
];
const flags = [false, true].flatMap((transposeA) =>
  [false, true].map((transposeB) => ({ transposeA, transposeB })),
);

describe.each(flags)("matmul, transposed: a $transposeA, b $transposeB", (transposes) => {
  it.each([...sizes, ...large])("$m×$k×$n", ({ m, k, n }) => {
    const [a, b] = [gaussian(m * k, 1), gaussian(k * n, 2)];
    const options = { m, k, n, ...transposes };
    const truth = matmulReference(a, b, options);
    const reach = matmulReference(a.map(Math.abs), b.map(Math.abs), options);
    const single = matmul(a, b, options);
    expect(single).toBeInstanceOf(Float32Array);
    expectWithin(single, truth, (i) => (k + 3) * 2 ** -24 * reach[i]);
    const double = matmul(wide(a), wide(b), options);
    expect(double).toBeInstanceOf(Float64Array);
    expectWithin(double, truth, (i) => 2 * (k + 3) * 2 ** -53 * reach[i]);
  });
});

describe("batchedMatmul", () => {
  const [m, k, n, batch] = [5, 9, 6, 3];
  const [a, b] = [gaussian(batch * m * k, 3), gaussian(batch * k * n, 4)];
  const block = (x: Float32Array, size: number, i: number) => x.subarray(i * size, (i + 1) * size);

  it("multiplies block by block", () => {
    const out = batchedMatmul(a, b, { m, k, n, batch, transposeB: true });
    for (let i = 0; i < batch; i++) {
      const expected = matmul(block(a, m * k, i), block(b, k * n, i), { m, k, n, transposeB: true });
      expect(block(out, m * n, i)).toEqual(expected);
    }
  });

  it("lets one block serve all", () => {
    const out = batchedMatmul(block(a, m * k, 0), b, { m, k, n, batch });
    expect(block(out, m * n, 2)).toEqual(matmul(block(a, m * k, 0), block(b, k * n, 2), { m, k, n }));
  });

  it("may be empty", () => {
    const none = new Float32Array(0);
    expect(batchedMatmul(none, none, { m, k, n, batch: 0 })).toEqual(none);
  });
});

describe("syrk", () => {
  it.each([...sizes, ...large].map(({ m, k }) => ({ n: m, k })))("$n rows of $k", ({ n, k }) => {
    const a = gaussian(n * k, 5);
    const truth = syrkReference(a, { n, k });
    const reach = syrkReference(a.map(Math.abs), { n, k });
    for (const rows of [a, wide(a)]) {
      const out = syrk(rows, { n, k });
      expectWithin(out, truth, (i) => 2 * (k + 3) * 2 ** -53 * reach[i]);
      for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) expect(out[i * n + j]).toBe(out[j * n + i]);
    }
  });

  it("agrees with matmul by its own transpose", () => {
    const [n, k] = [33, 700];
    const a = wide(gaussian(n * k, 6));
    const product = matmul(a, a, { m: n, k, n, transposeB: true });
    expect(syrk(a, { n, k })).toEqual(product);
  });
});

it("lets NaN and infinities through", () => {
  const a = Float64Array.of(1, Number.NaN, Number.NEGATIVE_INFINITY, 1, 1, 1);
  const out = matmul(a, Float64Array.of(2, 1), { m: 3, k: 2, n: 1 });
  expect([...out]).toEqual([Number.NaN, Number.NEGATIVE_INFINITY, 3]);
  expect(syrk(Float32Array.of(1, Number.NaN), { n: 2, k: 1 })).toEqual(
    Float64Array.of(1, Number.NaN, Number.NaN, Number.NaN),
  );
});

describe("wrong calls", () => {
  const x = new Float32Array(6);
  it("say what was expected and what came", () => {
    expect(() => matmul(x, x, { m: 2, k: 4, n: 3 })).toThrow(/matmul: expected a of 2×4 = 8 numbers, got 6/);
    expect(() => matmul(x, x, { m: 2, k: 3, n: 3, transposeB: true })).toThrow(/b of 3×3 = 9 numbers, got 6/);
    expect(() => matmul(x, x, { m: 2, k: 3, n: -1 })).toThrow(/n a whole number, 0 or more, got -1/);
    expect(() => batchedMatmul(x, x, { m: 1, k: 1, n: 1, batch: 4 })).toThrow(
      /a of 4×1×1 = 4 numbers, got 6/,
    );
    expect(() => syrk(x, { n: 4, k: 2 })).toThrow(/syrk: expected a of 4×2 = 8 numbers, got 6/);
    expect(() => syrk(x, { n: 1.5, k: 4 })).toThrow(/n a whole number, 0 or more, got 1.5/);
    // @ts-expect-error two kinds of numbers
    expect(() => matmul(x, new Float64Array(6), { m: 2, k: 3, n: 2 })).toThrow(
      /got Float32Array and Float64Array/,
    );
    expect(() => syrk(x, { n: 4, k: 2 })).toThrow(CallError);
  });

  it("leave nothing behind in the arena, and neither do right ones", () => {
    const { arena } = kernels();
    const before = arena.bytesInUse;
    const none = new Float32Array(0);
    expect(() => matmul(none, none, { m: 2 ** 16, k: 0, n: 2 ** 16 })).toThrow(/wasm memory: .* 4 GiB/);
    for (let i = 0; i < 1e4; i++) matmul(x, x, { m: 2, k: 3, n: 2 });
    expect(arena.bytesInUse).toBe(before);
  });
});

const shared = join(import.meta.dirname, "../../../shared/reference/linalg");
if (!existsSync(shared)) console.warn("../shared/reference/linalg is missing: its products are skipped");

describe.skipIf(!existsSync(shared))("products correctly rounded from exact sums", () => {
  const read = (name: string) => readNpy(readFileSync(join(shared, `matmul.${name}.npy`))).data;
  const [m, k, n] = [37, 53, 29];
  const close = (actual: ArrayLike<number>, name: string, epsilon: number) => {
    const expected = read(name);
    const size = Math.hypot(...expected);
    const error = Math.hypot(...Array.from(expected, (value, i) => value - actual[i]));
    expect(actual.length).toBe(expected.length);
    expect(error / size).toBeLessThan(4 * epsilon);
  };

  it("A·B, A·Aᵀ and Aᵀ·A in both precisions", () => {
    const [a, b] = [read("a") as Float32Array, read("b") as Float32Array];
    close(matmul(a, b, { m, k, n }), "ab", 2 ** -24);
    close(matmul(wide(a), wide(b), { m, k, n }), "ab", 2 ** -53);
    close(matmul(a, a, { m, k, n: m, transposeB: true }), "aat", 2 ** -24);
    close(matmul(wide(a), wide(a), { m: k, k: m, n: k, transposeA: true }), "ata", 2 ** -53);
    close(syrk(a, { n: m, k }), "aat", 2 ** -53);
  });
});
