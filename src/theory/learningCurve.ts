/**
 * Risk predicted from the spectrum alone ("eigenlearning"): what n labels buy.
 *
 *   Σ λ_i/(λ_i + κ) + δ/κ = n,   L_i = λ_i/(λ_i + κ)
 *   test error  = n/(n − ΣL²) · (Σ (1 − L_i)² v_i² + σ²)
 *   train error = (δ/(nκ))² · test error
 *
 * λ_i are eigenvalues of the kernel's integral operator (those of Θ/n estimate them), v_i the coefficients of the target in its
 * eigenfunctions ((u_iᵀg)²/n estimates v_i²), δ the ridge: n/η_t stands for gradient descent at clock η_t (theory.md §4).
 * Both errors are means of squares and hold the noise. With δ = 0 and no more than n eigenvalues, κ = 0.
 * Source: Simon et al. (arXiv:2110.03922) [recalled; its numbers in theory.md §9 are reproduced]; n/η_t in place of δ: theory.md §4, §5
 * [derived]. From a sample in place of the population: moreLabels.ts. Cost: about 60 passes over the spectrum per n.
 */
import { requireLength, requireNumber } from "./check.ts";

export interface LearningCurveInput {
  eigenvalues: ArrayLike<number>;
  /** v_i, in the order of eigenvalues. */
  coefficients: ArrayLike<number>;
  /** Sample sizes to predict for. */
  n: number | readonly number[];
  sigma: number;
  /** δ ≥ 0, or a function of n. */
  ridge: number | ((n: number) => number);
}

export interface LearningCurve {
  n: number[];
  kappa: number[];
  test: number[]; // Infinity where n equals the rank and there is no ridge: the interpolation peak
  train: number[];
}

/** κ > 0 with Σ λ/(λ + κ) + δ/κ = n; 0 where δ = 0 and the sum cannot reach n. The left side falls from above n to 0. */
function solveKappa(lambda: Float64Array, ridge: number, n: number): number {
  const excess = (kappa: number) => {
    let sum = ridge / kappa - n;
    for (const value of lambda) sum += value / (value + kappa);
    return sum;
  };
  let positive = 0;
  let trace = 0;
  for (const value of lambda) {
    if (value > 0) positive++;
    trace += value;
  }
  if (ridge === 0 && positive <= n) return 0;
  // λ/(λ+κ) < λ/κ puts the root below (tr + δ)/n
  let high = (trace + ridge) / n;
  let low = high;
  while (excess(low) < 0) low /= 4;
  while (high - low > 1e-15 * high) {
    const middle = low < high / 4 ? Math.sqrt(low * high) : (low + high) / 2;
    if (middle <= low || middle >= high) break;
    if (excess(middle) > 0) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** @throws CallError for a wrong shape or option */
export function learningCurve(input: LearningCurveInput): LearningCurve {
  const where = "learningCurve";
  requireLength(where, "coefficients", input.coefficients, input.eigenvalues.length);
  requireNumber(where, "sigma", input.sigma, 0);
  const lambda = Float64Array.from(input.eigenvalues, (value) => Math.max(0, value));
  const sizes = typeof input.n === "number" ? [input.n] : [...input.n];
  const curve: LearningCurve = { n: sizes, kappa: [], test: [], train: [] };
  for (const n of sizes) {
    requireNumber(where, "n", n, 0, true);
    const ridge = typeof input.ridge === "number" ? input.ridge : input.ridge(n);
    requireNumber(where, "ridge", ridge, 0);
    const kappa = solveKappa(lambda, ridge, n);
    let sumL = 0;
    let sumL2 = 0;
    let error = input.sigma ** 2;
    for (let i = 0; i < lambda.length; i++) {
      const L = lambda[i] > 0 ? lambda[i] / (lambda[i] + kappa) : 0;
      sumL += L;
      sumL2 += L * L;
      error += ((1 - L) * input.coefficients[i]) ** 2;
    }
    // δ/κ = n − ΣL, which is all there is at κ = 0
    const left = ridge > 0 ? ridge / (n * kappa) : Math.max(0, n - sumL) / n;
    const test = error === 0 ? 0 : n - sumL2 > 0 ? (n / (n - sumL2)) * error : Number.POSITIVE_INFINITY;
    curve.kappa.push(kappa);
    curve.test.push(test);
    curve.train.push(left === 0 ? 0 : left * left * test);
  }
  return curve;
}
