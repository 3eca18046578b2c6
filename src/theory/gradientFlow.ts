/**
 * Gradient flow of a linearised model for any convex loss, cross-entropy above all: gradient descent in the limit of small steps,
 *
 *   f_η = f₀ + Θ(·, X) c_η,   dc/dη = −(1/n) ∇ℓ(f_η(X)) − μ c,   c_0 = 0
 *
 * read at any clocks η = αt, integrated with error control on f(X) (dormandPrince.ts), with weight decay μ towards θ₀.
 * With μ > 0 there is a limit at η = ∞ for every convex loss, found by convexLimit.ts with a proved error. Without, only the
 * squared loss has one (gradientDescentMse): cross-entropy goes on growing on labels that can be told apart.
 * Source: theory.md §1 [derived]. Cost: 7 products N² a step; about ηλ₁/3 steps at least, 3 for each factor e of progress before.
 */
import { CallError, complaint } from "../errors.ts";
import type { LongOptions } from "../progress.ts";
import { requireNumber } from "./check.ts";
import { convexLimit } from "./convexLimit.ts";
import { advance, type Field, type WalkState } from "./dormandPrince.ts";
import { applyRows, kernelSize } from "./eigenbasis.ts";
import { type LossGradient, lossGradient, requireProblem } from "./gradientDescent.ts";
import type { CrossInput } from "./path.ts";

export interface GradientFlowInput extends LongOptions {
  kernel: Float64Array; // (N × N) Θ(X, X)
  n: number;
  targets: Float64Array; // (N)
  f0: Float64Array; // (N)
  /** Convex in f; default "mse", ½‖f − y‖². */
  loss?: "mse" | "ce" | LossGradient;
  /** η to report, rising, each ≥ 0; the last may be Infinity where weightDecay is above 0. */
  clocks: readonly number[];
  /** μ ≥ 0, towards θ₀; default 0. */
  weightDecay?: number;
  /** Error allowed in one step, in units of 1 + |f|, root mean square over outputs; default 1e-8. */
  tolerance?: number;
  /** Steps, rejected ones included, after which the call gives up; default 100 000. */
  maxSteps?: number;
  test?: CrossInput;
  /** Where an earlier call with the same problem ended. */
  state?: FlowState;
}

/** All that the rest of the walk depends on: `y` is (N) c. */
export type FlowState = WalkState;

export interface GradientFlow {
  train: Float64Array[]; // (N) f(X) at each of `clocks`
  test: Float64Array[] | null; // (M) f(x) at each of `clocks`
  dual: Float64Array[]; // (N) c at each of `clocks`
  /** The start of the step that holds the last finite clock: put in, the walk goes on with the same numbers. */
  state: FlowState;
  steps: number; // taken by this call
  rejected: number;
}

const breathe = () => new Promise<void>((resolve) => setTimeout(resolve, 0));
const BETWEEN_BREATHS = 50;

