import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { CallError } from "../../src/errors.ts";
import {
  type BatchedMatmulOptions,
  batchedMatmul,
  type MatmulOptions,
  matmul,
} from "../../src/numerics/matmul.ts";
import { readNpy } from "../../src/numerics/npy.ts";
import { batchedMatmulReference, matmulReference } from "../../src/numerics/reference/matmul.ts";
import { syrk } from "../../src/numerics/syrk.ts";
import { kernels, releaseScratch } from "../../src/numerics/wasm/load.ts";
import { expectWithin, gaussian, SIDES } from "../support/backendTable.ts";
import { precisions, productTargets } from "../support/productTargets.ts";

type Floats = Float32Array | Float64Array;
// The overloads of the public functions keep the two kinds of numbers apart; tests run over both.
type AnyMatmul = (a: Floats, b: Floats, options: MatmulOptions) => Floats;
type AnyBatched = (a: Floats, b: Floats, options: BatchedMatmulOptions) => Floats;

const wide = (x: Float32Array) => Float64Array.from(x);
const sizes = SIDES.map((n, i) => ({ m: SIDES[(i + 4) % 10], k: n, n: SIDES[(i + 7) % 10] }));
const large = [
  { m: 130, k: 300, n: 70 },
  { m: 9, k: 520, n: 1030 },
  { m: 197, k: 17, n: 20 },
];
const flags = [false, true].flatMap((transposeA) =>
  [false, true].map((transposeB) => ({ transposeA, transposeB })),
);

const cases = productTargets.flatMap(({ name, use }) =>
  flags.map((transposes) => ({ name, use, ...transposes })),
);

describe.each(cases)(
  "matmul on $name, transposed: a $transposeA, b $transposeB",
  ({ use, ...transposes }) => {
    beforeAll(use);
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
  },
);

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

describe("views, scales and a bias", () => {
  const scale = fc.constantFrom(0, 1, -1, 0.75);
  const place = fc.record({ offset: fc.nat(5), gap: fc.nat(3), between: fc.nat(6) });
  const options = fc.record({
    sides: fc.record({ m: fc.nat(20), k: fc.nat(20), n: fc.nat(20) }),
    batch: fc.nat(4),
    flags: fc.record({ transposeA: fc.boolean(), transposeB: fc.boolean() }),
    alpha: scale,
    beta: scale,
    biased: fc.boolean(),
    places: fc.tuple(place, place, place),
    sharedB: fc.boolean(),
  });

  it.each(precisions)(
    "of $precision, batched, as the definition; gaps are left alone",
    ({ make, epsilon }) => {
      fc.assert(
        fc.property(options, ({ sides, batch, flags, alpha, beta, biased, places, sharedB }) => {
          const { m, k, n } = sides;
          const stored = [flags.transposeA ? [k, m] : [m, k], flags.transposeB ? [n, k] : [k, n], [m, n]];
          const [A, B, out] = stored.map(([rows, columns], i) => {
            const { offset, gap, between } = places[i];
            const stride = columns + gap;
            const batchStride = i === 1 && sharedB ? 0 : rows * stride + between + (i === 2 ? 1 : 0);
            const data = make(gaussian(offset + Math.max(batch, 1) * (rows * stride + between + 1), 5 + i));
            return { data, offset, stride, batchStride };
          });
          const call = {
            ...{ ...sides, ...flags, batch, alpha, beta },
            ...{ offsetA: A.offset, strideA: A.stride, batchStrideA: A.batchStride },
            ...{ offsetB: B.offset, strideB: B.stride, batchStrideB: B.batchStride },
            ...{ offsetOut: out.offset, strideOut: out.stride, batchStrideOut: out.batchStride },
            bias: biased ? make(gaussian(n, 8)) : undefined,
            out: out.data,
          };
          const truth = batchedMatmulReference(A.data, B.data, call);
          const found = (batchedMatmul as AnyBatched)(A.data, B.data, call);
          expect(found).toBe(out.data);
          expectWithin(found, truth, () => 400 * epsilon);
          if (batch !== 1) return;
          const single = { ...call, out: out.data.slice() as Floats };
          const again = batchedMatmulReference(A.data, B.data, single);
          expectWithin((matmul as AnyMatmul)(A.data, B.data, single), again, () => 400 * epsilon);
        }),
        { seed: 1, numRuns: 300 },
      );
    },
  );

  it("interleaves the results of heads, and reads heads that interleave", () => {
    const [heads, T, d] = [3, 5, 4];
    const x = gaussian(T * heads * d, 9);
    const strided = { strideA: heads * d, batchStrideA: d, strideB: heads * d, batchStrideB: d };
    const sizes = { m: T, k: d, n: T, batch: heads, transposeB: true };
    const out = new Float32Array(T * heads * T);
    batchedMatmul(x, x, { ...sizes, ...strided, out, strideOut: heads * T, batchStrideOut: T });
    for (let h = 0; h < heads; h++) {
      const head = Float32Array.from(
        { length: T * d },
        (_, i) => x[Math.floor(i / d) * heads * d + h * d + (i % d)],
      );
      const scores = matmul(head, head, { m: T, k: d, n: T, transposeB: true });
      const found = Float32Array.from(scores, (_, i) => out[(Math.floor(i / T) * heads + h) * T + (i % T)]);
      expect(found).toEqual(scores);
    }
  });

  it("does not read `out` with beta 0, and may write onto its operands", () => {
    const a = Float32Array.of(1, 2, 3, 4);
    const out = new Float32Array(4).fill(Number.NaN);
    expect([...matmul(a, a, { m: 2, k: 2, n: 2, out })]).toEqual([7, 10, 15, 22]);
    expect([...matmul(a, a, { m: 2, k: 2, n: 2, beta: 2 })]).toEqual([7, 10, 15, 22]); // nothing there: 0
    expect([...matmul(a, a, { m: 2, k: 2, n: 2, out: a, beta: -1 })]).toEqual([6, 8, 12, 18]);
  });
});

