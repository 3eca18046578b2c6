import { describe, expect, it } from "vitest";
import { accept, choose, sidesOf } from "../../../src/numerics/krylov/wanted.ts";

const ritz = (pairs: [value: number, residual: number][]) => ({
  values: Float64Array.from(pairs, ([value]) => value),
  residuals: Float64Array.from(pairs, ([, residual]) => residual),
});

describe("accept", () => {
  const largest = sidesOf("largest", 2);

  it("takes converged pairs from the outside and stops at the first that is not", () => {
    const pass = ritz([
      [9, 1e-12],
      [7, 0.1],
      [5, 1e-12],
    ]);
    expect(accept(pass, largest, [], 2, 1e-10, 1e-5)).toEqual({ indices: [0], settled: false });
  });

  it("takes no more than wanted", () => {
    const pass = ritz([
      [9, 0],
      [7, 0],
      [5, 0],
    ]);
    expect(accept(pass, largest, [], 2, 1e-10, 1e-5)).toEqual({ indices: [0, 1], settled: true });
    expect(accept(pass, sidesOf("both", 2), [], 2, 1e-10, 1e-5)).toEqual({ indices: [0, 2], settled: true });
  });

  it("is settled where the next is no better than the last known, seen loosely but not at once", () => {
    const known = [9, 8];
    expect(accept(ritz([[7, 1e-6]]), largest, known, 2, 1e-10, 1e-5)).toEqual({ indices: [], settled: true });
    expect(accept(ritz([[7, 1e-3]]), largest, known, 2, 1e-10, 1e-5)).toEqual({
      indices: [],
      settled: false,
    });
    expect(accept(ritz([[8, 1e-11]]), largest, known, 2, 1e-10, 1e-5)).toEqual({
      indices: [],
      settled: true,
    });
  });

  it("replaces the last known by a better one", () => {
    const pass = ritz([
      [9, 0],
      [7, 0],
    ]);
    expect(accept(pass, largest, [9, 8], 2, 1e-10, 1e-5)).toEqual({ indices: [0], settled: true });
  });

  it("needs more steps where every pair joined and some are missing", () => {
    expect(accept(ritz([[9, 0]]), largest, [], 2, 1e-10, 1e-5)).toEqual({ indices: [0], settled: false });
  });
});

describe("choose", () => {
  it("takes each end, each value once, largest first", () => {
    const values = [1, 5, 3, 5, 2];
    expect(choose(values, sidesOf("largest", 2)).map((i) => values[i])).toEqual([5, 5]);
    expect(choose(values, sidesOf("smallest", 2)).map((i) => values[i])).toEqual([2, 1]);
    expect(choose(values, sidesOf("both", 5)).map((i) => values[i])).toEqual([5, 5, 3, 2, 1]);
    expect(choose(values, sidesOf("both", 3)).map((i) => values[i])).toEqual([5, 5, 1]);
  });
});
