import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { CallError, DataError } from "../../src/errors.ts";
import { trmmReference, trsmReference } from "../../src/numerics/reference/triangular.ts";
import { type TriangularOptions, trmm, trsm } from "../../src/numerics/triangular.ts";
import { kernels } from "../../src/numerics/wasm/load.ts";
import { expectWithin, gaussian, SIDES } from "../support/backendTable.ts";
import { precisions, productTargets } from "../support/productTargets.ts";

type Floats = Float32Array | Float64Array;
type Call = (a: Floats, b: Floats, options: TriangularOptions) => Floats;
// The overloads of the public functions keep the two kinds of numbers apart; tests run over both.
const [anyTrsm, anyTrmm] = [trsm as Call, trmm as Call];

const abs = (x: Floats): Float64Array => Float64Array.from(x, Math.abs);
const forms = (["left", "right"] as const).flatMap((side) =>
  (["lower", "upper"] as const).flatMap((triangle) =>
    [false, true].flatMap((transpose) =>
      [false, true].map((unitDiagonal) => ({ side, triangle, transpose, unitDiagonal })),
    ),
  ),
);
/** Around vectors, leaves of 16 and halves. */
const orders = [...SIDES, 15, 16, 33, 130];

/** n×n with rows that sum to about 1 beside a diagonal around 2, so that neither it nor its inverse grows; NaN where nobody looks. */
function matrix(n: number, triangle: "lower" | "upper", unitDiagonal: boolean): Float32Array {
  return gaussian(n * n, 1).map((value, at) => {
    const [i, j] = [Math.floor(at / n), at % n];
    if (i === j) return unitDiagonal ? Number.NaN : 2 + Math.abs(value);
    return (triangle === "lower") === i > j ? value / (4 * n) : Number.NaN;
  });
}

describe.each(productTargets)("on $name", ({ use }) => {
  beforeAll(use);

  describe.each(precisions)("$precision", ({ epsilon, make }) => {
    it.each(forms)("$side, $triangle, transposed $transpose, unit diagonal $unitDiagonal", (form) => {
      for (const [at, order] of orders.entries()) {
        const other = order === 130 ? 6 : SIDES[(at * 3 + 4) % 10];
        const [m, n] = form.side === "left" ? [order, other] : [other, order];
        const options = { m, n, ...form, alpha: 0.75 };
        const a = make(matrix(order, form.triangle, form.unitDiagonal));
        const b = make(gaussian(m * n, 2));
        const product = anyTrmm(a, b, options);
        const reach = trmmReference(abs(a), abs(b), options);
        expectWithin(product, trmmReference(a, b, options), (i) => (order + 4) * epsilon * reach[i]);
        const x = anyTrsm(a, b, options);
        expectWithin(x, trsmReference(a, b, options), () => 4 * (order + 4) * epsilon);
        // the residual, with the bound of substitution
        const back = trmmReference(a, x, { ...options, alpha: 1 });
        const size = trmmReference(abs(a), abs(x), { ...options, alpha: 1 });
        expectWithin(
          back,
          b.map((value) => 0.75 * value) as Floats,
          (i) => (order + 4) * epsilon * (size[i] + 1),
        );
      }
    });

    it("solves what it multiplied, views and all", () => {
      const options = fc.record({
        m: fc.nat(40),
        n: fc.nat(40),
        form: fc.constantFrom(...forms),
        offsets: fc.tuple(fc.nat(5), fc.nat(5), fc.nat(5)),
        gaps: fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3)),
      });
      fc.assert(
        fc.property(options, ({ m, n, form, offsets, gaps }) => {
          const order = form.side === "left" ? m : n;
          const [strideA, strideB, strideOut] = [order + gaps[0], n + gaps[1], n + gaps[2]];
          const [offsetA, offsetB, offsetOut] = offsets;
          const dense = matrix(order, form.triangle, form.unitDiagonal);
          const a = make(new Float32Array(offsetA + order * strideA).fill(Number.NaN));
          for (let i = 0; i < order; i++) {
            a.set(make(dense.subarray(i * order, (i + 1) * order)), offsetA + i * strideA);
          }
          const b = make(gaussian(offsetB + m * strideB, 3));
          const out = make(new Float32Array(offsetOut + m * strideOut).fill(7));
          const common = { m, n, ...form, offsetA, strideA };
          expect(anyTrmm(a, b, { ...common, offsetB, strideB, out, offsetOut, strideOut })).toBe(out);
          const place = { offsetB: offsetOut, strideB: strideOut, offsetOut, strideOut };
          anyTrsm(a, out, { ...common, ...place, out }); // onto itself
          expect(out.slice(0, offsetOut).every((value) => value === 7)).toBe(true);
          for (let i = 0; i < m; i++) {
            const row = out.subarray(offsetOut + i * strideOut, offsetOut + (i + 1) * strideOut);
            const truth = b.subarray(offsetB + i * strideB, offsetB + i * strideB + n);
            expectWithin(row.subarray(0, n), truth, () => 4 * (order + 4) * epsilon * 4);
            expect(row.subarray(n).every((value) => value === 7)).toBe(true);
          }
        }),
        { seed: 1, numRuns: 60 },
      );
    });
  });

  it("lets NaN and infinities through, in their column only", () => {
    const a = Float64Array.of(2, 0, 1, 4);
    const b = Float64Array.of(Number.NaN, 2, Number.POSITIVE_INFINITY, 5);
    expect([...trsm(a, b, { m: 2, n: 2 })]).toEqual([Number.NaN, 1, Number.NaN, 1]);
    expect([...trmm(a, b, { m: 2, n: 2, transpose: true })]).toEqual([
      Number.NaN,
      9,
      Number.POSITIVE_INFINITY,
      20,
    ]);
  });
});

