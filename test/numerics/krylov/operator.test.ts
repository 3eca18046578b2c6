/** A matrix as an operator: tiles of one triangle in the memory of the kernels, against the plain product. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CallError, DataError } from "../../../src/errors.ts";
import { applyRows, matrixOperator } from "../../../src/numerics/krylov/operator.ts";
import { kernels } from "../../../src/numerics/wasm/load.ts";
import { gaussianMatrix, multiply, randomSymmetric, relativeDistance } from "../../support/matrices.ts";

describe("matrixOperator", () => {
  it.each([0, 1, 2, 3, 4, 5, 7, 8, 17, 64, 65, 127, 128, 129, 131, 256, 257])("n = %i", (n) => {
    const a = randomSymmetric(n, n);
    const operator = matrixOperator(a, n);
    const x = gaussianMatrix(n, 1, 3);
    const out = new Float64Array(n).fill(7);
    operator.apply(x, out);
    expect(relativeDistance(out, multiply(a, n, x))).toBeLessThanOrEqual(10 * n * Number.EPSILON);
    operator.free();
  });

  it("gives each of several vectors the bits it gets alone", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 140 }), fc.integer({ min: 1, max: 9 }), (n, count) => {
        const operator = matrixOperator(randomSymmetric(n, count), n);
        const x = gaussianMatrix(count, n, 5);
        const together = new Float64Array(count * n);
        operator.applyBlock(x, together, count);
        const alone = new Float64Array(n);
        for (let c = 0; c < count; c++) {
          operator.apply(x.subarray(c * n, c * n + n), alone);
          expect(together.subarray(c * n, c * n + n)).toEqual(alone);
        }
        operator.free();
      }),
      { seed: 3, numRuns: 25 },
    );
  });

  it("takes the symmetric part of a matrix with noise", () => {
    const operator = matrixOperator(Float64Array.of(1, 2 + 1e-8, 2 - 1e-8, 1), 2);
    const out = new Float64Array(2);
    operator.apply(Float64Array.of(0, 1), out);
    expect([...out]).toEqual([2, 1]);
    operator.free();
  });

  it("keeps one copy of one triangle and gives it back, once", () => {
    const { arena } = kernels();
    const before = arena.bytesInUse;
    const n = 512;
    const operator = matrixOperator(randomSymmetric(n, 1), n);
    expect(arena.bytesInUse - before).toBeLessThanOrEqual(4 * n * n + 8 * n * 128);
    operator.free();
    operator.free();
    expect(arena.bytesInUse).toBe(before);
    const use = () => operator.apply(new Float64Array(n), new Float64Array(n));
    expect(use).toThrow(CallError);
    expect(use).toThrow("an operator in use, got a freed one");
  });

  it("names what is not finite or not symmetric, and keeps no memory of it", () => {
    const { arena } = kernels();
    const before = arena.bytesInUse;
    const a = randomSymmetric(130, 2);
    a[129 * 130 + 3] += 1;
    expect(() => matrixOperator(a, 130)).toThrow(DataError);
    expect(() => matrixOperator(a, 130)).toThrow("at row 129, column 3");
    a[131] = Number.NaN;
    expect(() => matrixOperator(a, 130)).toThrow("NaN at row 1, column 1");
    expect(() => matrixOperator(a, 129)).toThrow("129×129");
    expect(arena.bytesInUse).toBe(before);
  });
});

describe("applyRows", () => {
  it("names the application and the coordinate that is not finite, row by row or together", async () => {
    const broken = (x: Float64Array, out: Float64Array) => {
      out.set(x);
      if (x[0] === 2) out[1] = Number.POSITIVE_INFINITY;
    };
    const x = Float64Array.of(1, 1, 2, 1);
    const byRow = { size: 2, apply: broken };
    const together = {
      size: 2,
      apply: broken,
      applyBlock: (from: Float64Array, to: Float64Array) => {
        broken(from.subarray(0, 2), to.subarray(0, 2));
        broken(from.subarray(2), to.subarray(2));
      },
    };
    for (const operator of [byRow, together]) {
      await expect(applyRows("here", operator, x, new Float64Array(4), 2, 5)).rejects.toThrow(
        "here: expected an operator that gives finite numbers, got Infinity in coordinate 1 of application 7",
      );
    }
  });
});
