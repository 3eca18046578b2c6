/** Stochastic Lanczos quadrature against the dense spectrum. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CallError, DataError } from "../../../src/errors.ts";
import { eigh } from "../../../src/numerics/dense/eigh.ts";
import { matrixOperator, type Operator } from "../../../src/numerics/krylov/operator.ts";
import { randomDirection } from "../../../src/numerics/krylov/orthogonalize.ts";
import { integrate, quadratureRule } from "../../../src/numerics/krylov/quadrature.ts";
import { spectralDensity, traceOf } from "../../../src/numerics/krylov/spectralDensity.ts";
import { kernels } from "../../../src/numerics/wasm/load.ts";
import { randomStream } from "../../../src/random.ts";
import { multiply, randomSymmetric, spectra, symmetricWithSpectrum } from "../../support/matrices.ts";

/** vᵀ f(A) v through all eigenpairs. */
function form(a: Float64Array, n: number, v: Float64Array, f: (x: number) => number): number {
  const { values, vectors } = eigh(a, n);
  const c = multiply(vectors!, n, v);
  return values.reduce((sum, value, i) => sum + c[i] * c[i] * f(value), 0);
}
const later = (inner: Operator): Operator => ({
  size: inner.size,
  async apply(x, out) {
    await Promise.resolve();
    await inner.apply(x, out);
  },
});
const idle = async () => {};

describe("quadratureRule", () => {
  it("is exact for every f at full order, and for polynomials up to 2·steps − 1", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 25 }), fc.integer({ min: 1, max: 25 }), async (n, steps) => {
        const a = randomSymmetric(n, n).map((value) => value / Math.sqrt(n));
        const v = randomDirection(randomStream(steps), n);
        const operator = matrixOperator(a, n);
        const full = await quadratureRule(operator, v, n, idle);
        expect(integrate(full, "test", Math.exp)).toBeCloseTo(form(a, n, v, Math.exp), 10);
        const some = await quadratureRule(operator, v, Math.min(steps, 6), idle);
        const degree = 2 * Math.min(steps, 6) - 1;
        const truth = form(a, n, v, (x) => x ** degree);
        expect(Math.abs(integrate(some, "test", (x) => x ** degree) - truth)).toBeLessThan(
          1e-11 * 2 ** degree,
        );
        operator.free();
      }),
      { seed: 5, numRuns: 30 },
    );
  });
});