it("has the same bits on simd and scalar", async () => {
  const [m, n] = [45, 37];
  const [a, b] = [matrix(m, "lower", false), gaussian(m * n, 4)];
  const results: Floats[][] = [];
  for (const { use } of productTargets.slice(0, 2)) {
    await use();
    results.push(
      [trsm, trmm].flatMap((call) => [
        call(a, b, { m, n }),
        call(Float64Array.from(a), Float64Array.from(b), { m, n }),
      ]),
    );
  }
  expect(results[1]).toEqual(results[0]);
});

it("leaves nothing behind over 10⁴ calls", () => {
  const { arena } = kernels();
  const before = arena.bytesInUse;
  const [a, b] = [Float32Array.of(1), Float32Array.of(3)];
  for (let i = 0; i < 1e4; i++) {
    trsm(a, b, { m: 1, n: 1 });
    trmm(a, b, { m: 1, n: 1, side: "right" });
  }
  expect(arena.bytesInUse).toBe(before);
});

it("says what is wrong with a call, and where a triangle is singular", () => {
  const a = Float64Array.of(1, 5, 0, 0);
  const b = new Float64Array(2);
  expect(() => trsm(a, b, { m: 2, n: 1 })).toThrow(DataError);
  expect(() => trsm(a, b, { m: 2, n: 1 })).toThrow(/a diagonal without 0, got 0 at row 1, column 1 of a/);
  expect([...trsm(a, b, { m: 2, n: 1, unitDiagonal: true })]).toEqual([0, 0]);
  expect(() => trmm(a, b, { m: 2, n: 2 })).toThrow(/trmm: expected b of 2×2 = 4 numbers, got 2/);
  expect(() => trmm(a, b, { m: 1, n: 2, side: "left" })).toThrow(/a of 1×1 = 1 numbers, got 4/);
  expect(() => trmm(a, b, { m: 2, n: 1, side: "top" as "left" })).toThrow(/the side left or right, got top/);
  expect(() => trmm(a, b, { m: 2, n: 1, triangle: "both" as "lower" })).toThrow(
    /triangle lower or upper, got both/,
  );
  expect(() => trmm(a, b, { m: -2, n: 1 })).toThrow(CallError);
  expect(() => trmm(a, b, { m: 2, n: 1, strideB: 0 })).toThrow(/a stride of b of at least 1, got 0/);
});
