// Does the stopping rule do what the theory says? Three kernels, n = 25 … 800: how the risk at T̂ falls with n, and what every rule
// costs beside the oracle. docs/simulation.md shows the figures of 500 draws:
//   node examples/simulation.mjs --draws 500 --json simulation.json && npx node scripts/simulation-docs.mjs simulation.json
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { eigh } from "ntkit/numerics";
import { analyseStopping, discreteFilters, gradientDescentMse, riskCurve, stoppingTime } from "ntkit/theory";
import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";

const { values: options } = parseArgs({
  options: { draws: { type: "string", default: "20" }, json: { type: "string" } },
});
const draws = Number(options.draws);
const sizes = [25, 50, 100, 200, 400, 800];
const stepSize = 0.25;
const norm = 1; // B: every f* below has RKHS norm 1
const noise = { slopes: 0.1, rules: 0.25 }; // σ
const rulesAt = 100; // n of the table of rules
const maxSteps = 3000;

const cosine = (k, x) => (k === 0 ? 1 : Math.SQRT2 * Math.cos(Math.PI * k * x));
const gaussianKernel = (a, b) => Math.exp(-((a - b) ** 2) / 0.08); // width 0.2
const centres = [0.2, 0.5, 0.8];
const heights = [1, -1, 1];
/** ‖Σ_j h_j K(·, z_j)‖ = √(hᵀ K(z, z) h). */
const gaussianSize = Math.sqrt(
  heights.reduce(
    (sum, h, i) => sum + heights.reduce((s, g, j) => s + h * g * gaussianKernel(centres[i], centres[j]), 0),
    0,
  ),
);

/** `rate`: what the theory says of the risk at n labels, up to a constant. */
const kernels = {
  sobolev: {
    title: "Sobolev, min(x, x′)",
    kernel: Math.min,
    target: (x) => Math.abs(x - 0.5) - 0.5,
    point: (i, n) => (i + 1) / n,
    rate: (n) => n ** (-2 / 3),
    says: "n^(−2/3)",
  },
  gaussian: {
    title: "Gaussian, width 0.2",
    kernel: gaussianKernel,
    target: (x) => centres.reduce((sum, z, j) => sum + heights[j] * gaussianKernel(x, z), 0) / gaussianSize,
    point: (i, n) => (i + 0.5) / n,
    rate: (n) => Math.sqrt(Math.log(n)) / n,
    says: "√(log n)/n",
  },
  rank5: {
    title: "rank 5, cosines",
    kernel: (a, b) => [0, 1, 2, 3, 4].reduce((sum, k) => sum + cosine(k, a) * cosine(k, b), 0) / 5,
    target: (x) => [1, 2, 3, 4].reduce((sum, k) => sum + ((-1) ** k * cosine(k, x)) / 2, 0) / Math.sqrt(5),
    point: (i, n) => (i + 0.5) / n,
    rate: (n) => 1 / n,
    says: "1/n",
  },
};

const generator = xoroshiro128plus(2026);
const uniform = () => uniformFloat64(generator);
const gaussian = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
const withNoise = (f, sigma) => f.map((value) => value + sigma * gaussian());

const mean = (list) => list.reduce((sum, value) => sum + value, 0) / list.length;
const standardError = (list) => {
  const centre = mean(list);
  return Math.sqrt(mean(list.map((value) => (value - centre) ** 2)) / Math.max(1, list.length - 1));
};
const logSizes = sizes.map(Math.log);
const spread = logSizes.map((x) => x - mean(logSizes));
const scale = spread.reduce((sum, x) => sum + x * x, 0);
/** Least squares in log–log, and its standard error from those of the risks. */
const slopeOf = (risks) => risks.reduce((sum, y, i) => sum + spread[i] * Math.log(y), 0) / scale;
const slopeError = (risks, errors) =>
  Math.sqrt(risks.reduce((sum, y, i) => sum + (spread[i] * (errors[i] / y)) ** 2, 0)) / scale;

/** Gram matrix of the points and eigenbasis of Θ/n. */
function sample({ kernel, target, point }, n) {
  const x = Array.from({ length: n }, (_, i) => point(i, n));
  const theta = Float64Array.from({ length: n * n }, (_, at) => kernel(x[Math.floor(at / n)], x[at % n]));
  const { values, vectors } = eigh(
    theta.map((value) => value / n),
    n,
    { vectors: true },
  );
  return { n, x, theta, spectrum: { values, vectors }, truth: Float64Array.from(x, target) };
}

/** ‖f_t − f*‖²_n of the path on labels y. */
async function loss({ n, spectrum }, truth, y, t) {
  const path = await gradientDescentMse({ spectrum, n, residual: y, stepSize });
  return path.residual(t).reduce((sum, left, i) => sum + (y[i] - left - truth[i]) ** 2, 0) / n;
}

/** The target of norm B on which step t leaves most: √(nλ) B u at the eigenvalue with the largest S_t² λ. */
function hardest({ n, spectrum: { values, vectors } }, t) {
  const { residual } = discreteFilters(stepSize);
  const bias = Array.from(values, (lambda) => Math.max(0, lambda) * residual(lambda, t) ** 2);
  const i = bias.indexOf(Math.max(...bias));
  return vectors.slice(i * n, (i + 1) * n).map((u) => norm * Math.sqrt(n * values[i]) * u);
}

