/**
 * The door of the rules that read a spectrum: what a caller gives, checked, as a path; and a choice in steps, epochs and η.
 * With k eigenvalues: τ = tr K̂ − Σ λ_i must fit into N − k eigenvalues of at most λ_k, and E = ‖r‖² − Σ ρ_i² must not be below 0 [derived].
 * Source: theory.md §1, §2. Cost: a sort, where they come unsorted.
 */
import { CallError, complaint, DataError } from "../../errors.ts";
import { requireFinite, requireInteger, requireLength, requireNumber } from "../check.ts";
import type { Filters } from "../filters.ts";
import { DEFAULT_MAX_STEPS, type StepSchedule, stepClock } from "../schedule.ts";
import { clockFilters } from "../scheduleFilters.ts";
import type { RuleChoice } from "./choice.ts";
import { type Rest, type RulePath, rulePath } from "./path.ts";

export interface RunInput {
  /** α of one step in the clock of Θ/n (`trainingClock`), or α_s of every step. */
  stepSize: StepSchedule;
  /** The last step considered; default 10000, or the length of the schedule. */
  maxSteps?: number;
  /** Default 1: full batch. */
  stepsPerEpoch?: number;
}

export interface SpectrumRuleInput extends RunInput {
  /** Of Θ/n, in the order of `coefficients`: all N = n·outputs, or the largest k. */
  eigenvalues: ArrayLike<number>;
  /** (k) u_iᵀ r, r = Y − f₀(X). */
  coefficients: ArrayLike<number>;
  n: number;
  outputs?: number; // default 1
  /** tr Θ/n; with the largest k only. Without it the eigenvalues not given count as 0. */
  trace?: number;
  /** ‖r‖²; with the largest k only. */
  squaredNorm?: number;
}

/** A rule's answer alone: in steps, epochs and η. */
export interface StoppingChoice extends RuleChoice {
  epochs: number;
  eta: number;
}

/** Part of a total that a remainder may differ from 0 by: round-off of a sum. */
const ROUND_OFF = 1e-12;
/** How far the trace may ask for more than N − k copies of λ_k: kernels summed in float32. */
const SLACK = 1e-5;

export function runFilters(where: string, run: RunInput): { filters: Filters; maxSteps: number } {
  const clock = stepClock(where, run.stepSize, run.maxSteps);
  const asked = run.maxSteps ?? DEFAULT_MAX_STEPS;
  requireInteger(where, "maxSteps", asked, 1);
  requireNumber(where, "stepsPerEpoch", run.stepsPerEpoch ?? 1, 0, true);
  return {
    filters: clockFilters(clock),
    maxSteps: Math.min(run.maxSteps ?? Math.min(asked, clock.last), clock.last),
  };
}

/** Throws where gradient descent with these steps does not converge. */
function requireStable(where: string, filters: Filters, largest: number): void {
  if (filters.stepSize * largest <= 2) return;
  throw new CallError(
    complaint(
      where,
      `step sizes up to 2/λ₁ = ${(2 / largest).toPrecision(4)}`,
      `${filters.stepSize}: gradient descent diverges`,
      "a smaller learning rate",
    ),
  );
}

/** @throws CallError for a wrong shape, option or a diverging run; DataError for NaN and for a trace that k eigenvalues cannot have */
export function ruleInput(where: string, input: SpectrumRuleInput): RulePath {
  const { eigenvalues, coefficients, n, outputs = 1, trace, squaredNorm } = input;
  requireInteger(where, "n", n, 1);
  requireInteger(where, "outputs", outputs, 1);
  const N = n * outputs;
  const k = eigenvalues?.length ?? 0;
  if (k === 0 || k > N) {
    throw new CallError(complaint(where, `1 to ${N} eigenvalues (n·outputs)`, `${k}`));
  }
  requireLength(where, "coefficients", coefficients, k);
  requireFinite(where, "eigenvalues", eigenvalues);
  requireFinite(where, "coefficients", coefficients);
  const order = Uint32Array.from({ length: k }, (_, i) => i);
  let sorted = true;
  for (let i = 1; i < k && sorted; i++) sorted = eigenvalues[i] <= eigenvalues[i - 1];
  if (!sorted) order.sort((a, b) => eigenvalues[b] - eigenvalues[a]);
  const values = new Float64Array(k);
  const rho = new Float64Array(k);
  let sum = 0;
  let square = 0;
  for (let i = k - 1; i >= 0; i--) {
    values[i] = Math.max(0, eigenvalues[order[i]]);
    rho[i] = coefficients[order[i]];
    sum += values[i];
    square += rho[i] ** 2;
  }
  if (!Number.isFinite(square) || !Number.isFinite(sum)) {
    throw new DataError(
      complaint(where, "sums in range", "eigenvalues or coefficients whose sum overflows", "other units"),
    );
  }
  const { filters, maxSteps } = runFilters(where, input);
  requireStable(where, filters, values[0]);
  let rest: Rest | null = null;
  if (k < N) {
    const energy = remainder(where, "squaredNorm", squaredNorm ?? Number.NaN, square);
    const left = trace === undefined ? 0 : remainder(where, "trace", trace, sum);
    const bound = values[k - 1];
    if (left > (N - k) * bound * (1 + SLACK)) {
      throw new DataError(
        complaint(
          where,
          `the ${k} largest eigenvalues`,
          `a trace that asks for eigenvalues above the smallest given, ${bound.toPrecision(4)}, in the other ${N - k}`,
          "the eigenvalues and the trace of the same matrix",
        ),
      );
    }
    rest = { count: N - k, trace: Math.min(left, (N - k) * bound), energy, bound };
  }
  return rulePath(values, rho, filters, maxSteps, rest);
}

/** What of a total is not in the part given; 0 where the difference is round-off. */
function remainder(where: string, name: string, total: number, part: number): number {
  requireNumber(where, name, total, 0);
  const left = total - part;
  if (left < -SLACK * total) {
    throw new DataError(complaint(where, `${name} of at least ${part.toPrecision(4)}`, total.toPrecision(4)));
  }
  return left <= ROUND_OFF * total ? 0 : left;
}

export function stated(choice: RuleChoice, filters: Filters, stepsPerEpoch = 1): StoppingChoice {
  return { ...choice, epochs: choice.step / stepsPerEpoch, eta: filters.clock(choice.step) };
}
