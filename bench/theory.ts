/**
 * Every stopping rule on 10⁵ eigenvalues, alone: milliseconds of processor time of one call, from numbers in memory to the step.
 * Processor time, because a machine that others use stretches the clock on the wall.
 * Eigenvectors of 10⁵ rows do not fit in memory, so rules that need them are given the 20 largest and the trace.
 * Run: npm run build && npx node bench/theory.ts — appends a table to bench/RESULTS.md.
 */
import {
  cosineSchedule,
  discrepancyPrinciple,
  generalizedCrossValidation,
  holdOut,
  leaveOneOutShortcut,
  oracleStop,
  rademacherRule,
  smoothedDiscrepancyPrinciple,
  steinUnbiasedRisk,
  stoppingTime,
  stoppingTimeByDefinition,
  stoppingTimeByDimension,
} from "ntkit/theory";
import { noise, publish } from "./harness.ts";

const N = 1e5;
const k = 20;
const sigma = 0.5;
const eigenvalues = Float64Array.from({ length: N }, (_, i) => 1 / (i + 1) ** 2);
const draws = noise(N, 1);
const coefficients = Float64Array.from(eigenvalues, (value, i) => Math.sqrt(N * value) + sigma * draws[i]);
const truth = eigenvalues.map((value) => Math.sqrt(N * value));
const trace = eigenvalues.reduce((a, b) => a + b, 0);

/** k orthonormal rows: cosines. */
const vectors = Float64Array.from({ length: k * N }, (_, at) => {
  const [i, j] = [Math.floor(at / N), at % N];
  return Math.sqrt(2 / N) * Math.cos((Math.PI * (i + 1) * (j + 0.5)) / N);
});
const residual = Float64Array.from({ length: N }, (_, j) => vectors[j] * 300 + draws[j]);
const kept = {
  cross: Float64Array.from({ length: 20 * N }, (_, at) => vectors[at % (k * N)] * 100),
  targets: new Float64Array(20).fill(1),
  f0: new Float64Array(20),
};

const cosine = cosineSchedule({ peak: 0.9, steps: 10000, warmup: 500 });
const steps = { constant: 0.9, cosine };

const cases: Record<string, (stepSize: number | Float64Array) => unknown> = {
  T̂: (stepSize) => stoppingTime({ eigenvalues, n: N, sigma, norm: 1, stepSize }),
  "T̂ by definition": (stepSize) => stoppingTimeByDefinition({ eigenvalues, n: N, sigma, norm: 1, stepSize }),
  "T̂ by effective dimension": (stepSize) =>
    stoppingTimeByDimension({ eigenvalues, n: N, sigma, norm: 1, stepSize }),
  rademacher: (stepSize) => rademacherRule({ eigenvalues, n: N, sigma, norm: 1, stepSize }),
  discrepancy: (stepSize) => discrepancyPrinciple({ eigenvalues, coefficients, n: N, sigma, stepSize }),
  "smoothed discrepancy": (stepSize) =>
    smoothedDiscrepancyPrinciple({ eigenvalues, coefficients, n: N, sigma, stepSize }),
  SURE: (stepSize) => steinUnbiasedRisk({ eigenvalues, coefficients, n: N, sigma, stepSize }),
  GCV: (stepSize) => generalizedCrossValidation({ eigenvalues, coefficients, n: N, stepSize }),
  oracle: (stepSize) => oracleStop({ eigenvalues, coefficients: truth, n: N, sigma, stepSize }),
  "leave-one-out shortcut, k = 20": (stepSize) =>
    leaveOneOutShortcut({ eigenvalues: eigenvalues.slice(0, k), trace, vectors, residual, n: N, stepSize }),
  "hold-out, k = 20, 20 texts": (stepSize) =>
    holdOut({
      eigenvalues: eigenvalues.slice(0, k),
      trace,
      vectors,
      residual,
      n: N,
      stepSize,
      holdout: kept,
    }),
};

/** Median of `runs` calls after a first one that compiles. */
function processorTime(call: () => unknown, runs: number): number {
  call();
  const times = Array.from({ length: runs }, () => {
    const start = process.cpuUsage();
    call();
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1000;
  });
  return times.sort((a, b) => a - b)[runs >> 1];
}

const rows = Object.entries(cases).map(([name, rule]) => [
  name,
  ...Object.values(steps).map((stepSize) => processorTime(() => rule(stepSize), 3).toFixed(0)),
]);
publish(
  "Stopping rules, 10⁵ eigenvalues",
  "milliseconds of processor time a call, 10000 steps considered, median of 3",
  ["rule", "constant step", "cosine with warmup"],
  rows,
);
