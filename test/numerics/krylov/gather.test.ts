/** Vectors at a time: what several at once give is what one after the other gives, in fewer and wider applications. */
import { describe, expect, it } from "vitest";
import { type Operator, spectralDensity, trace, traceOf } from "../../../src/numerics/index.ts";
import { checkBlock, gathered } from "../../../src/numerics/krylov/gather.ts";
import { randomStream } from "../../../src/random.ts";

const n = 30;

/** A symmetric matrix in plain loops, with the widths it was asked for. */
function plain(): Operator & { widths: number[] } {
  const { gaussian } = randomStream(3);
  const a = Float64Array.from({ length: n * n }, gaussian);
  const entry = (i: number, j: number) => a[i * n + j] + a[j * n + i] + (i === j ? 12 : 0);
  const widths: number[] = [];
  const applyBlock = (x: Float64Array, out: Float64Array, count: number) => {
    widths.push(count);
    for (let r = 0; r < count; r++) {
      for (let i = 0; i < n; i++) {
        let sum = 0;
        for (let j = 0; j < n; j++) sum += entry(i, j) * x[r * n + j];
        out[r * n + i] = sum;
      }
    }
  };
  return { size: n, widths, applyBlock, apply: (x, out) => applyBlock(x, out, 1) };
}

describe.each([
  ["hutchinson", (op: Operator, block?: number) => trace(op, { method: "hutchinson", samples: 11, block })],
  ["hutchPlusPlus", (op: Operator, block?: number) => trace(op, { samples: 20, block })],
  ["density", (op: Operator, block?: number) => spectralDensity(op, { probes: 6, steps: 9, block })],
  [
    "trace of a function",
    (op: Operator, block?: number) => traceOf(op, Math.abs, { probes: 8, steps: 7, block }),
  ],
] as const)("%s", (_, run) => {
  it("has the bits of one at a time", async () => {
    const [alone, wide] = [plain(), plain()];
    const [one, several] = [await run(alone), await run(wide, 4)];
    expect(several).toEqual(one);
    const sum = (widths: number[]) => widths.reduce((total, width) => total + width, 0);
    expect(sum(wide.widths)).toBe(sum(alone.widths));
    expect(Math.max(...wide.widths)).toBe(4);
    expect(wide.widths.length).toBeLessThan(0.4 * alone.widths.length);
  });

  it.each([0, 1.5, Number.NaN])("refuses a block of %s", async (block) => {
    await expect(run(plain(), block)).rejects.toThrow(/block to be a whole number, 1 or more, got/);
  });
});

describe("gathered", () => {
  it("goes on with those who are still at work", async () => {
    const op = plain();
    const made = await gathered("test", op, 5, 3, async (index, own) => {
      const [x, out] = [new Float64Array(n).fill(index), new Float64Array(n)];
      for (let k = 0; k <= index % 3; k++) await own.apply(x, out);
      return out[0];
    });
    expect(op.widths).toEqual([3, 2, 1, 2, 1]);
    const one = new Float64Array(n);
    plain().apply(new Float64Array(n).fill(1), one);
    expect(made.map((value, index) => value - index * one[0])).toEqual(Array(5).fill(expect.closeTo(0, 10)));
  });

  it("fails once, and nobody asks any more", async () => {
    const op = plain();
    let after = 0;
    const run = gathered("test", op, 3, 3, async (index, own) => {
      const x = new Float64Array(n).fill(1);
      await own.apply(x, x);
      if (index === 1) throw new Error("enough");
      await own.apply(x, x);
      after++;
    });
    await expect(run).rejects.toThrow("enough");
    expect(after).toBe(0);
    expect(op.widths).toEqual([3]);
  });

  it("says which application was not finite", async () => {
    const op: Operator = { size: 2, apply: (_, out) => void out.fill(Number.NaN) };
    const run = gathered("test", op, 2, 2, (_, own) =>
      Promise.resolve(own.apply(new Float64Array(2), new Float64Array(2))),
    );
    await expect(run).rejects.toThrow(/test: expected an operator that gives finite numbers, got NaN/);
    expect(checkBlock("test", 2)).toBe(2);
  });
});
