import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { randomStream } from "../../src/random.ts";
import { decompose } from "../../src/theory/eigenbasis.ts";
import { criticalRadius, riskBounds, riskCurve, stoppingTime } from "../../src/theory/index.ts";
import { sobolev, spectra } from "./kernels.ts";

describe("exact risk", () => {
  it("lies under its bounds: bias² ≤ B²/(2eη), variance ≤ σ²ηR²(1/√η)", () => {
    fc.assert(
      fc.property(spectra, fc.integer({ min: 0, max: 2 ** 30 }), (eigenvalues, seed) => {
        const n = eigenvalues.length;
        const { gaussian } = randomStream(seed);
        // g = Σ √(nλ) a_i u_i has squared RKHS norm Σ a²: Θ = nK̂
        const a = eigenvalues.map(() => gaussian());
        const norm = Math.sqrt(a.reduce((sum, value) => sum + value * value, 0));
        const coefficients = a.map((value, i) => Math.sqrt(n * eigenvalues[i]) * value);
        const steps = [0, 1, 2, 5, 30, 1000, 1e6];
        const all = { eigenvalues, n, sigma: 0.7, stepSize: 1 / eigenvalues[0], steps };
        const risk = riskCurve({ ...all, coefficients });
        const bounds = riskBounds({ ...all, norm });
        steps.forEach((_, k) => {
          expect(risk.bias2[k]).toBeLessThanOrEqual(bounds.bias2[k] * (1 + 1e-9));
          expect(risk.variance[k]).toBeLessThanOrEqual(bounds.variance[k] * (1 + 1e-9));
          expect(risk.total[k]).toBeCloseTo(risk.bias2[k] + risk.variance[k], 12);
        });
        const T = stoppingTime({ ...all, norm });
        if (T.step >= 1 && T.step < 1e9) {
          const at = riskCurve({ ...all, coefficients, steps: [T.step] });
          expect(at.total[0]).toBeLessThanOrEqual(riskBounds({ ...all, norm, steps: [T.step] }).total[0]);
          expect(at.total[0]).toBeLessThanOrEqual(12 * (norm * criticalRadius({ ...all, norm })) ** 2);
        }
      }),
    );
  });

  it("follows step sizes that change: the product of its factors, under the same bounds at η_t", () => {
    fc.assert(
      fc.property(
        spectra,
        fc.array(fc.double({ min: 0.01, max: 1, noNaN: true }), { minLength: 3 }),
        (eigenvalues, shares) => {
          const n = eigenvalues.length;
          const alphas = shares.map((share) => share / eigenvalues[0]);
          const coefficients = eigenvalues.map((value) => Math.sqrt(n * value));
          const steps = [0, 1, alphas.length, alphas.length + 7];
          const all = { eigenvalues, coefficients, n, sigma: 0.7, stepSize: alphas, steps };
          const risk = riskCurve(all);
          const bounds = riskBounds({ ...all, norm: Math.sqrt(n) });
          steps.forEach((t, k) => {
            const S = eigenvalues.map((value) =>
              alphas.slice(0, t).reduce((left, a) => left * (1 - a * value), 1),
            );
            const bias2 = S.reduce((sum, left, i) => sum + left ** 2 * coefficients[i] ** 2, 0) / n;
            const variance = (0.49 * S.reduce((sum, left) => sum + (1 - left) ** 2, 0)) / n;
            expect(risk.bias2[k]).toBeCloseTo(bias2, 10);
            expect(risk.variance[k]).toBeCloseTo(variance, 10);
            expect(risk.bias2[k]).toBeLessThanOrEqual(bounds.bias2[k] * (1 + 1e-9));
            expect(risk.variance[k]).toBeLessThanOrEqual(bounds.variance[k] * (1 + 1e-9));
          });
          // gradient flow hangs on η_t alone
          const eta = alphas.reduce((sum, alpha) => sum + alpha, 0);
          const flow = { ...all, dynamics: "flow" } as const;
          const last = riskCurve({ ...flow, steps: [alphas.length] });
          const once = riskCurve({ ...flow, stepSize: eta, steps: [1] });
          expect(last.total[0]).toBeCloseTo(once.total[0], 10);
          expect(() => riskCurve({ ...all, steps: [1.5] })).toThrow(/whole|integer/);
        },
      ),
    );
  });

  it("is what repeated noise gives (Monte Carlo, 4000 draws, within 4 standard errors)", async () => {
    const n = 20;
    const { kernel, target } = sobolev(n);
    const { values, vectors } = await decompose(kernel, n);
    const { gaussian } = randomStream(3);
    const t = 12;
    const alpha = 0.25;
    const [total] = riskCurve({
      eigenvalues: values,
      vectors,
      target,
      n,
      sigma: 0.5,
      stepSize: alpha,
      steps: [t],
    }).total;
    const draws = Array.from({ length: 4000 }, () => {
      const y = target.map((value) => value + 0.5 * gaussian());
      let f = new Float64Array(n);
      for (let s = 0; s < t; s++) {
        const r = y.map((value, i) => value - f[i]);
        f = f.map((value, i) => {
          let sum = 0;
          for (let j = 0; j < n; j++) sum += kernel[i * n + j] * r[j];
          return value + (alpha / n) * sum;
        });
      }
      return f.reduce((sum, value, i) => sum + (value - target[i]) ** 2, 0) / n;
    });
    const mean = draws.reduce((a, b) => a + b, 0) / draws.length;
    const deviation = Math.sqrt(draws.reduce((sum, d) => sum + (d - mean) ** 2, 0) / draws.length);
    expect(Math.abs(mean - total)).toBeLessThan((4 * deviation) / Math.sqrt(draws.length));
  });

  it("with the top eigenvectors only, what they miss stays as bias", async () => {
    const { kernel, target } = sobolev(30);
    const { values, vectors } = await decompose(kernel, 30);
    const flat = values.map((value, i) => (i < 4 ? value : 0));
    const shared = { target, n: 30, sigma: 0.3, stepSize: 0.25, steps: [0, 3, 50] };
    const whole = riskCurve({ ...shared, eigenvalues: flat, vectors });
    const top = riskCurve({ ...shared, eigenvalues: values.slice(0, 4), vectors: vectors.slice(0, 4 * 30) });
    top.total.forEach((value, k) => {
      expect(value).toBeCloseTo(whole.total[k], 12);
    });
  });

  it("refuses a call without a target", () => {
    const all = { eigenvalues: [1], n: 1, sigma: 1, stepSize: 1, steps: [0] };
    expect(() => riskCurve(all)).toThrow(/coefficients/);
    expect(() => riskCurve({ ...all, coefficients: [1, 2] })).toThrow(/coefficients/);
    expect(() => riskCurve({ ...all, coefficients: [1], steps: [-1] })).toThrow(/step/);
  });
});