describe("spectralDensity", () => {
  const n = 60;
  const a = symmetricWithSpectrum(spectra["indefinite"](n), 3);
  const values = eigh(a, n, { vectors: false }).values;
  const density = (t: number, sigma: number) =>
    values.reduce((sum, x) => sum + Math.exp(-0.5 * ((t - x) / sigma) ** 2), 0) /
    (n * sigma * Math.sqrt(2 * Math.PI));

  it("with all coordinate vectors at full order it is the density itself", async () => {
    const found = await spectralDensity(matrixOperator(a, n), { probes: n, steps: n, sigma: 4, points: 50 });
    found.points.forEach((t, i) => {
      expect(found.density[i]).toBeCloseTo(density(t, 4), 12);
      expect(found.standardErrors[i]).toBe(0);
    });
    found.moments.forEach(({ value }, degree) => {
      const truth = values.reduce((sum, x) => sum + x ** degree / n, 0);
      expect(Math.abs(value - truth)).toBeLessThan(1e-11 * 60 ** degree);
    });
  });

  it("from few probes and steps it is right within the standard errors it gives", async () => {
    const found = await spectralDensity(later(matrixOperator(a, n)), { probes: 20, steps: 30, seed: 4 });
    expect(found.iterations).toBe(600);
    const off = Array.from(found.points, (t, i) => {
      expect(found.standardErrors[i]).toBeGreaterThan(0);
      return (found.density[i] - density(t, found.sigma)) / found.standardErrors[i];
    });
    // Neighbouring points share their probes: of 200, the median tells.
    expect(off.map(Math.abs).sort((x, y) => x - y)[100]).toBeLessThan(2);
    const step = found.points[1] - found.points[0];
    expect(found.density.reduce((sum, value) => sum + value * step, 0)).toBeCloseTo(1, 3);
    expect(found.moments[0]).toEqual({ value: expect.closeTo(1, 12), standardError: expect.closeTo(0, 12) });
  });

  it("shows one eigenvalue as one peak", async () => {
    const flat = await spectralDensity(matrixOperator(symmetricWithSpectrum(spectra["flat"](30), 1), 30), {
      points: Float64Array.of(0, 3),
    });
    expect(flat.density[0]).toBeLessThan(1e-12);
    expect(flat.density[1]).toBeCloseTo(1 / (flat.sigma * Math.sqrt(2 * Math.PI)), 10);
    expect(flat.rules.every(({ nodes }) => nodes.length === 1)).toBe(true);
    const zero = await spectralDensity(matrixOperator(new Float64Array(9), 3), {
      points: Float64Array.of(0),
    });
    expect(zero.density[0]).toBeCloseTo(3 / Math.sqrt(2 * Math.PI), 12);
  });

  it("same seed, same bits; stops when told to; gives its memory back", async () => {
    const operator = matrixOperator(a, n);
    const before = kernels().arena.bytesInUse;
    const [first, second] = [await spectralDensity(operator), await spectralDensity(operator)];
    expect(second).toEqual(first);
    const controller = new AbortController();
    const running = spectralDensity(operator, {
      signal: controller.signal,
      onProgress({ done, total }) {
        expect(total).toBe(400);
        if (done === 45) controller.abort(new Error("enough"));
      },
    });
    await expect(running).rejects.toThrow("enough");
    expect(kernels().arena.bytesInUse).toBe(before);
    operator.free();
  });

  it.each([
    [{ probes: 1 }, "probes to be a whole number, 2 or more"],
    [{ steps: 0 }, "steps to be a whole number, 1 or more"],
    [{ points: 1 }, "2 points or more"],
    [{ sigma: -1 }, "sigma above 0"],
  ])("refuses %j", async (options, message) => {
    const running = spectralDensity(matrixOperator(a, n), options);
    await expect(running).rejects.toThrow(CallError);
    await expect(spectralDensity(matrixOperator(a, n), options)).rejects.toThrow(message);
  });
});

describe("traceOf", () => {
  const n = 50;
  const values = Float64Array.from({ length: n }, (_, i) => 1 + i / 10);
  const a = symmetricWithSpectrum(values, 6);
  const truth = values.reduce((sum, x) => sum + Math.log(x), 0);

  it("ln det A, exactly and within its standard error", async () => {
    const exact = await traceOf(matrixOperator(a, n), Math.log, { probes: n, steps: n });
    expect(exact).toEqual({ value: expect.closeTo(truth, 10), standardError: 0 });
    const sampled = await traceOf(matrixOperator(a, n), Math.log, { probes: 12, steps: 15, seed: 2 });
    expect(Math.abs(sampled.value - truth)).toBeLessThan(3 * sampled.standardError);
    expect(sampled.standardError).toBeLessThan(0.1 * truth);
  });

  it("names where f is not finite, and what an operator lacks", async () => {
    const indefinite = matrixOperator(symmetricWithSpectrum([1, -1], 1), 2);
    await expect(traceOf(indefinite, Math.log)).rejects.toThrow(DataError);
    await expect(traceOf(indefinite, Math.log)).rejects.toThrow("f to be finite on the spectrum, got f(-1");
    const broken = { size: 3, apply: (_: Float64Array, out: Float64Array) => void out.fill(Number.NaN) };
    await expect(traceOf(broken, Math.exp)).rejects.toThrow("NaN in coordinate 0 of application 1");
  });
});
