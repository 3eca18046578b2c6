/** Every rule by itself, as a caller without a kernel pipeline has it: full spectrum, k largest and trace, odd numbers. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CallError, DataError } from "../../../src/errors.ts";
import { randomStream } from "../../../src/random.ts";
import { decompose, project } from "../../../src/theory/eigenbasis.ts";
import {
  analyseStopping,
  cosineSchedule,
  discrepancyPrinciple,
  generalizedCrossValidation,
  gradientDescent,
  holdOut,
  kFoldCrossValidation,
  leaveOneOut,
  leaveOneOutShortcut,
  oracleStop,
  rademacherByOutput,
  rademacherRule,
  type SpectrumRuleInput,
  type StoppingChoice,
  smoothedDiscrepancyPrinciple,
  steinUnbiasedRisk,
  stoppingTime,
  stoppingTimeBounds,
} from "../../../src/theory/index.ts";
import { sobolev, sobolevValues, spectra, task } from "../kernels.ts";

type Rule = (input: SpectrumRuleInput & { sigma: number }) => StoppingChoice;
const inSample: Record<string, Rule> = {
  discrepancyPrinciple,
  smoothedDiscrepancyPrinciple: (input) => smoothedDiscrepancyPrinciple({ ...input, decay: 2 }),
  steinUnbiasedRisk,
  generalizedCrossValidation,
  oracleStop,
};

const made = task({ n: 24, outputs: 2, signal: 0.6, offset: 0.5, seed: 3, held: 30, d: 20 });
const kept = { cross: made.cross, targets: made.testTargets, f0: made.testF0 };

describe("the rules alone", () => {
  it("say what the whole analysis says, in steps, epochs and η", async () => {
    const truth = made.targets.map((y) => 0.8 * y);
    const shared = {
      stepSize: 0.3,
      batchSize: 8,
      momentum: 0.5,
      maxSteps: 700,
      sigma: 0.3,
      norm: 2,
      seed: 5,
    };
    const { rules, steps_per_epoch } = await analyseStopping({
      ...made,
      ...shared,
      truth,
      holdout: kept,
      permutations: 0,
    });
    const { values, vectors } = await decompose(made.kernel, made.n);
    const residual = made.targets.map((y, i) => y - made.f0[i]);
    const run = { stepSize: 0.6, maxSteps: 700, stepsPerEpoch: 3, n: made.n, outputs: 2 };
    const spectrum = { ...run, eigenvalues: values, coefficients: project(vectors, residual), sigma: 0.3 };
    const basis = { ...run, eigenvalues: values, vectors, residual };
    const g = truth.map((y, i) => y - made.f0[i]);
    const alone: Record<string, StoppingChoice> = {
      rademacher: rademacherRule({ ...run, eigenvalues: values, sigma: 0.3, norm: 2 }),
      discrepancy: discrepancyPrinciple(spectrum),
      smoothed_discrepancy: smoothedDiscrepancyPrinciple(spectrum),
      sure: steinUnbiasedRisk(spectrum),
      gcv: generalizedCrossValidation(spectrum),
      loo: leaveOneOutShortcut(basis),
      cv: await kFoldCrossValidation({ ...made, ...run, seed: 5 }),
      holdout: holdOut({ ...basis, holdout: kept }),
      oracle: oracleStop({ ...spectrum, coefficients: project(vectors, g) }),
    };
    expect(steps_per_epoch).toBe(3);
    for (const [name, { step, epochs, eta, reliability, truncation }] of Object.entries(alone)) {
      expect({ name, step, reliability }).toEqual({
        name,
        step: rules[name as keyof typeof rules]?.step,
        reliability: rules[name as keyof typeof rules]?.reliability,
      });
      expect([epochs, eta]).toEqual([step / 3, 0.6 * step]);
      expect(truncation).toBeUndefined();
    }
    // what is told apart here is not all the same step
    expect(new Set(Object.values(alone).map(({ step }) => step)).size).toBeGreaterThan(4);
  });

  it("order of the eigenvalues does not matter", async () => {
    const values = [0.5, 2, 0.1, 1];
    const all = { eigenvalues: values, coefficients: [1, 3, 0.2, 2], n: 4, sigma: 0.4, stepSize: 0.5 };
    const sorted = { ...all, eigenvalues: [2, 1, 0.5, 0.1], coefficients: [3, 2, 1, 0.2] };
    for (const rule of Object.values(inSample)) expect(rule(all)).toEqual(rule(sorted));
  });

  it("exact leave-one-out is descent without the example, done n times", async () => {
    const few = task({ n: 10, outputs: 2, signal: 0.5, offset: 0.3, seed: 8 });
    const stepSize = cosineSchedule({ peak: 0.4, steps: 60, warmup: 5 });
    const found = await leaveOneOut({ ...few, stepSize });
    const error = new Float64Array(61);
    for (let out = 0; out < few.n; out++) {
      const rows = Array.from({ length: 20 }, (_, r) => r);
      const rest = rows.filter((r) => r >> 1 !== out);
      const held = rows.filter((r) => r >> 1 === out);
      const pick = (from: Float64Array, which: number[]) => Float64Array.from(which, (r) => from[r]);
      const f = pick(few.f0, rest);
      const g = pick(few.f0, held);
      for (let t = 0; ; t++) {
        held.forEach((r, h) => {
          error[t] += (0.5 * (g[h] - few.targets[r]) ** 2) / few.n;
        });
        if (t === 60) break;
        const c = rest.map((r, i) => ((few.targets[r] - f[i]) * stepSize[t]) / 9);
        rest.forEach((r, i) => {
          rest.forEach((s, j) => {
            f[i] += few.kernel[r * 20 + s] * c[j];
          });
        });
        held.forEach((r, h) => {
          rest.forEach((s, j) => {
            g[h] += few.kernel[r * 20 + s] * c[j];
          });
        });
      }
    }
    expect(found.folds).toBe(10);
    found.curve.step.forEach((t, k) => {
      expect(found.curve.error[k]).toBeCloseTo(error[t], 12);
    });
    expect(found.step).toBe(error.indexOf(Math.min(...error)));
    expect(found.standardError).toBeGreaterThan(0);
  });

  it("the shortcut is exact for ridge regression", async () => {
    // a filter that is ridge's: 1 − S = λ/(λ + μ)
    const { looAt } = await import("../../../src/theory/rules/loo.ts");
    const { rulePath } = await import("../../../src/theory/rules/path.ts");
    const n = 12;
    const { kernel, target } = sobolev(n);
    const mu = 0.05;
    const { gaussian } = randomStream(2);
    const y = target.map((value) => value + 0.1 * gaussian());
    const { values, vectors } = await decompose(kernel, n);
    const left = (lambda: number) => mu / (Math.max(0, lambda) + mu);
    const ridge = {
      kind: "flow" as const,
      stepSize: 1,
      clock: () => 1 / mu,
      residual: left,
      learned: (lambda: number) => 1 - left(lambda),
      dual: (lambda: number) => 1 / (lambda + mu),
      exponents: (of: ArrayLike<number>) => (_: number, out: Float64Array) => {
        out.set(Float64Array.from(of, (lambda) => -Math.log(left(lambda))));
      },
    };
    const rho = project(vectors, y);
    let exact = 0;
    for (let out = 0; out < n; out++) {
      // ridge on the others with the same nμ: Θ_sub + nμI
      const rest = Int32Array.from({ length: n }, (_, i) => i).filter((i) => i !== out);
      const sub = Float64Array.from({ length: (n - 1) ** 2 }, (_, k) => {
        return kernel[rest[Math.floor(k / (n - 1))] * n + rest[k % (n - 1)]];
      });
      const eigen = await decompose(sub, 1);
      const c = project(
        eigen.vectors,
        Float64Array.from(rest, (i) => y[i]),
      ).map((value, i) => value / (eigen.values[i] + n * mu));
      const k = project(
        eigen.vectors,
        Float64Array.from(rest, (i) => kernel[out * n + i]),
      );
      exact += (y[out] - k.reduce((sum, value, i) => sum + value * c[i], 0)) ** 2 / n;
    }
    expect(looAt(rulePath(values, rho, ridge, 1), vectors, rho, 1)).toBeCloseTo(exact, 12);
  });

  it("a schedule: hold-out is the argmin of explicit descent with those steps", async () => {
    const { values, vectors } = await decompose(made.kernel, made.n);
    const alphas = cosineSchedule({ peak: 1.2 / values[0], steps: 80, warmup: 10 });
    const residual = made.targets.map((y, i) => y - made.f0[i]);
    const input = { eigenvalues: values, vectors, residual, n: made.n, outputs: 2, stepSize: alphas };
    const { step, eta } = holdOut({ ...input, holdout: kept });
    const errors: number[] = [];
    const left = residual.slice();
    const f = kept.f0.slice();
    const N = 48;
    for (let t = 0; t <= 80; t++) {
      errors.push(f.reduce((sum, v, i) => sum + (v - kept.targets[i]) ** 2, 0));
      if (t === 80) break;
      const c = left.map((r) => (r * alphas[t]) / made.n);
      for (let i = 0; i < f.length; i++) for (let j = 0; j < N; j++) f[i] += kept.cross[i * N + j] * c[j];
      for (let i = 0; i < N; i++) for (let j = 0; j < N; j++) left[i] -= made.kernel[i * N + j] * c[j];
    }
    expect(step).toBe(errors.indexOf(Math.min(...errors)));
    expect(eta).toBeCloseTo(
      alphas.slice(0, step).reduce((a, b) => a + b, 0),
      12,
    );
    // and constant steps by the step-by-step function
    const steps = Array.from({ length: 81 }, (_, t) => t);
    const constant = gradientDescent({ ...made, stepSize: alphas[9], steps, test: kept }).test ?? [];
    const loss = constant.map((v) => v.reduce((sum, x, i) => sum + (x - kept.targets[i]) ** 2, 0));
    expect(holdOut({ ...input, stepSize: alphas[9], maxSteps: 80, holdout: kept }).step).toBe(
      loss.indexOf(Math.min(...loss)),
    );
  });

  it("cross-validation and hold-out flag a gain that is within one standard error", async () => {
    const { gaussian } = randomStream(4);
    const noise = { ...made, targets: made.targets.map(() => gaussian()), f0: made.f0.map(() => 0) };
    const found = await kFoldCrossValidation({ ...noise, stepSize: 0.3, maxSteps: 200 });
    expect(found.reliability).toBe("unreliable");
    const good = await kFoldCrossValidation({ ...made, stepSize: 0.3, maxSteps: 200 });
    expect(good.reliability).toBe("reliable");
  });
});

describe("T̂ with several outputs", () => {
  it("by output: each block alone, and the first of them", async () => {
    const n = 40;
    const { kernel } = sobolev(n);
    const both = new Float64Array(4 * n * n); // Θ = diag(K, 4K)
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        both[2 * i * 2 * n + 2 * j] = kernel[i * n + j];
        both[(2 * i + 1) * 2 * n + 2 * j + 1] = 4 * kernel[i * n + j];
      }
    }
    const all = { kernel: both, n, outputs: 2, sigma: 0.5, stepSize: 0.25 };
    const found = await rademacherByOutput({ ...all, norm: [1, 0.5] });
    const one = stoppingTime({ eigenvalues: sobolevValues(n), n, sigma: 0.5, norm: 1, stepSize: 0.25 }).step;
    const four = stoppingTime({ eigenvalues: sobolevValues(n), n, sigma: 0.5, norm: 1, stepSize: 1 }).step;
    // 4K with B = ½ is K with B = 1 and steps four times as long
    expect(found.byOutput.map(({ step }) => step)).toEqual([one, four]);
    expect(found.step).toBe(four);
    await expect(rademacherByOutput({ ...all, norm: [1] })).rejects.toThrow(/norm to hold 2/);
  });
});

const drawn = fc.record({
  values: spectra,
  share: fc.double({ min: 0, max: 1, noNaN: true }),
  sigma: fc.double({ min: 0.01, max: 3, noNaN: true }),
  speed: fc.double({ min: 0.05, max: 2, noNaN: true }),
  listed: fc.boolean(),
  seed: fc.integer({ min: 0, max: 2 ** 30 }),
});

describe("from the k largest eigenvalues and the trace", () => {
  it("the step of the full spectrum lies in the range given, for every rule", () => {
    fc.assert(
      fc.property(drawn, ({ values, share, sigma, speed, listed, seed }) => {
        const N = values.length;
        fc.pre(N > 1);
        const { gaussian } = randomStream(seed);
        const coefficients = values.map((value) => Math.sqrt(N * value) * gaussian() + sigma * gaussian());
        const alpha = speed / values[0];
        const stepSize = listed ? cosineSchedule({ peak: alpha, steps: 400, warmup: 30 }) : alpha;
        const full = { eigenvalues: values, coefficients, n: N, sigma, stepSize, maxSteps: 400 };
        const k = 1 + Math.floor(share * (N - 1));
        const top = {
          ...full,
          eigenvalues: values.slice(0, k),
          coefficients: coefficients.slice(0, k),
          trace: values.reduce((a, b) => a + b, 0),
          squaredNorm: coefficients.reduce((sum, value) => sum + value * value, 0),
        };
        for (const [name, rule] of Object.entries(inSample)) {
          const { step } = rule(full);
          const { step: chosen, truncation } = rule(top);
          const [low, high] = truncation?.steps ?? [chosen, chosen];
          expect({ name, inside: low <= step && step <= high, step, low, high }).toMatchObject({
            inside: true,
          });
          expect(low <= chosen && chosen <= high).toBe(true);
        }
      }),
      { numRuns: 150 },
    );
  });

  it("with eigenvectors: leave-one-out shortcut and hold-out as well", async () => {
    const { values, vectors } = await decompose(made.kernel, made.n);
    const residual = made.targets.map((y, i) => y - made.f0[i]);
    const full = { eigenvalues: values, vectors, residual, n: made.n, outputs: 2, maxSteps: 300 };
    const trace = values.reduce((a, b) => a + b, 0);
    for (const speed of [0.5, 1, 1.7]) {
      const stepSize = speed / values[0];
      const whole = [
        leaveOneOutShortcut({ ...full, stepSize }),
        holdOut({ ...full, stepSize, holdout: kept }),
      ];
      const widths: number[][] = [];
      for (const k of [2, 10, 30, 46, 47]) {
        const top = {
          ...full,
          stepSize,
          eigenvalues: values.slice(0, k),
          vectors: vectors.slice(0, k * 48),
          trace,
        };
        const found = [leaveOneOutShortcut(top), holdOut({ ...top, holdout: kept })];
        widths.push(
          found.map(({ truncation }, i) => {
            const [low, high] = truncation?.steps ?? [NaN, NaN];
            expect(low).toBeLessThanOrEqual(whole[i].step);
            expect(high).toBeGreaterThanOrEqual(whole[i].step);
            return truncation?.criterion ?? NaN;
          }),
        );
      }
      // the bound shrinks as more is given
      expect(widths[4][1]).toBeLessThanOrEqual(widths[0][1]);
    }
  });

  it("T̂ exactly where the eigenvalues reach ε̂²; otherwise between its bounds, the earlier of which is the answer", () => {
    fc.assert(
      fc.property(drawn, ({ values, share, sigma, speed }) => {
        const N = values.length;
        const trace = values.reduce((a, b) => a + b, 0);
        const all = { n: N, sigma, norm: 1, stepSize: speed / values[0] };
        const T = stoppingTime({ ...all, eigenvalues: values });
        const k = 1 + Math.floor(share * (N - 1));
        const top = { ...all, eigenvalues: values.slice(0, k), trace };
        const [early, late] = stoppingTimeBounds(top);
        const slack = 1e-9 * T.step;
        expect(early.step).toBeLessThanOrEqual(T.step + slack);
        expect(late.step).toBeGreaterThanOrEqual(T.step - slack);
        if (values[k - 1] <= T.criticalRadiusSquared) {
          expect(stoppingTime(top).step).toBe(T.step);
          expect(early.step).toBe(T.step);
        }
        const rule = rademacherRule(top);
        expect(rule.step).toBe(Number.isFinite(early.step) ? early.step : 10000);
      }),
      { numRuns: 300 },
    );
    const values = sobolevValues(400);
    const top = { eigenvalues: values.slice(0, 3), trace: values.reduce((a, b) => a + b, 0) };
    const few = rademacherRule({ ...top, n: 400, sigma: 0.1, norm: 1, stepSize: 0.25 });
    expect(few.truncation?.steps[0]).toBeLessThan(661);
    expect(few.truncation?.steps[1]).toBeGreaterThan(661);
    expect(few.note).toMatch(/earliest step they allow/);
    const one = { ...top, eigenvalues: values.slice(0, 1) };
    const wide = rademacherRule({ ...one, n: 400, sigma: 0.02, norm: 1, stepSize: 0.25 });
    expect(wide.reliability).toBe("unreliable");
    expect(wide.note).toMatch(/a larger k is needed/);
  });

  it("refuses a trace these cannot be the largest eigenvalues of, and a missing squared norm", () => {
    const top = { eigenvalues: [1, 0.5], coefficients: [1, 1], n: 4, stepSize: 1, squaredNorm: 3 };
    expect(() => generalizedCrossValidation({ ...top, trace: 9 })).toThrow(/above the smallest given/);
    expect(() => generalizedCrossValidation({ ...top, trace: 1 })).toThrow(/trace of at least/);
    expect(() => generalizedCrossValidation({ ...top, squaredNorm: undefined })).toThrow(/squaredNorm/);
    expect(() => generalizedCrossValidation({ ...top, squaredNorm: 1 })).toThrow(/squaredNorm of at least/);
    expect(() => generalizedCrossValidation({ ...top, stepSize: 2.5 })).toThrow(/2\/λ₁.*diverges/);
    expect(() => generalizedCrossValidation({ ...top, n: 1 })).toThrow(/1 to 1 eigenvalues/);
    expect(() => generalizedCrossValidation({ ...top, coefficients: [1] })).toThrow(/coefficients/);
  });
});

/** Magnitudes from 1e−150 to 1e150, zeros, round-off below 0. */
const extreme = fc.oneof(
  { weight: 4, arbitrary: fc.double({ min: -150, max: 150, noNaN: true }).map((e) => 10 ** e) },
  { weight: 2, arbitrary: fc.double({ min: -2, max: 2, noNaN: true }).map((e) => 10 ** e) },
  { weight: 1, arbitrary: fc.constant(0) },
);
const odd = fc.record({
  eigenvalues: fc.array(
    fc.oneof({ weight: 9, arbitrary: extreme }, { weight: 1, arbitrary: fc.constant(-1e-18) }),
    {
      minLength: 1,
      maxLength: 12,
    },
  ),
  size: extreme,
  sigma: extreme,
  norm: extreme,
  speed: fc.double({ min: 1e-6, max: 2, noNaN: true }),
  outputs: fc.constantFrom(1, 3),
  cut: fc.boolean(),
  constant: fc.boolean(),
});

