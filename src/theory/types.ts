/** What a stopping analysis says: the JSON of `ntkit stop`, and `prediction` in a record. Names as in the interface. */

export type RuleName =
  | "rademacher"
  | "discrepancy"
  | "smoothed_discrepancy"
  | "sure"
  | "gcv"
  | "loo"
  | "cv"
  | "holdout"
  | "oracle";

export type Verdict = "stop" | "train-to-the-end" | "nothing-to-learn" | "unreliable";

export interface RuleResult {
  step: number;
  epochs: number;
  eta: number;
  reliability: "reliable" | "conservative" | "unreliable";
  /** A word on when to trust it, and why it is flagged where it is. */
  note: string;
}

export interface CrossValidationResult extends RuleResult {
  one_standard_error_step: number;
  folds: number;
  /** Held-out ½‖·‖² per text at the steps of `curve.step`, with its standard error over folds. */
  curve: { step: number[]; error: number[]; standard_error: number[] };
}

export interface Assumption {
  name: string;
  status: "holds" | "doubtful" | "fails" | "not-checked";
  value: number | string | null;
  note: string;
}

export interface DecayFit {
  model: "polynomial" | "exponential" | "finite-rank";
  /** λ_j ~ j^(−exponent) for polynomial; rate for exponential; rank for finite-rank. */
  exponent: number;
  interval: [number, number];
  /** "n^(-0.67)": the rate of the risk in the number of labels that the decay implies. */
  rate_in_n: string;
  /** Fitted eigenvalues at `index` (1-based), for the picture. */
  fit: { index: number[]; value: number[] };
  bic: Record<string, number>;
}

/** 95 % intervals of steps. */
export interface StepUncertainty {
  /** Of σ and of B: 0 where they are given, null where nothing is known of their spread. */
  sigma_standard_error: number | null;
  norm_standard_error: number | null;
  /** T̂ over both; null without T̂ or without one of the two. */
  rademacher_interval_steps: [number, number] | null;
  /** Each rule that reads a spectrum, over resampled examples at the σ and B above; null where not asked for. */
  bootstrap: {
    samples: number;
    interval_steps: Partial<
      Record<"rademacher" | "discrepancy" | "smoothed_discrepancy" | "sure" | "gcv", [number, number]>
    >;
  } | null;
}

export interface StopAnalysis {
  answer: {
    rule: RuleName;
    step: number;
    epochs: number;
    interval_steps: [number, number];
    verdict: Verdict;
    why: string;
  };
  n: number;
  outputs: number;
  /** η gained by one step, in the clock of K̂ = Θ/n. */
  eta_per_step: number;
  steps_per_epoch: number;
  max_steps: number;
  sigma: number;
  sigma_source: string;
  norm: number;
  norm_source: string;
  /** Records from before it was there have none. */
  uncertainty?: StepUncertainty;
  /** ε̂² of Θ/N, N = n·outputs (with one output, of Θ/n). */
  critical_radius_squared: number;
  rules: Record<Exclude<RuleName, "cv">, RuleResult | null> & { cv: CrossValidationResult | null };
  /** Why a rule is null. */
  rule_reasons: Partial<Record<RuleName, string>>;
  /** Ridge penalty 1/η at T̂, in the units of Θ/n; where T̂ = 0, of the critical radius. */
  ridge_equivalent: number;
  /** 2/λ₁ of Θ/n: bound on η_per_step. */
  max_learning_rate: number;
  /** d(η) at T̂. */
  effective_dimension: number;
  decay: DecayFit;
  /** In-sample, exact for the plugged-in g and σ (or for the true ones, where given). */
  risk: { step: number[]; bias2: number[]; variance: number[]; total: number[]; source: string };
  assumptions: Assumption[];
}
