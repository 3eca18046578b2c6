/** What `ntkit confirm` adds to a record: the measured run beside the predicted one. Losses as in the record: of one text. */
import type { RuleName } from "../theory/types.ts";

export type ConfirmedRule = RuleName | "path_cv" | "patience";

export interface RuleOutcome {
  step: number;
  /** Measured on the held-out texts where the real run was at that step; null without held-out texts. */
  test_loss: number | null;
  test_accuracy: number | null;
  /** test_loss over the least measured one, less 1. */
  regret: number | null;
  /** The rule would have gone on past the last step of the run: what is said is of that. */
  beyond_run: boolean;
}

export interface Confirmation {
  loss: "mse" | "ce";
  optimizer: "sgd" | "adamw";
  learning_rate: number;
  steps: number;
  curve: {
    step: number[];
    train_loss: number[];
    test_loss: number[] | null;
    /** Measured in the same run whatever loss it descends: −log softmax(f)_y of one text. */
    train_cross_entropy: number[];
    test_cross_entropy: number[] | null;
    train_accuracy: number[];
    accuracy: number[] | null;
    predicted_train_loss: number[];
    predicted_test_loss: number[] | null;
    predicted_accuracy: number[] | null;
  };
  /** Where the measured held-out loss is least. */
  best: { step: number; test_loss: number; test_accuracy: number } | null;
  rules: Record<ConfirmedRule, RuleOutcome | null>;
  /** Of the answer's rule. */
  regret: number | null;
  /** ‖Θ_t − Θ_0‖/‖Θ_0‖ where the answer stops (or at the last kernel before). */
  kernel_drift: number | null;
  /** ‖f_t − f_t^predicted‖/‖f_t − f_0‖ there, on held-out texts where there are. */
  linearisation_error: number;
  /** λ₁(t)/λ₁(0), the largest of the kernels taken. */
  largest_eigenvalue_ratio: number;
  /** The kernels taken along the run, the first at step 0. */
  retakes: {
    step: number;
    cosine: number;
    relative_change: number;
    largest_eigenvalue: number;
    speed: number | null; // α λ₁
    path_cv_step: number;
    /** The answer of the prediction made again from θ_step: steps of the whole run. */
    answer_again: number | null;
  }[];
  /** For an optimizer without a clock: η per unit of schedule, how even it runs, and what the path does not explain. */
  clock: { eta_per_unit: number; unevenness: number; misfit: number } | null;
  verdict: "held" | "drifted" | "failed";
  why: string;
  warnings: string[];
}
