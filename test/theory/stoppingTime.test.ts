import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  criticalRadius,
  localRademacherComplexity,
  stoppingSensitivity,
  stoppingTime,
  stoppingTimeByDefinition,
  stoppingTimeByDimension,
} from "../../src/theory/index.ts";
import { sobolevValues, spectra } from "./kernels.ts";

const problem = fc.record({
  eigenvalues: spectra,
  sigma: fc.double({ min: 0.01, max: 10, noNaN: true }),
  norm: fc.double({ min: 0.01, max: 10, noNaN: true }),
  relativeStep: fc.double({ min: 0.01, max: 1.9, noNaN: true }),
});
type Drawn = { eigenvalues: Float64Array; sigma: number; norm: number; relativeStep: number };
const input = ({ eigenvalues, sigma, norm, relativeStep }: Drawn) => ({
  eigenvalues,
  n: eigenvalues.length,
  sigma,
  norm,
  stepSize: relativeStep / eigenvalues[0],
});

/** T̂ where rounding of 1/(αε̂²) decides between two neighbours cannot be asked of three formulas at once. */
const decided = (all: ReturnType<typeof input>) => {
  const T = 1 / (all.stepSize * criticalRadius(all) ** 2);
  return Math.abs(T - Math.round(T)) > 1e-9 * Math.max(1, T);
};

