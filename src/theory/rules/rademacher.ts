/**
 * The stopping time T̂ of the theory (stoppingTime.ts) as a rule: right in rate, conservative in its constant. With C outputs it
 * is applied to the nC × nC kernel with N = nC in place of n: eigenvalues λ/C of Θ/N on the clock Cη, so that S_t is the same.
 * `rademacherByOutput` applies it to each output's own n × n block instead.
 * Source: the rule [paper: authors' code, arXiv:2412.01120]; N = nC, the forms and S_t unchanged [derived]; theory.md §2. That it is
 * conservative was seen, not proved (docs/simulation.md). Cost: one sort of the eigenvalues.
 */
import { requireInteger, requireLength, requireNumber } from "../check.ts";
import { decompose, kernelSize } from "../eigenbasis.ts";
import { submatrix } from "../foldPath.ts";
import { DEFAULT_MAX_STEPS, type StepSchedule, scaled, stepClock } from "../schedule.ts";
import { type StoppingInput, stoppingTimeBounds } from "../stoppingTime.ts";
import { type RuleChoice, tooWide } from "./choice.ts";
import type { RunInput, StoppingChoice } from "./input.ts";

export interface RademacherInput {
  /** (N) of Θ/n, or the largest k. */
  values: ArrayLike<number>;
  /** tr Θ/n; with the largest k only. */
  trace?: number;
  n: number;
  outputs: number;
  /** What one step adds to the clock of Θ/n, or what each does. */
  stepSize: StepSchedule;
  sigma: number;
  norm: number;
  maxSteps: number;
}

export interface RademacherChoice extends RuleChoice {
  /** ε̂² of Θ/N, on the clock of Θ/N: with one output that of Θ/n. */
  criticalRadiusSquared: number;
  /** T̂ at σ/B doubled and halved. */
  interval: [number, number];
}

/** The same rule, seen as stoppingTime's input: eigenvalues of Θ/N and the clock of Θ/N. */
export function radiusInput(input: RademacherInput): StoppingInput {
  const { values, trace, n, outputs: C, stepSize, sigma, norm, maxSteps } = input;
  return {
    eigenvalues: Float64Array.from(values, (value) => value / C),
    trace: trace === undefined ? undefined : trace / C,
    n: n * C,
    sigma,
    norm,
    stepSize: scaled(stepSize, C),
    maxSteps,
  };
}

const NOTE =
  "Right in rate, deliberately conservative in its constant: it stops early rather than late, and is not the empirical optimum.";

export function rademacher(input: RademacherInput): RademacherChoice {
  const { maxSteps } = input;
  const asked = radiusInput(input);
  const [early, late] = stoppingTimeBounds(asked);
  const exact = early.step === late.step;
  const at = (factor: number) => stoppingTimeBounds({ ...asked, sigma: factor * input.sigma });
  const around = [at(2)[0].step, at(0.5)[1].step];
  const capped = (step: number) => (Number.isFinite(step) ? step : maxSteps);
  const found = { criticalRadiusSquared: early.criticalRadiusSquared };
  const interval: [number, number] = [capped(around[0]), capped(around[1])];
  const truncation = exact
    ? undefined
    : {
        steps: [capped(early.step), capped(late.step)] as [number, number],
        criterion: early.criticalRadiusSquared - late.criticalRadiusSquared,
      };
  if (!Number.isFinite(early.step)) {
    const why =
      early.criticalRadiusSquared === 0
        ? "With σ = 0 the rule never stops"
        : "The schedule ends before the rule stops it";
    return {
      step: maxSteps,
      reliability: "unreliable",
      note: `${why}; the largest step considered stands in. ${NOTE}`,
      ...found,
      interval: [interval[0], maxSteps],
    };
  }
  const wide = truncation && tooWide(truncation);
  return {
    step: early.step,
    reliability: wide ? "unreliable" : "conservative",
    note: [
      `${NOTE} With σ/B doubled it says ${around[0]}, halved ${around[1]}.`,
      ...(exact ? [] : [wide ?? "The eigenvalues end above ε̂²: the earliest step they allow."]),
    ].join(" "),
    ...found,
    interval,
    ...(truncation && { truncation }),
  };
}

export interface RademacherRuleInput extends RunInput {
  /** Of Θ/n: all N = n·outputs, or the largest k. */
  eigenvalues: ArrayLike<number>;
  /** tr Θ/n; with the largest k only. */
  trace?: number;
  n: number;
  outputs?: number; // default 1
  /** Noise of one target entry; RKHS norm of what is left to learn. */
  sigma: number;
  norm: number;
}

/**
 * T̂ on the nC × nC kernel, in steps, epochs and η. The k eigenvalues above ε̂² and the trace decide it exactly; with fewer, the earliest
 * step they allow, and `truncation` holds both ends.
 * @throws CallError for a wrong option, and where σ and B are both 0
 */
export function rademacherRule(input: RademacherRuleInput): StoppingChoice & RademacherChoice {
  const where = "rademacherRule";
  const { eigenvalues, outputs = 1, maxSteps, stepsPerEpoch = 1 } = input;
  requireInteger(where, "n", input.n, 1);
  requireInteger(where, "outputs", outputs, 1);
  requireNumber(where, "stepsPerEpoch", stepsPerEpoch, 0, true);
  const clock = stepClock(where, input.stepSize, maxSteps);
  const last = maxSteps ?? (clock.constant === null ? clock.last : DEFAULT_MAX_STEPS);
  const choice = rademacher({ ...input, values: eigenvalues, outputs, maxSteps: last });
  return { ...choice, epochs: choice.step / stepsPerEpoch, eta: clock.eta(choice.step) };
}

/**
 * T̂ of each output alone, from its own block Θ_cc (n × n), as if the outputs shared nothing: one eigendecomposition of n an output.
 * Stops at the first: `step` is the least of them.
 * @param input.kernel (nC × nC) Θ, row = example·C + output
 * @param input.norm B of each output, or one for all
 * @throws CallError for a wrong shape or option, DataError for NaN in the kernel
 */
export async function rademacherByOutput(
  input: Omit<RademacherRuleInput, "eigenvalues" | "trace" | "norm" | "outputs"> & {
    kernel: Float64Array;
    outputs: number;
    norm: number | ArrayLike<number>;
  },
): Promise<{ step: number; byOutput: (StoppingChoice & RademacherChoice)[] }> {
  const where = "rademacherByOutput";
  const { kernel, n, outputs: C, norm } = input;
  requireInteger(where, "outputs", C, 1);
  const N = kernelSize(where, kernel, n);
  requireLength(where, "the kernel", kernel, (n * C) ** 2);
  if (typeof norm !== "number") requireLength(where, "norm", norm, C);
  const byOutput: (StoppingChoice & RademacherChoice)[] = [];
  for (let c = 0; c < C; c++) {
    const rows = Int32Array.from({ length: n }, (_, i) => i * C + c);
    const { values } = await decompose(submatrix(kernel, N, rows, rows), n);
    const own = typeof norm === "number" ? norm : norm[c];
    byOutput.push(rademacherRule({ ...input, eigenvalues: values, outputs: 1, norm: own }));
  }
  return { step: Math.min(...byOutput.map(({ step }) => step)), byOutput };
}
