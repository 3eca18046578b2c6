/** Rules that read the spectrum and the training residual alone: each against its formula written out on explicit vectors. */
import { describe, expect, it } from "vitest";
import { randomStream } from "../../../src/random.ts";
import { decompose, project } from "../../../src/theory/eigenbasis.ts";
import { discrepancy, smoothedDiscrepancy } from "../../../src/theory/rules/discrepancy.ts";
import { gcv, gcvAt } from "../../../src/theory/rules/gcv.ts";
import { loo, looAt } from "../../../src/theory/rules/loo.ts";
import { oracle } from "../../../src/theory/rules/oracle.ts";
import { rulePath } from "../../../src/theory/rules/path.ts";
import { sure, sureAt } from "../../../src/theory/rules/sure.ts";
import { sobolev } from "../kernels.ts";

const n = 40;
const maxSteps = 3000;
const sigma = 0.15;
const { kernel, target } = sobolev(n);

async function noisy(seed: number) {
  const { gaussian } = randomStream(seed);
  const y = target.map((value) => value + sigma * gaussian());
  const { values, vectors } = await decompose(kernel, n);
  const rho = project(vectors, y);
  return { y, values, vectors, rho, path: rulePath(values, rho, 0.25, maxSteps) };
}

/** Y − f_t and the hat matrix H_t by explicit steps of f ← f − αK̂(f − y) on y and on the unit vectors. */
function explicit(y: Float64Array, steps: number) {
  let left = Float64Array.from(y);
  const hat = Array.from({ length: n }, (_, i) =>
    Float64Array.from({ length: n }, (_, j) => (i === j ? 1 : 0)),
  );
  const move = (v: Float64Array) =>
    v.map((value, i) => {
      let sum = 0;
      for (let j = 0; j < n; j++) sum += kernel[i * n + j] * v[j];
      return value - (0.25 / n) * sum;
    });
  for (let t = 0; t < steps; t++) {
    left = move(left);
    hat.forEach((row, i) => {
      hat[i] = move(row);
    });
  }
  return { left, H: hat.map((row, i) => 1 - row[i]) };
}

const meanSquare = (v: Float64Array) => v.reduce((sum, value) => sum + value * value, 0) / v.length;
/** Smallest t of 0 … maxSteps by looking at every one. */
function argmin(f: (t: number) => number) {
  let best = 0;
  for (let t = 1; t <= maxSteps; t++) if (f(t) < f(best)) best = t;
  return best;
}

describe("criteria", () => {
  it("SURE, GCV and the leave-one-out shortcut are their formulas", async () => {
    const { y, vectors, rho, path } = await noisy(1);
    for (const t of [0, 1, 7, 60]) {
      const { left, H } = explicit(y, t);
      const trace = H.reduce((a, b) => a + b, 0);
      const error = meanSquare(left);
      expect(sureAt(path, sigma, t)).toBeCloseTo(error - sigma ** 2 + (2 * sigma ** 2 * trace) / n, 12);
      expect(gcvAt(path, t)).toBeCloseTo(error / (1 - trace / n) ** 2, 12);
      const shortcut = meanSquare(left.map((r, i) => r / (1 - H[i])));
      expect(looAt(path, vectors, rho, t)).toBeCloseTo(shortcut, 11);
    }
  });

  it("the steps are the argmins over every step", async () => {
    for (const seed of [1, 2, 3]) {
      const { vectors, rho, path, values } = await noisy(seed);
      expect(sure(path, sigma).step).toBe(argmin((t) => sureAt(path, sigma, t)));
      expect(gcv(path).step).toBe(argmin((t) => gcvAt(path, t)));
      const short = rulePath(values, rho, 0.25, 400);
      const found = loo(short, { vectors, coefficients: rho, beyond: null }).step;
      for (let t = 0; t <= 400; t++) {
        expect(looAt(short, vectors, rho, found)).toBeLessThanOrEqual(looAt(short, vectors, rho, t));
      }
    }
  });

  it("SURE is unbiased for the risk (400 draws, within 4 standard errors)", async () => {
    const t = 30;
    const differences: number[] = [];
    for (let seed = 0; seed < 400; seed++) {
      const { y, path } = await noisy(seed);
      const { left } = explicit(y, t);
      const risk = meanSquare(left.map((r, i) => y[i] - r - target[i]));
      differences.push(sureAt(path, sigma, t) - risk);
    }
    const mean = differences.reduce((a, b) => a + b, 0) / 400;
    const deviation = Math.sqrt(meanSquare(Float64Array.from(differences, (d) => d - mean)));
    expect(Math.abs(mean)).toBeLessThan((4 * deviation) / 20);
  }, 60000);
});

