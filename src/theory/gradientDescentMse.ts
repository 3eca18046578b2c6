/**
 * Full-batch gradient descent on L = (1/2n) Σ ‖f(x_i) − y_i‖² of a linearised model, in closed form at any step:
 *
 *   Y − f_t(X) = U S_t Uᵀ r,   f_t(x) = f₀(x) + Θ(x, X) c_t,   c_t = (1/n) U [(1 − S_t)/λ] Uᵀ r
 *
 * S_t: filters.ts; with momentum momentum.ts, with weight decay towards θ₀ weightDecay.ts.
 * t = 0 gives f₀, t = ∞ the interpolant of smallest norm (eigenvalues below Nελ₁ count as 0 there), with weight decay μ the
 * kernel ridge regression of penalty μ. A step computed alone and among others has the same bits.
 * Source: theory.md §1 [derived]; the shape of the call follows neural-tangents' predict.gradient_descent_mse. Cost: path.ts.
 */
import { CallError, complaint } from "../errors.ts";
import { requireNumber } from "./check.ts";
import { discreteFilters, flowFilters } from "./filters.ts";
import { momentumFilters } from "./momentum.ts";
import {
  type CrossInput,
  type PathInput,
  type PredictiveVariance,
  spectralPath,
  type VarianceInput,
} from "./path.ts";
import { decayedFilters } from "./weightDecay.ts";

export interface GradientDescentInput extends PathInput {
  /** α > 0. */
  stepSize: number;
  /** Exact steps (default), or gradient flow read at η = αt, where t need not be an integer. */
  dynamics?: "discrete" | "flow";
  /** m in [0, 1), heavy ball; default 0. Exact steps only. */
  momentum?: number;
  /** μ ≥ 0, towards θ₀; default 0. */
  weightDecay?: number;
}

export interface GradientDescentMse {
  /** (N) Y − f_t(X). */
  residual(t: number): Float64Array;
  /** (1/2n) ‖Y − f_t(X)‖². */
  loss(t: number): number;
  /** (N) c_t. */
  dual(t: number): Float64Array;
  /** Projects the cross kernel once; what comes back gives (M) f_t(x) at any step. */
  predictor(test: CrossInput): (t: number) => Float64Array;
  /** Projects the cross kernel once; what comes back gives the predictive variances at any step (path.ts). */
  variance(test: VarianceInput): (t: number) => PredictiveVariance;
}

/** @throws CallError for a wrong shape or option, DataError for NaN in the data */
export async function gradientDescentMse(input: GradientDescentInput): Promise<GradientDescentMse> {
  const where = "gradientDescentMse";
  const { stepSize, dynamics = "discrete", momentum = 0, weightDecay = 0 } = input;
  requireNumber(where, "stepSize", stepSize, 0, true);
  if (dynamics === "flow" && momentum !== 0) {
    throw new CallError(
      complaint(where, "no momentum with gradient flow", `${momentum}`, 'dynamics "discrete"'),
    );
  }
  const path = await spectralPath(where, input);
  const plain =
    dynamics === "flow"
      ? flowFilters(stepSize)
      : momentum === 0
        ? discreteFilters(stepSize)
        : momentumFilters(stepSize, momentum);
  const filters = decayedFilters(plain, weightDecay);
  const largest = Math.max(0, path.values[0]);
  const zero = path.values.length * Number.EPSILON * largest;

  /** Eigenvalue as the filters should see it at step t. */
  const seen = (lambda: number, t: number) => (t === Number.POSITIVE_INFINITY && lambda <= zero ? 0 : lambda);
  const check = (t: number) => {
    const whole = dynamics === "flow" || Number.isInteger(t) || t === Number.POSITIVE_INFINITY;
    if (!(t >= 0) || !whole) {
      throw new CallError(
        complaint(where, dynamics === "flow" ? "t ≥ 0" : "an integer t ≥ 0 or Infinity", String(t)),
      );
    }
    const limit = (2 * (1 + momentum)) / (largest + weightDecay);
    if (t === Number.POSITIVE_INFINITY && dynamics === "discrete" && stepSize >= limit) {
      throw new CallError(
        complaint(where, `a step size below ${limit} for t = ∞`, `${stepSize}: it diverges`),
      );
    }
    return t;
  };
  const S = (t: number) => (lambda: number) => filters.residual(seen(lambda, t), t);
  const D = (t: number) => (lambda: number) => filters.dual(seen(lambda, t), t);
  return {
    residual: (t) => path.residual(S(check(t))),
    loss: (t) => path.loss(S(check(t))),
    dual: (t) => path.dual(D(check(t))),
    predictor(test) {
      const at = path.predictor(test);
      return (t) => at(D(check(t)));
    },
    variance(test) {
      const at = path.variances(test);
      return (t) => at(D(check(t)));
    },
  };
}
