import { describe, expect, it } from "vitest";
import { accuracy, lossOf } from "../../src/finetune/index.ts";

const f = { data: Float64Array.of(0.3, -1, 2, 0.1, 0.4, -0.2), shape: [2, 3] };
const targets = Float64Array.of(0, 1, 0, 0.5, 0.5, 0);

describe("losses", () => {
  it("have their known values", () => {
    const mse = [0.09 + 4 + 4, 0.16 + 0.01 + 0.04].map((sum) => sum / 2);
    expect(Math.abs(lossOf("mse").sum(f, targets) - mse[0] - mse[1])).toBeLessThan(1e-15);
    const log = (row: number[]) => Math.log(row.reduce((sum, value) => sum + Math.exp(value), 0));
    const ce = log([0.3, -1, 2]) + 1 + log([0.1, 0.4, -0.2]) - 0.25;
    expect(Math.abs(lossOf("ce").sum(f, targets) - ce)).toBeLessThan(1e-14);
  });

  for (const name of ["mse", "ce"] as const) {
    it(`${name}: the cotangent is the derivative of the mean`, () => {
      const loss = lossOf(name);
      const d = loss.cotangent(f, targets, 5);
      for (let i = 0; i < 6; i++) {
        const at = (h: number) =>
          loss.sum(
            { data: f.data.map((value, j) => (i === j ? value + h : value)), shape: [2, 3] },
            targets,
          ) / 5;
        const h = 1e-5;
        expect(Math.abs(d.data[i] - (at(h) - at(-h)) / (2 * h))).toBeLessThan(1e-9);
      }
    });
  }

  it("cross-entropy survives large outputs", () => {
    const large = { data: Float64Array.of(1e4, -1e4, 0), shape: [1, 3] };
    expect(lossOf("ce").sum(large, Float64Array.of(0, 1, 0))).toBe(2e4);
    expect([...lossOf("ce").cotangent(large, Float64Array.of(0, 1, 0), 1).data]).toEqual([1, -1, 0]);
  });

  it("accuracy counts the first of the largest", () => {
    expect(accuracy(f, targets)).toBe(0);
    expect(accuracy(f, Float64Array.of(0, 0, 1, 0, 1, 0))).toBe(1);
    expect(accuracy({ data: new Float64Array(4), shape: [2, 2] }, Float64Array.of(1, 0, 0, 1))).toBe(0.5);
  });
});
