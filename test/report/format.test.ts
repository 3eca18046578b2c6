/** Numbers in words, the same in every locale. */
import { describe, expect, it } from "vitest";
import { count, epochs, number, percent, plural, power } from "../../src/report/format.ts";

describe("format", () => {
  it.each([
    [0, "0"],
    [-0, "0"],
    [0.033412, "0.0334"],
    [12.54, "12.5"],
    [-12.54, "−12.5"],
    [999.96, "1,000"],
    [1234.5, "1,230"],
    [4000, "4,000"],
    [12345, "12,345"],
    [0.001, "0.001"],
    [0.000999, "9.99×10⁻⁴"],
    [4.1e-15, "4.1×10⁻¹⁵"],
    [-2.5e120, "−2.5×10¹²⁰"],
    [Number.MIN_VALUE, "4.94×10⁻³²⁴"],
    [Number.NaN, "—"],
    [Number.NEGATIVE_INFINITY, "—"],
  ])("number(%d) is %s", (value, text) => {
    expect(number(value)).toBe(text);
  });

  it.each([
    [0, "0 %"],
    [1, "100 %"],
    [0.814, "81 %"],
    [0.0004, "0.04 %"],
    [0.9996, "99.9 %"],
    [0.99999, "99.9 %"],
    [-0.5, "−50 %"],
    [Number.NaN, "—"],
  ])("percent(%d) is %s: only nothing is 0 %%, only all is 100 %%", (value, text) => {
    expect(percent(value)).toBe(text);
  });

  it("counts, plurals, epochs and powers", () => {
    expect([0, 999, 1000, 3_412_480, -1000, Number.NaN].map(count)).toEqual([
      "0",
      "999",
      "1,000",
      "3,412,480",
      "−1,000",
      "—",
    ]);
    expect(plural(1, "step")).toBe("1 step");
    expect(plural(0, "step")).toBe("0 steps");
    expect(plural(2, "class")).toBe("2 classes");
    expect(epochs(1)).toBe("1 epoch");
    expect(epochs(3.42)).toBe("3.42 epochs");
    expect([0, 1, 2, -13].map(power)).toEqual(["1", "10", "10²", "10⁻¹³"]);
  });
});
