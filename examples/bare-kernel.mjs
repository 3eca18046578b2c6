// When to stop on a kernel of your own: the first-order Sobolev kernel min(x, x′) on a grid, with noisy labels.
// Nothing here knows of networks: ntkit/theory takes any kernel, from any tool.
import { eigh } from "ntkit/numerics";
import { analyseStopping, stoppingTime } from "ntkit/theory";

const n = 100;
const x = Array.from({ length: n }, (_, i) => (i + 1) / n);
const kernel = Float64Array.from({ length: n * n }, (_, at) => Math.min(x[Math.floor(at / n)], x[at % n]));
const { values } = eigh(
  kernel.map((value) => value / n),
  n,
);
console.log("λ₁ of Θ/n:", values[0].toFixed(12)); // 0.409356047469

// The rule alone: eigenvalues, σ, B and a step size are all it needs.
const rule = stoppingTime({ eigenvalues: values, n, sigma: 1, norm: 1, stepSize: 0.25 });
console.log("T̂ at σ = 1, B = 1:", rule.step); // 10

// Every rule, from labels: f*(x) = |x − ½| − ½ and noise of a fixed pattern.
const targets = Float64Array.from(x, (value, i) => Math.abs(value - 0.5) - 0.5 + 0.25 * Math.sin(37 * i * i));
const analysis = await analyseStopping({
  kernel,
  n,
  outputs: 1,
  targets,
  f0: new Float64Array(n),
  stepSize: 0.25,
  sigma: "auto",
  norm: "auto",
  seed: 1,
});
console.log(`${analysis.answer.verdict}: step ${analysis.answer.step}, ${analysis.answer.why}`);
for (const [name, found] of Object.entries(analysis.rules)) {
  console.log(
    `  ${name.padEnd(22)} ${found ? `${found.step} (${found.reliability})` : analysis.rule_reasons[name]}`,
  );
}
