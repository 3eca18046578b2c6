import { describe, expect, it } from "vitest";
import { scheduleFactor } from "../../src/finetune/index.ts";

const factors = (...call: Parameters<typeof scheduleFactor>) =>
  [0, 1, 2, 3, 4, 6, 8].map(scheduleFactor(...call));

describe("learning-rate schedules", () => {
  it("constant", () => expect(factors({ kind: "constant" }, 8)).toEqual([1, 1, 1, 1, 1, 1, 1]));
  it("linear with warmup", () => {
    expect(factors({ kind: "linear", warmup: 4 }, 8)).toEqual([0, 0.25, 0.5, 0.75, 1, 0.5, 0]);
  });
  it("cosine", () => {
    const expected = [1, 0, 0.5, 0, 0.5, 0, 0].map(
      (_, i) => (1 + Math.cos((Math.PI * [0, 1, 2, 3, 4, 6, 8][i]) / 8)) / 2,
    );
    factors({ kind: "cosine" }, 8).forEach((value, i) => {
      expect(Math.abs(value - expected[i])).toBeLessThan(1e-15);
    });
  });
  it("unknown ones are refused", () =>
    expect(() => scheduleFactor({ kind: "step" as never }, 8)).toThrow(/constant, linear, cosine/));
});
