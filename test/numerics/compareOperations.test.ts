import { describe, expect, it } from "vitest";
import type { Backend } from "../../src/numerics/backend.ts";
import { compareOperations, relativeDifference } from "../../src/numerics/compareOperations.ts";
import { createReferenceBackend } from "../../src/numerics/reference/backend.ts";
import { createWasmBackend } from "../../src/numerics/wasm/backend.ts";

/** Computes `operation` a little wrong. */
function spoiled(backend: Backend, operation: "softmax" | "gramInto" | "sumRows"): Backend {
  const spoil = {
    softmax: (...[scores, groups]: Parameters<Backend["softmax"]>) =>
      backend.softmax(backend.add(scores, scores, 0.01), groups),
    gramInto: (...[into, a, b]: Parameters<Backend["gramInto"]>) =>
      backend.gramInto(into, backend.add(a, a, 0.01), b),
    sumRows: (...[x]: Parameters<Backend["sumRows"]>) => backend.sumRows(backend.add(x, x, 1e-3)),
  };
  return { ...backend, [operation]: spoil[operation] };
}

describe("compareOperations", () => {
  it("finds float32 beside float64, every operation of the interface, and nothing left behind", async () => {
    const [wasm, reference] = [createWasmBackend(), createReferenceBackend()];
    const differences = await compareOperations(wasm, reference);
    const keeping =
      /^(name|precision|upload|zeros|write|read|release|scope|memory|reserve|dispose)$|ccumulator$/;
    expect(differences.map(({ operation }) => operation).sort()).toEqual(
      Object.keys(wasm)
        .filter((key) => !keeping.test(key))
        .sort(),
    );
    for (const { operation, difference } of differences) {
      expect(difference, operation).toBeLessThan(2e-6);
      // Float32 rounds something in all that does arithmetic.
      if (!["gatherRows"].includes(operation)) expect(difference, operation).toBeGreaterThan(0);
    }
    for (const backend of [wasm, reference]) expect(backend.memory().tensors).toBe(0);
  });

  it.each(["softmax", "gramInto", "sumRows"] as const)("names %s where it is wrong", async (operation) => {
    const wasm = createWasmBackend();
    const differences = await compareOperations(spoiled(wasm, operation), wasm);
    const off = differences.filter(({ difference }) => !(difference <= 1e-5));
    expect(off.map((one) => one.operation)).toEqual([operation]);
  });

  it("measures against the largest number, and no number is a difference", () => {
    expect(relativeDifference([1, -3.5], [1, -4])).toBe(0.125);
    expect(relativeDifference([0, 0], [0, 0])).toBe(0);
    expect(relativeDifference([1, Number.NaN], [1, 2])).toBeNaN();
    expect(relativeDifference([1], [1, 2])).toBeNaN();
    expect(relativeDifference([1], [0])).toBe(Number.POSITIVE_INFINITY);
  });
});