it("lets NaN and infinities through", () => {
  const a = Float64Array.of(1, Number.NaN, Number.NEGATIVE_INFINITY, 1, 1, 1);
  const out = matmul(a, Float64Array.of(2, 1), { m: 3, k: 2, n: 1 });
  expect([...out]).toEqual([Number.NaN, Number.NEGATIVE_INFINITY, 3]);
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
    // @ts-expect-error two kinds of numbers
    expect(() => matmul(x, new Float64Array(6), { m: 2, k: 3, n: 2 })).toThrow(
      /got Float32Array and Float64Array/,
    );
    expect(() => matmul(x, x, { m: 1.5, k: 4, n: 1 })).toThrow(CallError);
    const sizes = { m: 2, k: 3, n: 2 };
    expect(() => matmul(x, x, { ...sizes, bias: new Float32Array(3) })).toThrow(
      /bias of 1×2 = 2 numbers, got 3/,
    );
    expect(() => matmul(x, x, { ...sizes, out: new Float32Array(5) })).toThrow(
      /out of 2×2 = 4 numbers, got 5/,
    );
    expect(() => matmul(x, x, { ...sizes, strideA: 2 })).toThrow(/a stride of a of at least 3, got 2/);
    expect(() => matmul(x, x, { ...sizes, offsetB: 1 })).toThrow(
      /b, 3×2, inside 6 numbers, got one that ends at 7/,
    );
    expect(() => matmul(x, x, { ...sizes, offsetB: -1 })).toThrow(
      /the offset of b a whole number, 0 or more, got -1/,
    );
    const batched = { m: 1, k: 3, n: 1, batch: 2 };
    expect(() => batchedMatmul(x, x, { ...batched, out: new Float32Array(1) })).toThrow(
      /out of 2×1×1 numbers, or a batchStrideOut above 0, got one matrix for all products/,
    );
    expect(() => batchedMatmul(x, x, { ...batched, batchStrideA: 4 })).toThrow(/one that ends at 7/);
    expect(() => batchedMatmul(x, x, { ...batched, batch: 0.5 })).toThrow(/batch a whole number/);
  });

  it("leave nothing behind in the arena, and neither do right ones", () => {
    const { arena } = kernels();
    const before = arena.bytesInUse;
    const none = new Float32Array(0);
    expect(() => matmul(none, none, { m: 2 ** 16, k: 0, n: 2 ** 16 })).toThrow(/wasm memory: .* 4 GiB/);
    for (let i = 0; i < 1e4; i++) matmul(x, x, { m: 2, k: 3, n: 2 });
    for (let i = 0; i < 1e4; i++) batchedMatmul(x, x, { m: 1, k: 3, n: 1, batch: 2 });
    expect(arena.bytesInUse).toBe(before);
  });

  it("does not mind memory that grew meanwhile", () => {
    releaseScratch();
    const out = new Float32Array(4);
    const small = () => [...matmul(x.fill(1), x, { m: 2, k: 3, n: 2, out, bias: out.slice(2).fill(1) })];
    expect(small()).toEqual([4, 4, 4, 4]);
    const n = 1500;
    const large = matmul(new Float32Array(n * n).fill(1), new Float32Array(n * n).fill(1), { m: n, k: n, n });
    expect(large.every((value) => value === n)).toBe(true);
    expect(small()).toEqual([4, 4, 4, 4]);
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
