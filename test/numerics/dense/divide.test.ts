/** Divide and conquer and root-free QR on tridiagonal matrices chosen to break them, against implicit QR; one merge by its definition. */
import { describe, expect, it } from "vitest";
import { deflate, MIXED } from "../../../src/numerics/dense/deflate.ts";
import { divideAndConquer } from "../../../src/numerics/dense/divide.ts";
import { eighTridiagonal } from "../../../src/numerics/dense/eighTridiagonal.ts";
import { kernels } from "../../../src/numerics/wasm/load.ts";
import { randomStream } from "../../../src/random.ts";
import {
  decompositionError,
  descending,
  orthogonalityError,
  relativeDistance,
} from "../../support/matrices.ts";

type Entries = (n: number) => [diagonal: (i: number) => number, off: (i: number) => number];

const random = randomStream(17);
const matrices: Record<string, Entries> = {
  random: () => [() => random.gaussian(), () => random.gaussian()],
  laplacian: () => [() => 2, () => -1],
  diagonal: () => [(i) => (i * 7919) % 101, () => 0],
  "equal diagonal, no coupling": () => [() => 1, () => 0],
  wilkinson: (n) => [(i) => Math.abs(i - (n - 1) / 2), () => 1],
  "glued Wilkinson, nearly equal copies": () => [
    (i) => Math.abs((i % 21) - 10),
    (i) => (i % 21 === 20 ? 1e-9 : 1),
  ],
  "coupling near round-off": () => [(i) => i % 3, (i) => (i % 5 ? 1e-15 : 1e-17)],
  "graded down": () => [(i) => 2 ** -i, (i) => 0.3 * 2 ** -i],
  "graded up": (n) => [(i) => 2 ** (i - n), (i) => 0.3 * 2 ** (i - n)],
  "one large coupling": () => [() => 0, (i) => (i === 40 ? 1 : 1e-8)],
  "zero diagonal": () => [() => 0, (i) => (i % 2 ? 1 : -0.5)],
  "Clement, symmetrised": (n) => [() => 0, (i) => Math.sqrt((i + 1) * (n - 1 - i)) / n],
};

describe("divideAndConquer", () => {
  describe.each(Object.keys(matrices))("%s", (name) => {
    it.each([1, 2, 32, 33, 64, 65, 97, 130, 259])("n = %i", (n) => {
      const [diagonal, off] = matrices[name](n);
      const d = Float64Array.from({ length: n }, (_, i) => diagonal(i));
      const e = Float64Array.from({ length: n }, (_, i) => (i < n - 1 ? off(i) : 0));
      const dense = new Float64Array(n * n);
      for (let i = 0; i < n; i++) {
        dense[i * n + i] = d[i];
        if (i > 0) dense[i * n + i - 1] = dense[(i - 1) * n + i] = e[i - 1];
      }
      const { arena, exports } = kernels();
      const [values, vectors] = arena.withScratch([8 * n, 8 * n, 8 * n * n], (dAt, eAt, vAt) => {
        arena.f64(dAt, n).set(d);
        arena.f64(eAt, n).set(e);
        divideAndConquer(dAt, eAt, n, vAt, n);
        return [arena.f64(dAt, n).slice(), arena.f64(vAt, n * n).slice()];
      });
      const alone = arena.withScratch([8 * n, 8 * n], (dAt, eAt) => {
        arena.f64(dAt, n).set(d);
        arena.f64(eAt, n).set(e);
        expect(exports.rootFreeQr(dAt, eAt, n)).toBe(1);
        return descending(arena.f64(dAt, n));
      });
      const bound = 10 * n * Number.EPSILON;
      expect(orthogonalityError(vectors, n, n)).toBeLessThanOrEqual(bound);
      expect(decompositionError(dense, n, values, vectors)).toBeLessThanOrEqual(bound);
      const expected = eighTridiagonal(d, e, "first").values;
      expect(relativeDistance(descending(values), expected)).toBeLessThanOrEqual(bound);
      expect(relativeDistance(alone, expected)).toBeLessThanOrEqual(bound);
    });
  });
});

describe("deflate", () => {
  const identity = (n: number) => {
    const rows = Array.from({ length: n }, (_, i) =>
      Float64Array.from({ length: n }, (_, j) => (i === j ? 1 : 0)),
    );
    return (i: number) => rows[i];
  };

  it("leaves out what z does not touch, and orders the rest", () => {
    const z = Float64Array.of(0.5, 0, 0.5, 0.5);
    const { active, resting } = deflate(Float64Array.of(3, 1, 2, 0), z, 1, 2, identity(4));
    expect(active).toEqual([3, 2, 0]);
    expect(resting).toEqual([1]);
  });

  it("rotates equal d until one z is empty, marking the row as of both halves", () => {
    const d = Float64Array.of(1, 1, 5);
    const z = Float64Array.of(0.6, 0.8, 0.1);
    const row = identity(3);
    const { active, resting, kind } = deflate(d, z, 1, 1, row);
    expect([active, resting]).toEqual([[1, 2], [0]]);
    expect(kind[1]).toBe(MIXED);
    expect(relativeDistance(z, [0, 1, 0.1])).toBeLessThan(1e-15);
    // V keeps z: the new rows times (0.6, 0.8) are (0, 1).
    expect(Math.abs(row(0)[0] * 0.6 + row(0)[1] * 0.8)).toBeLessThan(1e-15);
    expect(row(1)[0] * 0.6 + row(1)[1] * 0.8).toBeCloseTo(1, 15);
  });
});