async function slopes(setup) {
  const sigma = noise.slopes;
  const rows = { step: [], radius: [], hardest: [], fixed: [] };
  for (const n of sizes) {
    const data = sample(setup, n);
    const { values: eigenvalues, vectors } = data.spectrum;
    const { step, criticalRadiusSquared } = stoppingTime({ eigenvalues, n, sigma, norm, stepSize });
    rows.step.push(step);
    rows.radius.push(criticalRadiusSquared);
    for (const [name, truth] of [
      ["hardest", hardest(data, step)],
      ["fixed", data.truth],
    ]) {
      const seen = [];
      for (let draw = 0; draw < draws; draw++)
        seen.push(await loss(data, truth, withNoise(truth, sigma), step));
      const risk = riskCurve({ eigenvalues, vectors, target: truth, n, sigma, stepSize, steps: [step] });
      rows[name].push({
        risk: mean(seen),
        error: standardError(seen),
        exact: risk.total[0],
        bias2: risk.bias2[0],
      });
    }
  }
  const line = (list) => {
    const risks = list.map(({ risk }) => risk);
    return {
      slope: slopeOf(risks),
      error: slopeError(
        risks,
        list.map(({ error }) => error),
      ),
      exact: slopeOf(list.map(({ exact }) => exact)),
    };
  };
  return {
    ...rows,
    theory: slopeOf(sizes.map(setup.rate)),
    radiusSlope: slopeOf(rows.radius),
    hardestFit: line(rows.hardest),
    fixedFit: line(rows.fixed),
  };
}

/** Every rule on the same labels: the mean of ‖f_t − f*‖²_n at its step. Hold-out has n/4 further labels, between the points. */
async function rules(setup) {
  const sigma = noise.rules;
  const data = sample(setup, rulesAt);
  const between = Array.from({ length: rulesAt / 4 }, (_, i) => setup.point(4 * i + 1.5, rulesAt));
  const cross = Float64Array.from(between.flatMap((a) => data.x.map((b) => setup.kernel(a, b))));
  const held = Float64Array.from(between, setup.target);
  const found = {};
  const note = (name, step, risk) => {
    found[name] ??= { steps: [], risks: [] };
    found[name].steps.push(step);
    found[name].risks.push(risk);
  };
  for (let draw = 0; draw < draws; draw++) {
    const targets = withNoise(data.truth, sigma);
    const problem = {
      ...{ kernel: data.theta, spectrum: data.spectrum, n: rulesAt, outputs: 1, targets, stepSize, maxSteps },
      ...{ f0: new Float64Array(rulesAt), truth: data.truth, permutations: 0, seed: draw },
      holdout: { cross, targets: withNoise(held, sigma), f0: new Float64Array(held.length) },
    };
    const analysis = await analyseStopping({ ...problem, sigma, norm });
    for (const [name, rule] of Object.entries(analysis.rules)) {
      note(name, rule.step, await loss(data, data.truth, targets, rule.step));
    }
    const { one_standard_error_step: early } = analysis.rules.cv;
    note("cv, one standard error", early, await loss(data, data.truth, targets, early));
    const guessed = await analyseStopping({ ...problem, sigma: "auto", norm: "auto" });
    for (const name of ["rademacher", "discrepancy", "sure"]) {
      const { step } = guessed.rules[name];
      note(`${name}, σ and B from the labels`, step, await loss(data, data.truth, targets, step));
    }
    note("never stopping", maxSteps, await loss(data, data.truth, targets, maxSteps));
  }
  const best = mean(found.oracle.risks);
  return Object.entries(found)
    .map(([name, { steps, risks }]) => ({
      name,
      step: mean(steps),
      risk: mean(risks),
      error: standardError(risks),
      ratio: mean(risks) / best,
    }))
    .sort((a, b) => a.risk - b.risk);
}

const study = { draws, sizes, stepSize, norm, noise, rulesAt, maxSteps, kernels: {} };
let missed = 0;
for (const [name, setup] of Object.entries(kernels)) {
  const found = await slopes(setup);
  const { theory, hardestFit, fixedFit } = found;
  const off = Math.abs(hardestFit.slope - theory);
  if (off > 0.05 + 2 * hardestFit.error) missed++;
  console.log(`${setup.title}: T̂ = ${found.step.join(", ")} at n = ${sizes.join(", ")}, σ = ${noise.slopes}`);
  console.log(
    `  slope of the risk at T̂, hardest target ${hardestFit.slope.toFixed(3)} ± ${hardestFit.error.toFixed(3)}; theory ${theory.toFixed(3)} (${setup.says}); off ${off.toFixed(3)}`,
  );
  console.log(`  one fixed target ${fixedFit.slope.toFixed(3)} ± ${fixedFit.error.toFixed(3)}`);
  const table = await rules(setup);
  for (const row of table) {
    console.log(
      `    ${row.name.padEnd(42)} step ${row.step.toFixed(0).padStart(5)}  risk ${row.risk.toExponential(2)}  ${row.ratio.toFixed(2)} × oracle`,
    );
  }
  study.kernels[name] = { title: setup.title, says: setup.says, ...found, rules: table };
}
if (options.json) await writeFile(options.json, `${JSON.stringify(study, null, 1)}\n`);
const within = "0.05 and two standard errors";
console.log(
  missed === 0
    ? `${draws} draws: every slope is within ${within} of the theory's.`
    : `${draws} draws: ${missed} slopes miss the theory's by more than ${within}.`,
);
if (missed > 0) process.exitCode = 1;
