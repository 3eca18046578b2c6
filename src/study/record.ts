/** The record of a study: everything a report shows, every number with its unit in the name. Schema: record.schema.json. */
import type { KernelKind, OutputChoice } from "../ntk/index.ts";
import type { StopAnalysis } from "../theory/types.ts";
import type { Confirmation } from "./confirmation.ts";

export const RECORD_VERSION = 1;

export interface StudyRecord {
  version: typeof RECORD_VERSION;
  created: string; // ISO 8601
  command: string; // what was typed, or "library"
  seed: number;
  environment: {
    ntkit: string;
    runtime: string; // "node 24.21.0"
    platform: string; // "linux x64"
    backend: string;
    workers: number;
    wasm_target: string; // "simd"
    seconds: Record<string, number>; // by stage
  };
  data: {
    source: string;
    test_source: string | null;
    text_column: string;
    label_column: string;
    classes: string[];
    n_train: number;
    n_test: number;
    train_per_class: number[];
    test_per_class: number[];
    longest_tokens: number;
    truncated_texts: number;
    truncated_tokens: number;
    fingerprint: string;
    warnings: string[];
  };
  checkpoint: {
    source: string;
    architecture: string;
    parameters: number;
    parameters_by_group: Record<string, number>;
    fingerprint: string;
  };
  readout: {
    kind: "head" | "prompt" | "checkpoint";
    init: string | null; // "gaussian", "zero", "probe"
    head_scale: number | null; // s of a Gaussian head's variance s²/d
    pool: string | null;
    template: string | null;
    label_words: string[] | null;
    calibrated: boolean;
    /** Of a probe: its ridge penalty, of least leave-one-out loss, and losses (1/2n)Σ‖f − y‖² of the head at step 0. */
    probe?: { penalty: number; loo_loss: number; train_loss: number };
    /** Of the stored classifier: what the checkpoint calls its outputs, and how labels were matched to them. */
    classifier?: { names: string[]; matched: "name" | "number" | "order" };
  };
  kernel: {
    kind: KernelKind;
    outputs: OutputChoice;
    parameters: string;
    size: number; // nC
    trace: number;
    mean_diagonal: number;
    symmetric: boolean;
    negative_mass: number; // Σ|λ<0| / Σ|λ|
    groups: Record<string, number> | null; // share of the trace
  };
  spectrum: {
    eigenvalues: number[]; // of Θ/n, largest first
    trace: number;
    method: string;
    largest_residual: number; // max ‖Av − λv‖ / λ₁
    residual_energy: number[]; // (u_iᵀ r)² / ‖r‖², same order
  };
  prediction: StopAnalysis;
  /** Predicted losses L(t) = (1/2n)Σ‖f_t − y‖² and accuracy at the steps given. test_* are null without test data. */
  curves: {
    step: number[];
    train_loss: number[];
    test_loss: number[] | null;
    train_accuracy: number[];
    test_accuracy: number[] | null;
  };
  /** The same prediction under other draws of the fresh head, the one of the record first; only where asked for. One entry a head. */
  heads?: {
    seeds: number[];
    largest_eigenvalue: number[]; // λ₁ of Θ/n
    rademacher_step: (number | null)[]; // T̂
    answer_step: number[];
    kernel_deviation: number; // √(Σ_ij Var Θ_ij) / ‖mean Θ‖_F over heads
    /** [least, largest] over heads, at the steps of the curves. */
    train_loss: [number[], number[]];
    test_loss: [number[], number[]] | null;
  };
  /** A real run beside the prediction; only where one was made. */
  confirmation?: Confirmation;
  warnings: string[];
}
