import { describe, expect, it } from "vitest";
import { assumptions, asymmetry } from "../../src/theory/assumptions.ts";

const base = {
  kernel: Float64Array.of(2, 1, 1, 2),
  values: Float64Array.of(1.5, 0.5),
  targets: Float64Array.of(0, 1),
  residual: Float64Array.of(-0.5, 0.5),
  sigma: 0.5,
  etaPerStep: 0.5,
};
const status = (change: Partial<typeof base>, name: string) =>
  assumptions({ ...base, ...change }).find((item) => item.name === name)?.status;

describe("assumptions", () => {
  it("all hold, or wait for a real run", () => {
    expect(assumptions(base).map(({ name, status }) => [name, status])).toEqual([
      ["label-model", "holds"],
      ["step-size", "holds"],
      ["kernel-symmetric", "holds"],
      ["kernel-positive", "holds"],
      ["kernel-stable", "not-checked"],
      ["linearisation-error", "not-checked"],
    ]);
  });

  it("each is measured", () => {
    expect(status({ sigma: 0.1 }, "label-model")).toBe("doubtful");
    expect(status({ etaPerStep: 1 }, "step-size")).toBe("doubtful");
    expect(status({ etaPerStep: 2 }, "step-size")).toBe("fails");
    expect(status({ kernel: Float64Array.of(2, 1, 1.001, 2) }, "kernel-symmetric")).toBe("doubtful");
    expect(status({ kernel: Float64Array.of(2, 1, -1, 2) }, "kernel-symmetric")).toBe("fails");
    expect(status({ values: Float64Array.of(1, -1e-7) }, "kernel-positive")).toBe("holds");
    expect(status({ values: Float64Array.of(1, -0.2) }, "kernel-positive")).toBe("fails");
  });

  it("what a real run has shown takes the place of what waits for it", () => {
    const seen = { status: "doubtful" as const, value: 0.3, note: "" };
    const measured = [
      { name: "kernel-stable", ...seen },
      { name: "kernel-gain", ...seen },
    ];
    const found = assumptions({ ...base, measured });
    expect(found.map(({ name }) => name)).toEqual([
      ...assumptions(base).map(({ name }) => name),
      "kernel-gain",
    ]);
    expect(found[4]).toEqual(measured[0]);
  });

  it("measures asymmetry relative to the largest entry", () => {
    expect(asymmetry(Float64Array.of(4, 1, 3, 2), 2)).toBe(0.5);
    expect(asymmetry(new Float64Array(4), 2)).toBe(0);
  });
});
