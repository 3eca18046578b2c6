/**
 * Kernel ridge regression on the residual: min over f of (1/2n) ‖r − f‖² + (ρ/2) ‖f‖²_H, with penalty ρ = 1/ν.
 * It learns λ/(λ + ρ) of each eigendirection; the dual coefficients are c = (Θ + nρI)⁻¹ r.
 * Gradient descent at clock η is its twin at ρ = 1/η: the filters differ by a factor in [1, 1.2984] (flow).
 * Source: theory.md §4. Cost: path.ts.
 */
import { CallError, complaint } from "../errors.ts";
import { requireNumber } from "./check.ts";
import { type CrossInput, type PathInput, spectralPath } from "./path.ts";

/** The ridge penalty whose filters are closest to gradient descent's at clock η: 1/η. */
export function ridgeEquivalent(eta: number): number {
  if (!(eta > 0)) throw new CallError(complaint("ridgeEquivalent", "eta above 0", String(eta)));
  return 1 / eta;
}

export interface KernelRidge {
  residual: Float64Array; // (N) Y − f(X)
  loss: number; // (1/2n) ‖Y − f(X)‖²
  dual: Float64Array; // (N) c
  degrees: number; // tr of the hat matrix: Σ λ/(λ + ρ)
  /** (M) f(x). */
  predict(test: CrossInput): Float64Array;
}

/**
 * @param input.penalty ρ > 0, in the units of Θ/n: `ridgeEquivalent(eta)`
 * @throws CallError for a wrong shape or option, DataError for NaN in the data
 */
export async function kernelRidge(input: PathInput & { penalty: number }): Promise<KernelRidge> {
  const where = "kernelRidge";
  const { penalty } = input;
  requireNumber(where, "penalty", penalty, 0, true);
  const path = await spectralPath(where, input);
  const S = (lambda: number) => penalty / (Math.max(0, lambda) + penalty);
  const D = (lambda: number) => 1 / (Math.max(0, lambda) + penalty);
  return {
    residual: path.residual(S),
    loss: path.loss(S),
    dual: path.dual(D),
    degrees: path.values.reduce((sum, lambda) => sum + 1 - S(lambda), 0),
    predict: (test) => path.predictor(test)(D),
  };
}
