/**
 * The density of all eigenvalues, seen through a few applications: stochastic Lanczos quadrature.
 *
 *   φ(t) = (1/n) Σ_j g_σ(t − λ_j) ≈ (1/P) Σ_p Σ_i τ_pi g_σ(t − θ_pi),   g_σ the normal density of width σ
 *
 * One quadrature rule for each of P random vectors of signs; every weighted sum integrates to 1. (Lin, Saad & Yang, SIAM Review 58(1),
 * 2016; Ubaru, Chen & Saad, SIAM J. Matrix Anal. Appl. 38(4), 2017.) The same rules give tr f(A) for any f.
 * Cost: probes · steps applications, 4 n steps² probes for orthogonality; space 8 n steps bytes, `block` times.
 */
import { CallError, complaint } from "../../errors.ts";
import type { LongOptions } from "../../progress.ts";
import { checkBlock, gathered } from "./gather.ts";
import type { Operator } from "./operator.ts";
import { pace } from "./pace.ts";
import { type Estimate, estimate, probes } from "./probes.ts";
import { integrate, type QuadratureRule, quadratureRule } from "./quadrature.ts";

export interface QuadratureOptions extends LongOptions {
  /** Random vectors (10), 2 or more; n or more take the n coordinate vectors instead, which leaves no sampling error. */
  probes?: number;
  /** Lanczos steps of each (40): polynomials up to degree 2·steps − 1 are integrated exactly. */
  steps?: number;
  seed?: number;
  /** Probes that run side by side (1), for an operator that does several for less than each alone. Each more holds 8 n steps bytes. */
  block?: number;
}

export interface SpectralDensityOptions extends QuadratureOptions {
  /** Where to give the density: a number of equidistant points over the spectrum (200), or the points themselves. */
  points?: number | Float64Array;
  /** Width of the normal density each eigenvalue is smeared to (the spread of the nodes / steps). */
  sigma?: number;
}

export interface SpectralDensity {
  /** (G) */
  points: Float64Array;
  /** (G) estimate of φ at each point, and its standard error over the probes. */
  density: Float64Array;
  standardErrors: Float64Array;
  sigma: number;
  /** Mean of λ⁰, λ¹, … λ⁴ over all eigenvalues. */
  moments: Estimate[];
  /** One for each probe. */
  rules: QuadratureRule[];
  /** Applications of the operator. */
  iterations: number;
}

const MOMENTS = 5;

/** @throws CallError for options that cannot be, DataError for an operator that is not finite or not symmetric */
export async function spectralDensity(
  op: Operator,
  options: SpectralDensityOptions = {},
): Promise<SpectralDensity> {
  const { rules, exact, steps } = await quadratureRules("spectralDensity", op, options);
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { nodes } of rules) {
    high = Math.max(high, nodes[0]);
    low = Math.min(low, nodes[nodes.length - 1]);
  }
  const sigma = options.sigma ?? width(low, high) / steps;
  if (!(sigma > 0)) throw new CallError(complaint("spectralDensity", "sigma above 0", `${sigma}`));
  const points = grid(options.points ?? 200, low - 4 * sigma, high + 4 * sigma);
  const height = 1 / (sigma * Math.sqrt(2 * Math.PI));
  const at = Array.from(points, (t) =>
    estimate(
      rules.map((rule) =>
        integrate(rule, "spectralDensity", (x) => height * Math.exp(-0.5 * ((t - x) / sigma) ** 2)),
      ),
      exact,
    ),
  );
  return {
    points,
    density: Float64Array.from(at, ({ value }) => value),
    standardErrors: Float64Array.from(at, ({ standardError }) => standardError),
    sigma,
    moments: Array.from({ length: MOMENTS }, (_, degree) =>
      estimate(
        rules.map((rule) => integrate(rule, "spectralDensity", (x) => x ** degree)),
        exact,
      ),
    ),
    rules,
    iterations: rules.reduce((sum, { nodes }) => sum + nodes.length, 0),
  };
}

/**
 * tr f(A) = n ∫ f φ through the same rules, e.g. Math.log for ln det A, or λ/(λ + γ) for an effective dimension.
 * @param f finite at the nodes, which lie within the spectrum
 * @throws as spectralDensity; DataError where f is not finite
 */
export async function traceOf(
  op: Operator,
  f: (eigenvalue: number) => number,
  options: QuadratureOptions = {},
): Promise<Estimate> {
  const { rules, exact } = await quadratureRules("traceOf", op, options);
  return estimate(
    rules.map((rule) => op.size * integrate(rule, "traceOf", f)),
    exact,
  );
}

async function quadratureRules(
  where: string,
  op: Operator,
  options: QuadratureOptions,
): Promise<{ rules: QuadratureRule[]; exact: boolean; steps: number }> {
  const { seed = 0 } = options;
  const n = op.size;
  const steps = Math.min(options.steps ?? 40, n);
  if (!Number.isInteger(n) || n < 1) {
    throw new CallError(complaint(where, "an operator of size 1 or more", `${n}`));
  }
  if (!Number.isInteger(steps) || steps < 1) {
    throw new CallError(complaint(where, "steps to be a whole number, 1 or more", `${options.steps}`));
  }
  const { count, exact, vector } = probes(where, "probes", n, options.probes ?? 10, seed);
  const tick = pace(options, "quadrature, applications", count * steps);
  const block = checkBlock(where, options.block ?? 1);
  let done = 0;
  const rules = await gathered(where, op, count, block, (p, operator) =>
    quadratureRule(operator, vector(p), steps, () => tick(++done)),
  );
  return { rules, exact, steps };
}

/** high − low; where all nodes are one but for rounding, their size: then any width shows them. */
function width(low: number, high: number): number {
  const size = Math.max(Math.abs(low), Math.abs(high));
  return high - low > 1e-10 * size ? high - low : size || 1;
}

function grid(points: number | Float64Array, low: number, high: number): Float64Array {
  if (points instanceof Float64Array) return points;
  if (!Number.isInteger(points) || points < 2) {
    throw new CallError(complaint("spectralDensity", "2 points or more", `${points}`));
  }
  return Float64Array.from({ length: points }, (_, i) => low + ((high - low) * i) / (points - 1));
}