describe("T̂", () => {
  it("is the same by its critical radius, its definition and the effective dimension", () => {
    fc.assert(
      fc.property(problem, (drawn) => {
        const all = input(drawn);
        fc.pre(decided(all));
        const { step } = stoppingTime(all);
        expect(stoppingTimeByDefinition(all)).toBe(step);
        expect(stoppingTimeByDimension(all)).toBe(step);
      }),
      { numRuns: 300 },
    );
  });

  it("by its definition, step by step", () => {
    const eigenvalues = sobolevValues(50);
    const all = { eigenvalues, n: 50, sigma: 0.5, norm: 1, stepSize: 0.25 };
    let t = 1;
    for (; ; t++) {
      const eta = 0.25 * t;
      const R = Math.sqrt(eigenvalues.reduce((sum, value) => sum + Math.min(value, 1 / eta), 0) / 50);
      if (R > 1 / (2 * Math.E * 0.5 * eta)) break;
    }
    expect(stoppingTime(all).step).toBe(t - 1);
    expect(stoppingTimeByDefinition(all)).toBe(t - 1);
  });

  it("ε̂ solves R(ε̂) = Bε̂²/(2eσ)", () => {
    fc.assert(
      fc.property(problem, (drawn) => {
        const all = input(drawn);
        const radius = criticalRadius(all);
        const R = localRademacherComplexity({ ...all, radius });
        const bound = (all.norm * radius ** 2) / (2 * Math.E * all.sigma);
        expect(Math.abs(R - bound)).toBeLessThanOrEqual(1e-12 * R);
        expect(stoppingTime(all).criticalRadiusSquared).toBeCloseTo(radius ** 2, 9);
      }),
    );
  });

  it("hangs on σ/B only; K̂ → cK̂ with α → α/c, and so B² = gᵀΘ⁺g → B²/c, leaves it as it is", () => {
    fc.assert(
      fc.property(problem, fc.double({ min: 0.1, max: 10, noNaN: true }), (drawn, c) => {
        const all = input(drawn);
        fc.pre(decided(all));
        const { step } = stoppingTime(all);
        expect(stoppingTime({ ...all, sigma: c * all.sigma, norm: c * all.norm }).step).toBe(step);
        const eigenvalues = all.eigenvalues.map((value) => c * value);
        const scaled = { ...all, eigenvalues, stepSize: all.stepSize / c, norm: all.norm / Math.sqrt(c) };
        expect(stoppingTime(scaled).step).toBe(step);
      }),
    );
  });

  it("with C outputs, Θ/N with N and Cα says what Θ/n with n and α says; ε̂² is C times smaller", () => {
    fc.assert(
      fc.property(problem, fc.integer({ min: 1, max: 7 }), (drawn, C) => {
        const all = input(drawn);
        fc.pre(decided(all));
        const eigenvalues = all.eigenvalues.map((value) => value / C);
        const onN = stoppingTime({ ...all, eigenvalues, n: C * all.n, stepSize: C * all.stepSize });
        const onn = stoppingTime(all);
        expect(onN.step).toBe(onn.step);
        expect(C * onN.criticalRadiusSquared).toBeCloseTo(onn.criticalRadiusSquared, 9);
      }),
    );
  });

  it("the eigenvalues above ε̂² and the trace decide it exactly", () => {
    const values = sobolevValues(400);
    const all = { eigenvalues: values, n: 400, sigma: 0.1, norm: 1, stepSize: 0.25 };
    const whole = stoppingTime(all);
    expect(whole.step).toBe(661);
    const trace = values.reduce((sum, value) => sum + value, 0);
    const k = values.filter((value) => value > whole.criticalRadiusSquared).length;
    const top = stoppingTime({ ...all, eigenvalues: values.slice(0, k + 1), trace });
    expect(top.step).toBe(661);
    expect(top.criticalRadiusSquared).toBeCloseTo(whole.criticalRadiusSquared, 14);
    expect(() => stoppingTime({ ...all, eigenvalues: values.slice(0, k - 1), trace })).toThrow(/larger k/);
  });

  it("with all n eigenvalues there is no rest, however roughly the trace was summed", () => {
    const all = { eigenvalues: [1, 0.5, 0.25], n: 3, sigma: 0.01, norm: 1, stepSize: 0.5 };
    expect(stoppingTime({ ...all, trace: 1.75001 })).toEqual(stoppingTime(all));
  });

  it("σ = 0 and a zero kernel never stop, B = 0 stops at once", () => {
    const all = { eigenvalues: [1, 0.5], n: 2, sigma: 1, norm: 1, stepSize: 1 };
    const never = { step: Infinity, eta: Infinity, criticalRadiusSquared: 0 };
    expect(stoppingTime({ ...all, sigma: 0 })).toEqual(never);
    expect(stoppingTime({ ...all, eigenvalues: [0, -1e-18] })).toEqual(never);
    expect(stoppingTime({ ...all, norm: 0 })).toEqual({ step: 0, eta: 0, criticalRadiusSquared: Infinity });
    expect(() => stoppingTime({ ...all, sigma: 0, norm: 0 })).toThrow(/sigma or norm/);
  });

  it("one eigenvalue, and round-off below 0", () => {
    // ηd(η) = M with d = 1: η̂ = M
    const M = 1 / (4 * Math.E ** 2 * 0.01);
    const one = { eigenvalues: [3], n: 1, sigma: 0.1, norm: 1, stepSize: 0.1 };
    expect(stoppingTime(one).step).toBe(Math.floor(M / 0.1));
    expect(stoppingTime({ ...one, eigenvalues: [3, -1e-17, -2e-16] }).step).toBe(Math.floor(M / 0.1));
  });

  it("sensitivity: earlier for larger σ/B", () => {
    const all = { eigenvalues: sobolevValues(100), n: 100, sigma: 0.5, norm: 1, stepSize: 0.25 };
    expect(stoppingSensitivity(all)).toEqual({ factor: [0.5, 1, 2], step: [76, 31, 10] });
  });

  it("refuses wrong options by name", () => {
    const all = { eigenvalues: [1], n: 1, sigma: 1, norm: 1, stepSize: 1 };
    expect(() => stoppingTime({ ...all, stepSize: 0 })).toThrow(/stepSize/);
    expect(() => stoppingTime({ ...all, sigma: Number.NaN })).toThrow(/sigma/);
    expect(() => stoppingTime({ ...all, norm: -1 })).toThrow(/norm/);
    expect(() => stoppingTime({ ...all, trace: Number.NaN })).toThrow(/trace/);
  });
});
