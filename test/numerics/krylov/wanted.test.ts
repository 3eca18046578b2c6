import { describe, expect, it } from "vitest";
import { outermost, sidesOf } from "../../../src/numerics/krylov/wanted.ts";

describe("sidesOf", () => {
  it("splits both ends, the odd one to the largest, and leaves out a side without a value", () => {
    expect(sidesOf("largest", 3)).toEqual([{ sign: 1, count: 3 }]);
    expect(sidesOf("smallest", 3)).toEqual([{ sign: -1, count: 3 }]);
    expect(sidesOf("both", 5)).toEqual([
      { sign: 1, count: 3 },
      { sign: -1, count: 2 },
    ]);
    expect(sidesOf("both", 1)).toEqual([{ sign: 1, count: 1 }]);
  });
});

describe("outermost", () => {
  it("takes each end, each index once, in the order of the values", () => {
    expect(outermost(6, sidesOf("largest", 2))).toEqual([0, 1]);
    expect(outermost(6, sidesOf("smallest", 2))).toEqual([4, 5]);
    expect(outermost(6, sidesOf("both", 3))).toEqual([0, 1, 5]);
    expect(outermost(3, sidesOf("both", 5))).toEqual([0, 1, 2]);
  });

  it("shares what is kept beyond the wanted between the sides", () => {
    expect(outermost(9, sidesOf("largest", 2), 3)).toEqual([0, 1, 2, 3, 4]);
    expect(outermost(9, sidesOf("both", 2), 4)).toEqual([0, 1, 2, 6, 7, 8]);
  });
});
