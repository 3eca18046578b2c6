/**
 * From the options of a training run to the clock η of the theory: what one step adds, and how many steps make an epoch.
 *
 *   L = (1/2n) Σ‖f − y‖²                     η_t = αt
 *   mean-squared error without the ½, averaged over C outputs     η_t = 2αt/C
 *   minibatches of b                         each step still adds α; E epochs are E·n/b steps
 *   heavy-ball momentum m                    effective step α/(1 − m)
 *   step sizes that change                   the same factor on each α_s; η_t is their sum
 *
 * Adam has no scalar clock. Source: theory.md §1, [derived].
 */
import { CallError, complaint } from "../errors.ts";
import { requireInteger, requireNumber } from "./check.ts";
import { type StepSchedule, scaled } from "./schedule.ts";

export interface ClockInput {
  /** α > 0, the learning rate. */
  stepSize: number;
  /** m in [0, 1); default 0. */
  momentum?: number;
  /** b; default the full batch. */
  batchSize?: number;
  /** "half-sum" (default): ½‖f − y‖² averaged over examples; "mean": ‖f − y‖² averaged over examples and outputs. */
  loss?: "half-sum" | "mean";
  n: number;
  outputs: number;
}

export function trainingClock(input: ClockInput): { etaPerStep: number; stepsPerEpoch: number } {
  const where = "training clock";
  const { stepSize, momentum = 0, batchSize = input.n, loss = "half-sum", n, outputs } = input;
  requireNumber(where, "stepSize", stepSize, 0, true);
  requireNumber(where, "momentum", momentum, 0);
  requireInteger(where, "batchSize", batchSize, 1);
  if (momentum >= 1) throw new CallError(complaint(where, "momentum below 1", String(momentum)));
  const scale = loss === "mean" ? 2 / outputs : 1;
  return { etaPerStep: (scale * stepSize) / (1 - momentum), stepsPerEpoch: n / Math.min(batchSize, n) };
}

/**
 * The same for step sizes that change: α_s of each step in the clock of the theory, as every rule takes it, and steps an epoch.
 * @throws CallError for a wrong option
 */
export function trainingSchedule(input: Omit<ClockInput, "stepSize"> & { stepSize: StepSchedule }): {
  stepSize: StepSchedule;
  stepsPerEpoch: number;
} {
  const { stepSize } = input;
  const { etaPerStep: factor, stepsPerEpoch } = trainingClock({ ...input, stepSize: 1 });
  return { stepSize: scaled(stepSize, factor), stepsPerEpoch };
}
