/**
 * Kernel ridge regression on the residual: min over f of (1/2n) ‖r − f‖² + (ρ/2) ‖f‖²_H, with penalty ρ = 1/ν.
 * It learns λ/(λ + ρ) of each eigendirection; the dual coefficients are c = (Θ + nρI)⁻¹ r.
 * Gradient descent at clock η is its twin at ρ = 1/η: with x = ηλ the filters 1 − e^(−x) and x/(1 + x)
 *
 *   have a ratio in [1, 1.298425607526], largest at x = 1.793282159070; in [1, 2] for discrete steps with αλ₁ ≤ 1
 *   differ by at most 0.2036 (flow, at e^x = (1 + x)²), by at most ½ for discrete steps: ‖f_descent − f_ridge‖ ≤ that · ‖r‖
 *   give expected in-sample risks (bias² + variance) of which descent's is at most 1.2984² = 1.6859 times ridge's (flow)
 *
 * Source: theory.md §4 [derived]; the last is Ali, Kolter & Tibshirani 2019. Cost: path.ts.
 */
import { CallError, complaint } from "../errors.ts";
import { requireInteger, requireNumber } from "./check.ts";
import { project } from "./eigenbasis.ts";
import { discreteFilters, filterRatio, flowFilters, ridgeFilter } from "./filters.ts";
import { type CrossInput, type PathInput, pathSpectrum, spectralPath, withinRange } from "./path.ts";

/** λ_ridge = 1/η: the penalty theory.md §4 sets beside gradient descent at clock η, with the bounds of the header. */
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

/** Gradient descent and the ridge of the same clock side by side; one entry for each step. */
export interface RidgePath {
  step: number[];
  eta: number[];
  penalty: number[]; // 1/η; Infinity at step 0
  descent: { loss: number[]; degrees: number[] }; // (1/2n)‖Y − f‖², tr(I − S_t)
  ridge: { loss: number[]; degrees: number[] };
  /** Smallest and largest filter ratio over the eigenvalues. */
  ratio: [number, number][];
  /** ‖f_descent − f_ridge‖ / ‖r‖ on the training texts; 0 where r = 0. */
  distance: number[];
}

/**
 * The whole path of both, in steps of descent: at T̂ it says which penalty stopping there amounts to.
 * @param input.steps t ≥ 0, any order; whole numbers unless dynamics is "flow"
 * @throws CallError for a wrong shape or option, DataError for NaN in the data. Cost: N per step after the eigenbasis.
 */
export async function ridgePath(
  input: PathInput & { stepSize: number; steps: readonly number[]; dynamics?: "discrete" | "flow" },
): Promise<RidgePath> {
  const where = "ridgePath";
  const { n, stepSize, steps, dynamics = "discrete" } = input;
  requireNumber(where, "stepSize", stepSize, 0, true);
  const { values, vectors } = await pathSpectrum(where, input);
  const energy = project(vectors, input.residual).map((rho) => rho * rho);
  const total = energy.reduce((sum, value) => sum + value, 0);
  const filters = dynamics === "flow" ? flowFilters(stepSize) : discreteFilters(stepSize);
  const path: RidgePath = {
    step: [...steps],
    eta: steps.map((t) => stepSize * t),
    penalty: steps.map((t) => 1 / (stepSize * t)),
    descent: { loss: [], degrees: [] },
    ridge: { loss: [], degrees: [] },
    ratio: [],
    distance: [],
  };
  for (const t of steps) {
    requireNumber(where, "a step", t, 0);
    if (dynamics === "discrete") requireInteger(where, "a step", t, 0);
    const sums = { descent: [0, 0], ridge: [0, 0], apart: 0 };
    let [low, high] = [Number.POSITIVE_INFINITY, 0];
    values.forEach((lambda, i) => {
      const both = { descent: filters.learned(lambda, t), ridge: ridgeFilter(lambda, stepSize * t) };
      for (const name of ["descent", "ridge"] as const) {
        sums[name][0] += (1 - both[name]) ** 2 * energy[i];
        sums[name][1] += both[name];
      }
      sums.apart += (both.descent - both.ridge) ** 2 * energy[i];
      const ratio = filterRatio(filters, lambda, t);
      low = Math.min(low, ratio);
      high = Math.max(high, ratio);
    });
    for (const name of ["descent", "ridge"] as const) {
      path[name].loss.push(withinRange(where, sums[name][0] / (2 * n)));
      path[name].degrees.push(sums[name][1]);
    }
    path.ratio.push([low, high]);
    path.distance.push(total === 0 ? 0 : Math.sqrt(sums.apart / total));
  }
  return path;
}
