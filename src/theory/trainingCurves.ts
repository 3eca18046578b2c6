/**
 * Predicted losses and accuracies of gradient descent at many steps at once.
 * Loss L(t) = (1/2n) Σ ‖f_t(x_i) − y_i‖² on training and on test texts alike.
 * Accuracy: the largest output against the largest target; with one output, the side of the middle of the training targets.
 * The cross kernel is projected on the eigenbasis once (M·N²); each step then costs N² + M·N.
 * Where the step size is too large and the path has overflowed, the loss is Infinity. Source: theory.md §1 [derived].
 */

import { requireFinite, requireInteger, requireLength, requireNumber } from "./check.ts";
import { accuracy, middleOf } from "./classes.ts";
import {
  applyRows,
  expand,
  type KernelSpectrum,
  project,
  projectRows,
  requireSpectrum,
} from "./eigenbasis.ts";
import { discreteFilters } from "./filters.ts";

export interface CurvesInput {
  /** Eigenbasis of Θ/n. */
  spectrum: KernelSpectrum;
  n: number;
  outputs: number; // C; N = n·C
  targets: Float64Array; // (n × C)
  f0: Float64Array; // (n × C)
  /** What one step adds to the clock η. */
  etaPerStep: number;
  steps: readonly number[];
  test?: {
    cross: Float64Array; // (m·C × N) Θ(x, X)
    targets: Float64Array; // (m × C)
    f0: Float64Array; // (m × C)
  };
}

export interface TrainingCurves {
  step: number[];
  train_loss: number[];
  train_accuracy: number[];
  test_loss: number[] | null; // null without test texts
  test_accuracy: number[] | null;
}

/** (1/2n) Σ (f − y)²; Infinity where f has overflowed. */
function halfMeanSquare(f: Float64Array, y: Float64Array, n: number): number {
  let sum = 0;
  for (let i = 0; i < f.length; i++) sum += (f[i] - y[i]) ** 2;
  return Number.isNaN(sum) ? Number.POSITIVE_INFINITY : sum / (2 * n);
}

/** @throws CallError for a wrong shape or option, DataError for NaN in the data */
export function trainingCurves(input: CurvesInput): TrainingCurves {
  const where = "trainingCurves";
  const { spectrum, n, outputs: C, targets, f0, etaPerStep, steps, test } = input;
  requireInteger(where, "n", n, 1);
  requireInteger(where, "outputs", C, 1);
  const N = n * C;
  requireSpectrum(where, spectrum, N);
  requireLength(where, "targets", targets, N);
  requireLength(where, "f0", f0, N);
  requireNumber(where, "etaPerStep", etaPerStep, 0, true);
  const { values, vectors } = spectrum;
  const rho = project(
    vectors,
    targets.map((y, i) => y - f0[i]),
  );
  const filters = discreteFilters(etaPerStep);
  const middle = middleOf(targets);

  let rows: Float64Array | undefined;
  if (test) {
    requireLength(where, "the test targets", test.targets, test.f0.length);
    requireLength(where, "the cross kernel", test.cross, test.f0.length * N);
    requireFinite(where, "the cross kernel", test.cross);
    rows = projectRows(test.cross, vectors, N);
  }
  const curves: TrainingCurves = {
    step: [...steps],
    train_loss: [],
    train_accuracy: [],
    test_loss: test ? [] : null,
    test_accuracy: test ? [] : null,
  };
  for (const t of steps) {
    requireInteger(where, "a step", t, 0);
    const left = expand(
      vectors,
      rho.map((value, i) => filters.residual(values[i], t) * value),
    );
    const f = targets.map((y, i) => y - left[i]);
    curves.train_loss.push(halfMeanSquare(f, targets, n));
    curves.train_accuracy.push(accuracy(f, targets, C, middle));
    if (test && rows) {
      const w = rho.map((value, i) => (filters.dual(values[i], t) * value) / n);
      const g = applyRows(rows, w, test.f0);
      curves.test_loss?.push(halfMeanSquare(g, test.targets, test.f0.length / C));
      curves.test_accuracy?.push(accuracy(g, test.targets, C, middle));
    }
  }
  return curves;
}
