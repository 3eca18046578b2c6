/**
 * Which kernel: the inner product of gradients, and what becomes of the C × C blocks of outputs (theory.md §6).
 *   sgd         ⟨J, J′⟩
 *   signgd      ⟨sgn J, sgn J′⟩
 *   asymmetric  ⟨sgn J, J′⟩, the sign on the side of the training texts
 * sgn g = 0 where |g| ≤ τ·m, m the largest |g| of that example and output over all tensors of the model, chosen or not.
 * A reduction that is itself a gradient (pseudo, one output) is one cotangent of the backward pass instead of C.
 */
import { CallError, complaint } from "../errors.ts";

export type KernelKind = "sgd" | "signgd" | "asymmetric";

/**
 * full: C × C blocks; mean, sum: of the diagonal blocks K_cc; pseudo: of the gradient of Σ_c f_c/√C; a number: that output's K_cc.
 * All but `full` give one row an example.
 */
export type OutputChoice = "full" | "mean" | "sum" | "pseudo" | number;

export interface Variant {
  kernel: KernelKind;
  outputs: OutputChoice;
  /** τ. */
  deadZone: number;
  /** Functions whose gradients are taken: copies of the backward pass. */
  copies: number; // K
  /** (K × C): the functions, in terms of the outputs; null: the outputs themselves. */
  combinations: Float64Array | null;
  /** Kernel rows of an example: C, or 1. */
  rows: number;
  /** Products of a copy with itself alone, summed over copies and times `scale`. */
  diagonal: boolean;
  scale: number;
}

const KERNELS: readonly string[] = ["sgd", "signgd", "asymmetric"] satisfies KernelKind[];

/**
 * τ by precision (theory.md §6): wide enough that gradients that vanish analytically, an attention key bias, are zero. Their
 * round-off reaches 1e-7 m in float32.
 */
const DEAD_ZONE = { f32: 1e-6, f64: 1e-9 };

export interface VariantChoice {
  kernel?: KernelKind;
  outputs?: OutputChoice;
  deadZone?: number;
}

/** Throws a CallError for kinds there are not and outputs the model does not have. */
export function resolveVariant(
  { kernel = "sgd", outputs = "full", deadZone }: VariantChoice,
  C: number,
  precision: "f32" | "f64",
): Variant {
  if (!KERNELS.includes(kernel)) {
    throw new CallError(complaint("kernel", `one of ${KERNELS.join(", ")}`, JSON.stringify(kernel)));
  }
  if (deadZone !== undefined && !(deadZone >= 0 && deadZone < 1)) {
    throw new CallError(complaint("deadZone", "a share from 0 to below 1", String(deadZone)));
  }
  return { kernel, outputs, deadZone: deadZone ?? DEAD_ZONE[precision], ...reduction(outputs, C) };
}

type Reduction = Pick<Variant, "copies" | "combinations" | "rows" | "diagonal" | "scale">;

function reduction(outputs: OutputChoice, C: number): Reduction {
  const all = { copies: C, combinations: null, rows: 1, diagonal: true, scale: 1 };
  if (outputs === "full") return { ...all, rows: C, diagonal: false };
  if (outputs === "sum") return all;
  if (outputs === "mean") return { ...all, scale: 1 / C };
  const one = { copies: 1, rows: 1, diagonal: false, scale: 1 };
  if (outputs === "pseudo") return { ...one, combinations: new Float64Array(C).fill(1 / Math.sqrt(C)) };
  if (!(Number.isInteger(outputs) && outputs >= 0 && outputs < C)) {
    throw new CallError(
      complaint(
        "outputs",
        `full, mean, sum, pseudo or the number of an output from 0 to ${C - 1}`,
        JSON.stringify(outputs),
      ),
    );
  }
  const combinations = new Float64Array(C);
  combinations[outputs] = 1;
  return { ...one, combinations };
}
