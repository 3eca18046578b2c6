/**
 * How much of a prediction is the draw of its fresh head: the same study under heads of other seeds. Of a kernel under a head V,
 * Θ = δ_cc′(φ·φ′ + 1) + v_cᵀ M v_c′ (src/ntk/mixed.ts), the first part is the same for every head and the second is not; f₀ = V φ is
 * another as well. Cost: a prediction for each head.
 */
import { CallError, complaint } from "../errors.ts";
import type { TrainingCurves } from "../theory/index.ts";
import type { StudyInputs } from "./inputs.ts";
import type { StudyRecord } from "./record.ts";

export type HeadSpread = NonNullable<StudyRecord["heads"]>;

/** Of one head. */
export interface HeadResult {
  seed: number;
  kernel: Float64Array; // Θ, the same size for all
  largestEigenvalue: number; // λ₁ of Θ/n
  rademacherStep: number | null;
  answerStep: number;
  curves: TrainingCurves; // at the same steps for all
}

/** The inputs with a Gaussian head of another seed. */
export function withHeadOf(inputs: StudyInputs, seed: number): StudyInputs {
  const { readout, model, classes } = inputs;
  checkHeads(readout);
  const { pool, head_scale: scale } = readout;
  const tangent = model.readout({
    ...{ kind: "head", init: "gaussian", outputs: classes.length, seed },
    pool: pool as "mean" | "last" | "first",
    scale: scale ?? undefined,
  });
  return { ...inputs, tangent };
}

/** @throws CallError for a readout that is no Gaussian head: nothing about it is drawn */
export function checkHeads({ kind, init }: { kind: string; init?: string | null }): void {
  if (kind === "head" && init === "gaussian") return;
  const got = kind === "head" ? `--head ${init}` : `--readout ${kind}`;
  throw new CallError(complaint("--heads", "a fresh Gaussian head, which is drawn", got, "--head gaussian"));
}

/** Kernels are summed one by one, so that not all are held. */
export function startSpread() {
  const results: Omit<HeadResult, "kernel" | "curves">[] = [];
  let [sum, squares] = [new Float64Array(0), new Float64Array(0)];
  let curves: Pick<HeadSpread, "train_loss" | "test_loss"> | null = null;
  return {
    add({ kernel, curves: own, ...result }: HeadResult): void {
      if (results.length === 0) {
        [sum, squares] = [new Float64Array(kernel.length), new Float64Array(kernel.length)];
      }
      results.push(result);
      kernel.forEach((value, k) => {
        sum[k] += value;
        squares[k] += value ** 2;
      });
      curves = {
        train_loss: widen(curves?.train_loss, own.train_loss),
        test_loss: own.test_loss && widen(curves?.test_loss ?? undefined, own.test_loss),
      };
    },
    /** At least two heads. */
    spread(): HeadSpread {
      const H = results.length;
      let [variance, size] = [0, 0];
      sum.forEach((total, k) => {
        variance += Math.max(0, squares[k] - total ** 2 / H) / (H - 1);
        size += (total / H) ** 2;
      });
      return {
        seeds: results.map(({ seed }) => seed),
        largest_eigenvalue: results.map(({ largestEigenvalue }) => largestEigenvalue),
        rademacher_step: results.map(({ rademacherStep }) => rademacherStep),
        answer_step: results.map(({ answerStep }) => answerStep),
        kernel_deviation: Math.sqrt(variance / size),
        ...curves!,
      };
    },
  };
}

/** [least, largest] at every step, with one curve more; one that diverges stays a number, as JSON has no other. */
function widen(range: [number[], number[]] | undefined, more: readonly number[]): [number[], number[]] {
  const curve = more.map((value) => Math.min(value, Number.MAX_VALUE));
  if (!range) return [curve, [...curve]];
  const [least, largest] = range;
  return [
    least.map((value, k) => Math.min(value, curve[k])),
    largest.map((value, k) => Math.max(value, curve[k])),
  ];
}
