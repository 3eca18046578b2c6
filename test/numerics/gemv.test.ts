import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CallError } from "../../src/errors.ts";
import { type GemvOptions, gemv, type SymvOptions, symv } from "../../src/numerics/gemv.ts";
import { gemvReference, symvReference } from "../../src/numerics/reference/gemv.ts";
import { expectWithin, gaussian, SIDES } from "../support/backendTable.ts";
import { precisions } from "../support/productTargets.ts";

type Floats = Float32Array | Float64Array;
// The overloads of the public functions keep the two kinds of numbers apart; tests run over both.
const anyGemv = gemv as (a: Floats, x: Floats, options: GemvOptions) => Floats;
const anySymv = symv as (a: Floats, x: Floats, options: SymvOptions) => Floats;

const abs = (x: Floats): Float64Array => Float64Array.from(x, Math.abs);
const ofSizes = SIDES.flatMap((m, i) => [
  { m, n: m },
  { m, n: SIDES[(i + 7) % 10] },
]);

describe.each(precisions)("$precision", ({ epsilon, make }) => {
  /** Sums in float64, one rounding to the type of the numbers. */
  const allowed = (terms: number, reach: number, value: number) =>
    (terms + 4) * 2 ** -53 * reach + 2 * epsilon * Math.abs(value);

  describe.each([false, true])("gemv, transposed: %s", (transpose) => {
    it.each(ofSizes)("$m×$n", ({ m, n }) => {
      const a = make(gaussian(m * n, 1));
      const x = make(gaussian(transpose ? m : n, 2));
      const y = anyGemv(a, x, { m, n, transpose });
      expect(y.constructor).toBe(a.constructor);
      const truth = gemvReference(a, x, { m, n, transpose });
      const reach = gemvReference(abs(a), abs(x), { m, n, transpose });
      expectWithin(y, truth, (i) => allowed(x.length, reach[i], truth[i]));
    });
  });

  it.each(["lower", "upper"] as const)("symv reads the %s triangle only", (triangle) => {
    for (const n of SIDES) {
      const a = make(gaussian(n * n, 3));
      const x = make(gaussian(n, 4));
      const truth = symvReference(a, x, { n, triangle });
      const reach = symvReference(abs(a), abs(x), { n, triangle });
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < i; j++) a[triangle === "lower" ? j * n + i : i * n + j] = Number.NaN;
      }
      expectWithin(anySymv(a, x, { n, triangle }), truth, (i) => allowed(n, reach[i], truth[i]));
    }
  });

  it("scales, adds to what is there, and reads views", () => {
    const scale = fc.constantFrom(0, 1, -1, 0.75);
    const options = fc.record({
      m: fc.nat(9),
      n: fc.nat(9),
      transpose: fc.boolean(),
      triangle: fc.constantFrom("lower" as const, "upper" as const),
      offsetA: fc.nat(5),
      gap: fc.nat(4),
      alpha: scale,
      beta: scale,
    });
    fc.assert(
      fc.property(options, ({ gap, m, triangle, transpose, ...rest }) => {
        const { n, offsetA, alpha, beta } = rest;
        const strideA = n + gap;
        const a = make(gaussian(offsetA + Math.max(m, n) * strideA, 5));
        const check = (y: Floats, out: Floats, truth: Float64Array) => {
          expect(y).toBe(out);
          expectWithin(y, truth, () => 100 * epsilon);
        };
        const general = { ...rest, m, strideA, transpose };
        const x = make(gaussian(transpose ? m : n, 6));
        const out = make(gaussian(transpose ? n : m, 7));
        const truth = gemvReference(a, x, { ...general, out: out.slice() as Floats });
        check(anyGemv(a, x, { ...general, out }), out, truth);
        const symmetric = { n, offsetA, strideA, triangle, alpha, beta };
        const x2 = make(gaussian(n, 8));
        const out2 = make(gaussian(n, 9));
        const truth2 = symvReference(a, x2, { ...symmetric, out: out2.slice() as Floats });
        check(anySymv(a, x2, { ...symmetric, out: out2 }), out2, truth2);
      }),
      { seed: 1 },
    );
  });
});

it("does not read `out` with beta 0, and may write onto x", () => {
  const a = Float64Array.of(2, 1, 0, 3);
  const x = Float64Array.of(1, 2);
  expect([...gemv(a, x, { m: 2, n: 2, out: new Float64Array(2).fill(Number.NaN) })]).toEqual([4, 6]);
  expect([...gemv(a, x, { m: 2, n: 2, out: x })]).toEqual([4, 6]);
  expect([...symv(a, x, { n: 2, out: x, triangle: "upper" })]).toEqual([14, 22]);
});

it("lets NaN and infinities through", () => {
  const a = Float32Array.of(1, Number.NaN, Number.NEGATIVE_INFINITY, 1);
  expect([...gemv(a, Float32Array.of(1, 1), { m: 2, n: 2 })]).toEqual([Number.NaN, Number.NEGATIVE_INFINITY]);
  expect([...symv(a, Float32Array.of(1, 1), { n: 2 })]).toEqual([
    Number.NEGATIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
  ]);
});

it("says what is wrong with a call", () => {
  const a = new Float64Array(6);
  expect(() => gemv(a, new Float64Array(2), { m: 2, n: 3 })).toThrow(
    /gemv: expected x of 1×3 = 3 numbers, got 2/,
  );
  expect(() => gemv(a, a, { m: 2, n: 3, transpose: true })).toThrow(/x of 1×2 = 2 numbers, got 6/);
  expect(() => gemv(a, a, { m: 1, n: 6, strideA: 6, offsetA: 1 })).toThrow(
    /a, 1×6, inside 6 numbers, got one that ends at 7/,
  );
  expect(() => symv(a, a, { n: 6 })).toThrow(/symv: expected a of 6×6 = 36 numbers, got 6/);
  expect(() => symv(a, a, { n: 1.5 })).toThrow(CallError);
  expect(() => symv(a, a, { n: 6, triangle: "left" as "lower" })).toThrow(
    /triangle lower or upper, got left/,
  );
  const out = new Float64Array(1);
  expect(() => gemv(a, new Float64Array(3), { m: 2, n: 3, out })).toThrow(/out of 1×2 = 2 numbers, got 1/);
  // @ts-expect-error two kinds of numbers
  expect(() => gemv(a, new Float32Array(3), { m: 2, n: 3 })).toThrow(/got Float64Array and Float32Array/);
});