/** @throws CallError for a wrong shape or option or where maxSteps do not do, DataError for NaN in the data */
export async function gradientFlow(input: GradientFlowInput): Promise<GradientFlow> {
  const where = "gradientFlow";
  const { kernel, n, targets, f0, clocks, test, weightDecay = 0, signal, onProgress } = input;
  const { tolerance = 1e-8, maxSteps = 100_000 } = input;
  const N = kernelSize(where, kernel, n);
  requireProblem(where, input, N);
  requireNumber(where, "tolerance", tolerance, 0, true);
  requireClocks(where, clocks, input.state?.time ?? 0, weightDecay);
  const gradient = lossGradient(input.loss);
  const field = flowField({ kernel, n, targets, f0, gradient, weightDecay, tolerance });

  const found: GradientFlow = {
    train: [],
    test: test ? [] : null,
    dual: [],
    ...start(field, N, input.state),
  };
  const report = (c: Float64Array) => {
    found.dual.push(c);
    found.train.push(applyRows(kernel, c, f0));
    if (test) found.test?.push(applyRows(test.cross, c, test.f0));
  };
  const finite = clocks.filter(Number.isFinite);
  const last = finite.at(-1) ?? 0;
  let next = 0;
  for (; finite[next] === found.state.time; next++) report(Float64Array.from(found.state.y));
  while (next < finite.length) {
    if (found.steps + found.rejected >= maxSteps) {
      throw new CallError(
        complaint(
          where,
          `to reach η = ${last} in ${maxSteps} steps`,
          `η = ${found.state.time}`,
          "a larger maxSteps or tolerance, or gradientDescent",
        ),
      );
    }
    if (found.steps % BETWEEN_BREATHS === 0) {
      onProgress?.({ stage: "gradient flow", done: found.state.time, total: last });
      await breathe();
      signal?.throwIfAborted();
    }
    const leg = advance(field, found.state);
    if (!leg) {
      throw new CallError(
        complaint(
          where,
          "a gradient that can be followed",
          `one that jumps or is not finite near η = ${found.state.time}`,
          "a smooth convex loss",
        ),
      );
    }
    found.steps++;
    found.rejected += leg.rejected;
    for (; finite[next] <= leg.to.time; next++) report(leg.at(finite[next]));
    if (next < finite.length) found.state = leg.to;
  }
  if (clocks.length > finite.length) {
    const limit = await convexLimit({ ...input, weightDecay, gradient, tolerance, maxSteps });
    for (let k = finite.length; k < clocks.length; k++) report(Float64Array.from(limit));
  }
  return found;
}

function requireClocks(where: string, clocks: readonly number[], from: number, weightDecay: number): void {
  let previous = from;
  for (const eta of clocks) {
    if (!(eta >= previous)) {
      throw new CallError(complaint(where, "clocks in rising order", `${eta} after ${previous}`));
    }
    previous = eta;
  }
  if (previous === Number.POSITIVE_INFINITY && !(weightDecay > 0)) {
    throw new CallError(
      complaint(
        where,
        "weightDecay above 0 for a limit at η = ∞",
        String(weightDecay),
        "gradientDescentMse for the squared loss; cross-entropy alone may have no limit",
      ),
    );
  }
}

function start(field: Field, N: number, state?: FlowState) {
  if (!state) {
    const y = new Float64Array(N);
    return { state: { time: 0, y, slope: field.slope(y), step: 0 }, steps: 0, rejected: 0 };
  }
  if (state.y.length !== N || state.slope.length !== N) {
    throw new CallError(complaint("gradientFlow", `a state of ${N} numbers`, `${state.y.length}`));
  }
  return { state, steps: 0, rejected: 0 };
}

/** The flow as a field on c, with errors measured in f(X). */
function flowField(of: {
  kernel: Float64Array;
  n: number;
  targets: Float64Array;
  f0: Float64Array;
  gradient: LossGradient;
  weightDecay: number;
  tolerance: number;
}): Field {
  const { kernel, n, targets, f0, gradient, weightDecay, tolerance } = of;
  const N = f0.length;
  const none = new Float64Array(N);
  const allowed = f0.map((f) => tolerance * (1 + Math.abs(f)));
  const size = (inOutputs: Float64Array) => {
    let sum = 0;
    for (let i = 0; i < N; i++) sum += (inOutputs[i] / allowed[i]) ** 2;
    return Math.sqrt(sum / N);
  };
  return {
    slope(c) {
      const g = gradient(applyRows(kernel, c, f0), targets, N / n);
      return g.map((value, i) => -value / n - weightDecay * c[i]);
    },
    error: (error) => size(applyRows(kernel, error, none)),
    // a hundredth of the time in which the outputs would move by 1 + |f|, and short beside the decay
    firstStep(_, slope) {
      const speed = tolerance * size(applyRows(kernel, slope, none)) + weightDecay;
      return speed > 0 ? 0.01 / speed : 1;
    },
  };
}
