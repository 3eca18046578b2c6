/**
 * Every rule on one problem; a rule that does not apply is null, with the reason beside it. Formula and source of each: its own file.
 * In-sample rules need α ≤ 2/λ₁: above it S_t grows [derived].
 */
import { project } from "../eigenbasis.ts";
import type { PreparedProblem } from "../problem.ts";
import type { DecayFit, RuleName } from "../types.ts";
import type { RuleChoice } from "./choice.ts";
import type { CvChoice } from "./cv.ts";
import { discrepancy, smoothedDiscrepancy, smoothingDecay } from "./discrepancy.ts";
import { gcv } from "./gcv.ts";
import { holdout } from "./holdout.ts";
import { loo } from "./loo.ts";
import { oracle } from "./oracle.ts";
import { type RademacherChoice, rademacher } from "./rademacher.ts";
import { sure } from "./sure.ts";

export interface AppliedRules {
  choices: Record<RuleName, RuleChoice | null>;
  reasons: Partial<Record<RuleName, string>>;
  rademacher: RademacherChoice | null;
  cv: CvChoice | null;
}

export function applyRules(
  prepared: PreparedProblem,
  cv: CvChoice | null,
  { sigma, norm, decay }: { sigma: number; norm: number; decay: DecayFit },
): AppliedRules {
  const { problem, spectrum, rho, path, etaPerStep, maxSteps } = prepared;
  const { n, outputs, truth, f0 } = problem;
  const { values, vectors } = spectrum;
  const reasons: AppliedRules["reasons"] = {};
  /** The choice if nothing speaks against it. */
  const unless = <T>(name: RuleName, reason: string | false, choose: () => T): T | null => {
    if (reason === false) return choose();
    reasons[name] = reason;
    return null;
  };
  const diverges = etaPerStep * values[0] > 2 && "the step size is above 2/λ₁: gradient descent diverges";
  const basis = { vectors, coefficients: rho, beyond: null };

  const rademacherChoice = unless(
    "rademacher",
    sigma === 0 && norm === 0 && "there is neither noise nor anything left to learn",
    () => rademacher({ values, n, outputs, stepSize: etaPerStep, sigma, norm, maxSteps }),
  );
  const choices: AppliedRules["choices"] = {
    rademacher: rademacherChoice,
    discrepancy: unless("discrepancy", diverges, () => discrepancy(path, sigma)),
    smoothed_discrepancy: unless("smoothed_discrepancy", diverges, () =>
      smoothedDiscrepancy(path, sigma, smoothingDecay(decay)),
    ),
    sure: unless("sure", diverges, () => sure(path, sigma)),
    gcv: unless("gcv", diverges, () => gcv(path)),
    loo: unless("loo", diverges, () => loo(path, basis)),
    cv,
    holdout: problem.holdout
      ? holdout(path, basis, problem.holdout, n, outputs)
      : unless("holdout", "no texts were kept aside", () => null),
    oracle: truth
      ? oracle(
          path,
          project(
            vectors,
            truth.map((value, i) => value - f0[i]),
          ),
          sigma,
        )
      : unless("oracle", "the true function is not known", () => null),
  };
  if (!cv) reasons.cv = "cross-validation needs at least two examples";
  return { choices, reasons, rademacher: rademacherChoice, cv };
}