describe("discrepancy", () => {
  it("stops at the first step with ‖Y − f_t‖²_n ≤ σ²", async () => {
    const { y, path } = await noisy(4);
    const { step, reliability } = discrepancy(path, sigma);
    expect(meanSquare(explicit(y, step).left)).toBeLessThanOrEqual(sigma ** 2);
    expect(meanSquare(explicit(y, step - 1).left)).toBeGreaterThan(sigma ** 2);
    expect(reliability).toBe("reliable");
  });

  it("smoothed: the same with weights λ^a, a = 1/(β+1); a = 0 is the plain rule", async () => {
    const { values, rho, path } = await noisy(4);
    const a = 1 / 3;
    const weight = values.map((value) => value ** a);
    const level = sigma ** 2 * weight.reduce((x, y) => x + y, 0);
    const error = (t: number) =>
      values.reduce((sum, value, i) => sum + weight[i] * (1 - 0.25 * value) ** (2 * t) * rho[i] ** 2, 0);
    const { step } = smoothedDiscrepancy(path, sigma, 2);
    expect(error(step)).toBeLessThanOrEqual(level);
    expect(error(step - 1)).toBeGreaterThan(level);
    expect(smoothedDiscrepancy(path, sigma, Number.POSITIVE_INFINITY).step).toBe(
      discrepancy(path, sigma).step,
    );
  });

  it("σ = 0 never gets there: the last step, flagged", async () => {
    const { path } = await noisy(4);
    expect(discrepancy(path, 0)).toMatchObject({ step: maxSteps, reliability: "unreliable" });
    expect(discrepancy(path, 100)).toMatchObject({ step: 0, reliability: "reliable" });
  });
});

describe("near interpolation", () => {
  it("a choice with tr(I − S_t) > 0.8 N is flagged", async () => {
    const { values } = await noisy(5);
    // a residual that fits every direction equally well from the first step: never stop, says GCV
    const path = rulePath(
      values.map(() => 1),
      Float64Array.from({ length: n }, (_, i) => (i === 0 ? 1 : 0)),
      0.1,
      200,
    );
    const { step, reliability, note } = sure(path, 0);
    expect(step).toBe(200);
    expect(reliability).toBe("unreliable");
    expect(note).toMatch(/100 % of N/);
  });

  it("GCV and the shortcut do not answer 0/0", async () => {
    const { vectors, rho, values } = await noisy(6);
    const path = rulePath(
      values.map(() => 1),
      rho,
      1,
      10,
    );
    expect(gcvAt(path, 1)).toBe(Number.POSITIVE_INFINITY);
    expect(looAt(path, vectors, rho, 1)).toBe(Number.POSITIVE_INFINITY);
    expect(gcv(path).step).toBe(0);
  });
});

describe("oracle", () => {
  it("is the argmin of the exact risk: step 91 for the Sobolev example at n = 100, σ = 1", async () => {
    const example = sobolev(100);
    const { values, vectors } = await decompose(example.kernel, 100);
    const g = project(vectors, example.target);
    expect(oracle(rulePath(values, g, 0.25, 10000), g, 1).step).toBe(91);
  });
});
