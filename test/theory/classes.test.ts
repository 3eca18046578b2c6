import { describe, expect, it } from "vitest";
import { accuracy, classOf, labelsOf, middleOf } from "../../src/theory/classes.ts";

describe("classes", () => {
  it("are read off the largest output, ties to the first", () => {
    const f = Float64Array.of(0.1, 0.7, 0.2, 3, 3, -1);
    expect([classOf(f, 0, 3, 0), classOf(f, 1, 3, 0)]).toEqual([1, 0]);
    expect(labelsOf(f, 2, 3)).toEqual(Int32Array.of(1, 0));
    expect(accuracy(f, Float64Array.of(0, 1, 0, 0, 1, 0), 3, 0)).toBe(0.5);
  });

  it("of one output: the side of the middle; many values are no classes", () => {
    const y = Float64Array.of(-1, 1, 1, -1);
    expect(middleOf(y)).toBe(0);
    expect(accuracy(Float64Array.of(-0.2, 0.2, -3, -9), y, 1, 0)).toBe(0.75);
    expect(labelsOf(y, 4, 1)).toEqual(Int32Array.of(0, 1, 1, 0));
    expect(labelsOf(Float64Array.of(0.1, 0.2, 0.3, 0.4), 4, 1)).toBe(undefined);
  });
});
