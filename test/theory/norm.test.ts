import { describe, expect, it } from "vitest";
import { randomStream } from "../../src/random.ts";
import { decompose, project } from "../../src/theory/eigenbasis.ts";
import { crossFittedNorm, plugInNorm } from "../../src/theory/index.ts";
import { sobolev } from "./kernels.ts";

describe("RKHS norm", () => {
  const n = 100;
  const { kernel, target } = sobolev(n);

  it("plug-in without noise and with next to no ridge: gᵀΘ⁺g, 1 for the Sobolev example", async () => {
    const { values, vectors } = await decompose(kernel, n);
    const { norm } = plugInNorm({ values, coefficients: project(vectors, target), n, penalty: 1e-12 });
    expect(norm).toBeCloseTo(1, 6);
  });

  it("with noise the plug-in leans high; the cross-fitted one stays, on average, where it is without noise", async () => {
    const { values, vectors } = await decompose(kernel, n);
    const penalty = 2e-3;
    const plugIn = (r: Float64Array) =>
      plugInNorm({ values, coefficients: project(vectors, r), n, penalty }).norm ** 2;
    const fitted = async (residual: Float64Array, seed: number) =>
      (await crossFittedNorm({ kernel, n, outputs: 1, residual, penalty, seed })).norm ** 2;
    const excess: number[] = [];
    let inflated = 0;
    for (let seed = 0; seed < 30; seed++) {
      const { gaussian } = randomStream(seed);
      const residual = target.map((value) => value + 0.2 * gaussian());
      inflated += plugIn(residual) / 30;
      excess.push((await fitted(residual, seed)) - (await fitted(target, seed)));
    }
    const clean = await fitted(target, 0);
    expect(clean).toBeGreaterThan(0.7);
    expect(clean).toBeLessThan(1);
    expect(inflated).toBeGreaterThan(1.5);
    const mean = excess.reduce((x, y) => x + y, 0) / 30;
    const deviation = Math.sqrt(excess.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 29);
    expect(Math.abs(mean)).toBeLessThan((3 * deviation) / Math.sqrt(30));
    expect(mean).toBeLessThan((inflated - plugIn(target)) / 3);
  });

  it("residuals that carry nothing: the halves agree on little or nothing", async () => {
    const { gaussian } = randomStream(9);
    const residual = target.map(() => gaussian());
    const fitted = await crossFittedNorm({ kernel, n, outputs: 1, residual, penalty: 2e-3, seed: 1 });
    const { values, vectors } = await decompose(kernel, n);
    const plugIn = plugInNorm({ values, coefficients: project(vectors, residual), n, penalty: 2e-3 });
    expect(fitted.norm).toBeLessThan(plugIn.norm / 2);
  });

  it("same seed, same number; refuses a single example", async () => {
    const all = { kernel, n, outputs: 1, residual: target, penalty: 0.01, seed: 4 };
    expect(await crossFittedNorm(all)).toEqual(await crossFittedNorm(all));
    const one = { ...all, kernel: Float64Array.of(1), residual: Float64Array.of(1), n: 1 };
    await expect(crossFittedNorm(one)).rejects.toThrow(/at least 2 examples/);
  });

  it("standard error of the plug-in is its spread over draws of the noise", async () => {
    const { values, vectors } = await decompose(kernel, n);
    const found: number[] = [];
    let said = 0;
    for (let seed = 0; seed < 80; seed++) {
      const { gaussian } = randomStream(seed);
      const coefficients = project(
        vectors,
        target.map((value) => value + 0.1 * gaussian()),
      );
      const { norm, standardError } = plugInNorm({ values, coefficients, n, penalty: 1e-2, sigma: 0.1 });
      found.push(norm);
      said += (standardError ?? 0) / 80;
    }
    const mean = found.reduce((a, b) => a + b, 0) / 80;
    const spread = Math.sqrt(found.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 79);
    // a standard deviation from 80 draws is known to 8 %
    expect(Math.abs(said / spread - 1)).toBeLessThan(0.3);
    const coefficients = project(vectors, target);
    expect(plugInNorm({ values, coefficients, n }).standardError).toBe(null);
  });
});