describe("odd numbers: a step or a clear error, never NaN", () => {
  it("over spectra, labels, σ and B from 1e−150 to 1e150", () => {
    fc.assert(
      fc.property(odd, ({ eigenvalues, size, sigma, norm, speed, outputs, cut, constant }) => {
        const k = eigenvalues.length;
        const N = Math.ceil((k + (cut ? 4 : 0)) / outputs) * outputs;
        const values = [...eigenvalues, ...Array(cut ? 0 : N - k).fill(0)];
        const largest = Math.max(...values);
        const alpha = largest > 0 ? speed / largest : speed;
        const coefficients = values.map((_, i) => (constant ? (i === 0 ? size : 0) : size * (-1) ** i));
        const smallest = Math.max(0, Math.min(...values));
        const input = {
          eigenvalues: values,
          coefficients,
          n: N / outputs,
          outputs,
          sigma,
          norm,
          stepSize: alpha,
          maxSteps: 200,
          trace: values.reduce((sum, value) => sum + Math.max(0, value), 0) + (cut ? 2 * smallest : 0),
          squaredNorm: coefficients.reduce((sum, value) => sum + value * value, 0) * (cut ? 1.5 : 1),
        };
        for (const rule of [...Object.values(inSample), rademacherRule as unknown as Rule]) {
          let found: StoppingChoice;
          try {
            found = rule(input);
          } catch (error) {
            expect(error instanceof CallError || error instanceof DataError).toBe(true);
            expect(String(error)).not.toMatch(/NaN/);
            continue;
          }
          for (const number of [found.step, found.epochs, found.eta, ...(found.truncation?.steps ?? [0])]) {
            expect(number).toBeGreaterThanOrEqual(0);
          }
          expect(Number.isNaN(found.truncation?.criterion ?? 0)).toBe(false);
          expect(found.note).not.toMatch(/NaN/);
        }
      }),
      { numRuns: 400 },
    );
  });

  it("one eigenvalue, all zeros, n = 1, σ = 0", () => {
    const one = { eigenvalues: [2], coefficients: [3], n: 1, stepSize: 0.5, sigma: 0 };
    for (const rule of Object.values(inSample)) expect(rule(one).step).toBeGreaterThanOrEqual(0);
    const zeros = { ...one, eigenvalues: [0, 0, 0], coefficients: [1, 1, 1], n: 3, sigma: 0.1 };
    for (const rule of Object.values(inSample)) expect(rule(zeros).step).toBeGreaterThanOrEqual(0);
    expect(discrepancyPrinciple(zeros)).toMatchObject({ step: 10000, reliability: "unreliable" });
    expect(() => steinUnbiasedRisk({ ...one, coefficients: [Number.NaN] })).toThrow(/NaN at position 0/);
    expect(() => steinUnbiasedRisk({ ...one, coefficients: [1e200] })).toThrow(/overflows/);
  });
});
