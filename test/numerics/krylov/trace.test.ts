import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CallError } from "../../../src/errors.ts";
import { matrixOperator } from "../../../src/numerics/krylov/operator.ts";
import { trace } from "../../../src/numerics/krylov/trace.ts";
import { kernels } from "../../../src/numerics/wasm/load.ts";
import { randomSymmetric, symmetricWithSpectrum } from "../../support/matrices.ts";

const sum = (values: ArrayLike<number>) => Array.from(values).reduce((total, value) => total + value, 0);
const methods = ["hutchinson", "hutchPlusPlus"] as const;

describe("trace", () => {
  it("Hutch++ is exact up to rank ⌊samples/3⌋", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 2, max: 15 }), fc.integer({ min: 0, max: 30 }), async (l, extra) => {
        const n = 20 + extra;
        const values = Float64Array.from({ length: n }, (_, i) => (i < l ? (i % 2 ? -1 : 1) * (i + 1) : 0));
        const operator = matrixOperator(symmetricWithSpectrum(values, l), n);
        const found = await trace(operator, { samples: 3 * l, seed: extra });
        expect(found.value).toBeCloseTo(sum(values), 10);
        expect(found.standardError).toBeLessThan(1e-11);
        operator.free();
      }),
      { seed: 8, numRuns: 30 },
    );
  });

  it("Hutchinson sums the diagonal where there are as many samples as coordinates", async () => {
    const n = 31;
    const a = randomSymmetric(n, 1);
    const diagonal = Float64Array.from({ length: n }, (_, i) => a[i * n + i]);
    const found = await trace(matrixOperator(a, n), { method: "hutchinson", samples: n });
    expect(found).toEqual({ value: expect.closeTo(sum(diagonal), 12), standardError: 0 });
  });

  it.each(methods)(
    "%s: over many seeds the mean is the trace and the spread what the standard error says",
    async (method) => {
      const n = 80;
      const values = Float64Array.from({ length: n }, (_, i) => (1 + i) ** -0.7);
      const operator = matrixOperator(symmetricWithSpectrum(values, 2), n);
      const seeds = 200;
      const found = [];
      for (let seed = 0; seed < seeds; seed++)
        found.push(await trace(operator, { method, samples: 30, seed }));
      const mean = sum(found.map(({ value }) => value)) / seeds;
      const spread = Math.sqrt(sum(found.map(({ value }) => (value - mean) ** 2)) / (seeds - 1));
      const said = Math.sqrt(sum(found.map(({ standardError }) => standardError ** 2)) / seeds);
      expect(Math.abs(mean - sum(values))).toBeLessThan((4 * spread) / Math.sqrt(seeds));
      expect(spread / said).toBeGreaterThan(0.8);
      expect(spread / said).toBeLessThan(1.25);
      operator.free();
    },
  );

  it("Hutch++ errs less where the spectrum falls off", async () => {
    const n = 100;
    const operator = matrixOperator(
      symmetricWithSpectrum(
        Float64Array.from({ length: n }, (_, i) => 0.7 ** i),
        4,
      ),
      n,
    );
    const [plain, plus] = [
      await trace(operator, { method: "hutchinson", samples: 45 }),
      await trace(operator, { method: "hutchPlusPlus", samples: 45 }),
    ];
    expect(plus.standardError).toBeLessThan(plain.standardError / 10);
    operator.free();
  });

  it.each(methods)(
    "%s: same seed, same bits, samples applications, abort, memory, a later answer",
    async (method) => {
      const n = 70;
      const inner = matrixOperator(randomSymmetric(n, 7), n);
      let applications = 0;
      const operator = {
        size: n,
        async apply(x: Float64Array, out: Float64Array) {
          applications += 1;
          await Promise.resolve();
          inner.apply(x, out);
        },
      };
      const before = kernels().arena.bytesInUse;
      const first = await trace(operator, { method, samples: 33, seed: 5 });
      expect(applications).toBe(33);
      expect(await trace(operator, { method, samples: 33, seed: 5 })).toEqual(first);
      const controller = new AbortController();
      const running = trace(operator, {
        method,
        samples: 33,
        signal: controller.signal,
        onProgress: ({ done, total }) => done === 20 && total === 33 && controller.abort(new Error("enough")),
      });
      await expect(running).rejects.toThrow("enough");
      expect(applications).toBe(86);
      expect(kernels().arena.bytesInUse).toBe(before);
    },
  );

  it("refuses what cannot be, and names what is not finite", async () => {
    const operator = matrixOperator(randomSymmetric(9, 1), 9);
    await expect(trace(operator, { samples: 5 })).rejects.toThrow(CallError);
    await expect(trace(operator, { samples: 5 })).rejects.toThrow(
      "samples of 6 or more for hutchPlusPlus, got 5",
    );
    await expect(trace(operator, { method: "hutchinson", samples: 1 })).rejects.toThrow("2 or more, got 1");
    await expect(trace(operator, { method: "exact" as "hutchinson" })).rejects.toThrow('got "exact"');
    const broken = { size: 3, apply: (_: Float64Array, out: Float64Array) => void out.fill(Number.NaN) };
    await expect(trace(broken)).rejects.toThrow("NaN in coordinate 0 of application 1");
  });
});
