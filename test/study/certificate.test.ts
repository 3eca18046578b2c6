import { describe, expect, it } from "vitest";
import { judge, TOLERANCE } from "../../src/study/certificate.ts";

const kernel = Float64Array.of(4, 1, 1, 2);
const f0 = Float64Array.of(0.5, -0.25);
const truth = { name: "reference", workers: 1, precision: "f64" as const, kernel, f0, seconds: 1 };
const other = (change: Partial<typeof truth>) => ({ ...truth, name: "wasm simd", ...change });

describe("a certificate", () => {
  it("measures against the largest entry of the reference, and knows equal bits", async () => {
    const [first, same, off] = await judge([
      truth,
      other({}),
      other({ kernel: Float64Array.of(4, 1, 1 + 2 ** -20, 2), f0: Float64Array.of(0.5, -0.25 - 2 ** -19) }),
    ]);
    expect([first.kernel_difference, first.f0_difference, first.within]).toEqual([0, 0, true]);
    expect(same.bits).toBe(first.bits);
    expect(off.bits).not.toBe(first.bits);
    expect([off.kernel_difference, off.f0_difference]).toEqual([2 ** -22, 2 ** -18]);
    expect(off.within).toBe(true);
  });

  it("refuses what is out of tolerance in the kernel or the outputs, and what is no number", async () => {
    const wrong = 1 + 3 * TOLERANCE;
    const rows = await judge([
      truth,
      other({ kernel: Float64Array.of(4, wrong, 1, 2) }),
      other({ f0: Float64Array.of(0.5 * wrong, -0.25) }),
      other({ kernel: Float64Array.of(4, 1, Number.NaN, 2) }),
      other({ f0: Float64Array.of(0.5, Number.NaN) }),
      other({ kernel: kernel.subarray(0, 3) }),
    ]);
    expect(rows.map(({ within }) => within)).toEqual([true, true, false, false, false, false]);
    expect(rows[1].kernel_difference).toBeCloseTo((3 * TOLERANCE) / 4, 12);
    expect(rows[2].f0_difference).toBeCloseTo(3 * TOLERANCE, 12);
    const [, tight] = await judge(
      [truth, other({ kernel: Float64Array.of(4, wrong, 1, 2) })],
      TOLERANCE / 10,
    );
    expect(tight.within).toBe(false);
  });
});
