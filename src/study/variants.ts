/**
 * Which kernels a training run can be read from. The theory is of outputs that move by f ← f − α K̂ (f − Y) with K̂ symmetric:
 * the full kernel, or one kernel that all outputs share, Θ ≈ K ⊗ I (the mean of the diagonal blocks, or the pseudo-NTK, which
 * stands for Θ in wide networks: Mohamadi et al. 2023). A kernel of signs is read as kernel regression (Malladi et al. 2023).
 */
import { CallError, complaint } from "../errors.ts";
import {
  columnOf,
  type KernelBlocks,
  type KernelKind,
  type OpenedKernel,
  type OutputChoice,
} from "../ntk/index.ts";

export interface KernelChoice {
  kernel?: KernelKind;
  outputs?: OutputChoice;
}

/** Throws a CallError, before any work, for kernels that no prediction can be read from. */
export function checkPredictable({ kernel, outputs = "full" }: KernelChoice): void {
  if (kernel === "asymmetric") {
    throw new CallError(
      complaint(
        "--kernel",
        "a symmetric kernel (sgd or signgd): the rules are read from its eigenvalues",
        "asymmetric",
        "ntkit kernel --kernel asymmetric, for the matrix itself",
      ),
    );
  }
  if (outputs === "sum" || typeof outputs === "number") {
    throw new CallError(
      complaint(
        "--outputs",
        "full, mean or pseudo, which stand for all outputs",
        String(outputs),
        outputs === "sum"
          ? "mean: the sum is as many times too large as there are outputs"
          : `ntkit kernel --outputs ${outputs}, then ntkit stop, for that output alone`,
      ),
    );
  }
}

/** K (m × n) of one row an example → K ⊗ I_C, (m·C × n·C), row = example·C + output. */
export function spreadOverOutputs(kernel: Float64Array, n: number, outputs: number): Float64Array {
  const side = n * outputs;
  const whole = new Float64Array(kernel.length * outputs ** 2);
  kernel.forEach((value, at) => {
    const [i, j] = [Math.floor(at / n), at % n];
    for (let c = 0; c < outputs; c++) whole[(i * outputs + c) * side + j * outputs + c] = value;
  });
  return whole;
}

interface Matrix {
  data: Float64Array;
  shape: number[];
}

/** A store's kernel of one output, with that output's column of targets and outputs; any other as it is. */
export function ofItsOutput<M extends { kernel: OpenedKernel; targets?: Matrix; f0?: Matrix }>(choice: M): M {
  const { kernel } = choice;
  const outputs = kernel.manifest?.options.outputs;
  if (outputs === "sum") {
    throw new CallError(
      complaint("ntkit stop", "a kernel that stands for the outputs", "a sum over them", "--outputs mean"),
    );
  }
  if (typeof outputs !== "number") return choice;
  const one = (matrix: Matrix | undefined) => matrix && columnOf(matrix, outputs);
  const own = { targets: one(kernel.targets), f0: one(kernel.f0) };
  const test = { targetsTest: one(kernel.targetsTest), f0Test: one(kernel.f0Test) };
  return {
    ...choice,
    targets: one(choice.targets),
    f0: one(choice.f0),
    kernel: { ...kernel, ...own, ...test, outputs: 1 },
  };
}

/** The kernels that move the outputs: (nC × nC) and (n_test·C × nC). */
export function learningKernels({ n, outputs, rows, train, cross }: KernelBlocks) {
  if (rows === outputs) return { train, cross };
  return {
    train: spreadOverOutputs(train, n, outputs),
    cross: cross && spreadOverOutputs(cross, n, outputs),
  };
}

/** What a reader of the prediction should know of its kernel. */
export function variantWarnings({ kernel, outputs }: KernelChoice): string[] {
  const warnings: string[] = [];
  if (kernel === "signgd") {
    warnings.push(
      "The kernel is of gradient signs (SignGD, a stand-in for Adam): curves are those of kernel regression on it, and a step of the real optimizer has no exact place on their clock.",
    );
  }
  if (outputs === "mean" || outputs === "pseudo") {
    warnings.push(
      `One kernel (${outputs === "mean" ? "the mean of the outputs' own kernels" : "pseudo-NTK: of the sum of the outputs over √C"}) stands for all outputs; what one output learns from another is left out.`,
    );
  }
  return warnings;
}
