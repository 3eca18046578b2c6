/**
 * The clock of an optimizer that has none: how far along the kernel path a real run has come, read from its training residuals.
 *
 * On the path the residual is r(η) = U exp(−ηΛ) Uᵀ r₀. The measured r_t = Y − f_t is set beside it:
 *
 *   η_t = argmin_η ‖r_t − r(η)‖²,    misfit_t = ‖r_t − r(η_t)‖ / ‖r_t − r₀‖
 *
 * misfit 0: the run is on the path; 1: no η explains more of its movement than standing still. A rate η per unit of schedule is
 * fitted through the first measured steps and says which step of this optimizer a stopping time of the theory is.
 * [derived; theory.md §1: Adam has no scalar clock, calibrate it from a few measured steps]. Cost: N a trial, some 200 trials a step.
 */
import { CallError, complaint } from "../errors.ts";
import { requireFinite, requireInteger, requireLength } from "./check.ts";
import { type KernelSpectrum, project, requireSpectrum } from "./eigenbasis.ts";

export interface ClockCalibration {
  step: number[];
  /** η_t of each measured step. */
  eta: number[];
  /** How much of the movement the path does not explain, 0 … 1. */
  misfit: number[];
  /** η per unit of `work`, least squares through 0. */
  etaPerUnit: number;
  /** ‖η_t − rate·work_t‖/‖η_t‖: 0 where the clock runs evenly. */
  unevenness: number;
}

/**
 * @param input.residuals (N) Y − f_t of each of `steps`; @param input.initial (N) Y − f_0
 * @param input.work what the schedule has spent by each step: the step itself at a constant rate, Σ of its factors else
 * @throws CallError for wrong shapes, DataError for NaN
 */
export function calibrateClock(input: {
  spectrum: KernelSpectrum;
  initial: Float64Array;
  steps: readonly number[];
  residuals: readonly Float64Array[];
  work?: readonly number[];
}): ClockCalibration {
  const where = "calibrateClock";
  const { spectrum, initial, steps, residuals, work = steps } = input;
  const N = initial.length;
  requireSpectrum(where, spectrum, N);
  requireFinite(where, "the initial residual", initial);
  if (steps.length === 0 || residuals.length !== steps.length || work.length !== steps.length) {
    throw new CallError(
      complaint(where, "a residual and its work for each step", `${residuals.length} for ${steps.length}`),
    );
  }
  const { values, vectors } = spectrum;
  if (!(values[0] > 0)) throw new CallError(complaint(where, "a kernel that is not 0", `λ₁ = ${values[0]}`));
  const rho0 = project(vectors, initial);
  const eta: number[] = [];
  const misfit: number[] = [];
  steps.forEach((step, k) => {
    requireInteger(where, "a step", step, 0);
    requireLength(where, "a residual", residuals[k], N);
    requireFinite(where, `the residual of step ${step}`, residuals[k]);
    const rho = project(vectors, residuals[k]);
    const apart = (at: number) => {
      let sum = 0;
      for (let i = 0; i < N; i++) sum += (rho[i] - Math.exp(-at * Math.max(0, values[i])) * rho0[i]) ** 2;
      return sum;
    };
    const moved = apart(0);
    const best = moved === 0 ? 0 : leastEta(apart, values[0]);
    eta.push(best);
    misfit.push(moved === 0 ? 0 : Math.sqrt(apart(best) / moved));
  });
  let [top, bottom] = [0, 0];
  work.forEach((w, k) => {
    top += w * eta[k];
    bottom += w * w;
  });
  const etaPerUnit = bottom > 0 ? top / bottom : 0;
  const size = Math.hypot(...eta);
  const unevenness = size > 0 ? Math.hypot(...eta.map((value, k) => value - etaPerUnit * work[k])) / size : 0;
  return { step: [...steps], eta, misfit, etaPerUnit, unevenness };
}

/** Grid in log η over twelve decades around 1/λ₁, then golden sections around the best; 0 where nothing beats it. */
function leastEta(apart: (eta: number) => number, largest: number): number {
  const at = (k: number) => 10 ** (k / 8 - 4) / largest;
  let best = -1;
  let least = apart(0);
  for (let k = 0; k <= 96; k++) {
    const value = apart(at(k));
    if (value < least) [best, least] = [k, value];
  }
  if (best < 0) return 0;
  const golden = (Math.sqrt(5) - 1) / 2;
  let [low, high] = [Math.log(at(best - 1)), Math.log(at(best + 1))];
  for (let i = 0; i < 60; i++) {
    const [a, b] = [high - golden * (high - low), low + golden * (high - low)];
    if (apart(Math.exp(a)) <= apart(Math.exp(b))) high = b;
    else low = a;
  }
  return Math.exp((low + high) / 2);
}
