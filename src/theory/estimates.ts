/**
 * σ and B for the rules that need them: as given, or from data with their source in words. Estimators: noise.ts, norm.ts.
 * That σ comes from the cv minimum and B from ridge fits at the cv step is a choice of ours, made for estimates that lean one way each;
 * source: theory.md §2. Cost: that of the estimators.
 */
import { crossValidationNoise, lateResidualNoise } from "./noise.ts";
import { crossFittedNorm, plugInNorm } from "./norm.ts";
import type { PreparedProblem } from "./problem.ts";
import type { CvChoice } from "./rules/cv.ts";

export interface Estimates {
  /** standardError: 0 where given, null where nothing is known of it. */
  sigma: { sigma: number; source: string; standardError: number | null };
  norm: { norm: number; source: string; standardError: number | null };
}

/** Auto: the cross-validation minimum, which is honest and biased upward; without one, the late residual. */
export function chooseSigma(prepared: PreparedProblem, cv: CvChoice | null): Estimates["sigma"] {
  const { sigma = "auto", outputs } = prepared.problem;
  if (sigma !== "auto") return { sigma, source: "given", standardError: 0 };
  const found = cv
    ? crossValidationNoise({ error: cv.error, standardError: cv.standardError, outputs })
    : lateResidualNoise(prepared.path);
  return { ...found, source: `${found.source}. ${found.note}` };
}

/** Share of the plug-in norm that stands in where two halves of the data agree on nothing: above 0, so that ε̂ stays finite. */
const NOTHING_SHARED = 1e-3;

/** Auto: cross-fitted with the ridge that matches the cross-validated step; without enough examples, the plug-in. */
export async function chooseNorm(prepared: PreparedProblem, cv: CvChoice | null): Promise<Estimates["norm"]> {
  const { problem, spectrum, rho, residual, etaPerStep, labels, seed } = prepared;
  const { norm = "auto", kernel, n, outputs, signal } = problem;
  if (norm !== "auto") return { norm, source: "given", standardError: 0 };
  const plugIn = plugInNorm({ values: spectrum.values, coefficients: rho, n });
  if (!cv) return { ...plugIn, source: `${plugIn.source}. ${plugIn.note}` };
  const penalty = 1 / (etaPerStep * Math.max(1, cv.step));
  const fitted = await crossFittedNorm({ kernel, n, outputs, residual, penalty, labels, seed, signal });
  const beside = `The plug-in at a small ridge, which leans high, says ${plugIn.norm.toPrecision(3)}.`;
  if (fitted.norm > 0) return { ...fitted, source: `${fitted.source}. ${fitted.note} ${beside}` };
  return {
    norm: NOTHING_SHARED * plugIn.norm,
    standardError: null,
    source: `${fitted.source}: not above 0, so a thousandth of the plug-in stands in. ${beside}`,
  };
}
