/**
 * Weight decay towards the pretrained point: gradient descent on L(θ) + (μ/2)‖θ − θ₀‖². In an eigendirection of K̂ = Θ/n with
 * eigenvalue λ it is descent without decay at λ + μ:
 *
 *   (1 − S_t)/λ = D(λ + μ, t),   1 − S_t = λ D(λ + μ, t),   S_t = (μ + λ S(λ + μ, t))/(λ + μ)
 *
 * At t = ∞ it is kernel ridge regression with penalty μ: D = 1/(λ + μ). Stable for α(λ₁ + μ) < 2.
 * Decay towards 0 (torch's weight_decay) is this one only if θ₀ = 0. Source: theory.md §1, §4 [derived]. Cost: that of D.
 */
import { requireNumber } from "./check.ts";
import type { Filters } from "./filters.ts";

/**
 * @param filters those of the method without decay: discrete, flow or momentum
 * @param weightDecay μ ≥ 0; 0 gives `filters`
 */
export function decayedFilters(filters: Filters, weightDecay: number): Filters {
  const mu = weightDecay;
  requireNumber("decayedFilters", "weightDecay", mu, 0);
  if (mu === 0) return filters;
  const dual = (lambda: number, t: number) => filters.dual(Math.max(0, lambda) + mu, t);
  return {
    kind: filters.kind,
    stepSize: filters.stepSize,
    clock: filters.clock,
    residual: (lambda, t) =>
      lambda > 0 ? (mu + lambda * filters.residual(lambda + mu, t)) / (lambda + mu) : 1,
    learned: (lambda, t) => (lambda > 0 ? lambda * dual(lambda, t) : 0),
    dual,
  };
}
