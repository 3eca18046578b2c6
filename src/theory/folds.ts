/**
 * Folds for cross-validation: whole examples (all C outputs together), stratified by label, seeded.
 * Each class is shuffled and dealt to the folds in turn, the next class going on where the last one ended, so that fold sizes
 * and class counts differ by at most one.
 */
import { CallError, complaint } from "../errors.ts";
import { randomStream } from "../random.ts";

/**
 * Folds to use where the caller leaves it open: 10, fewer where a class has fewer than 10 examples (so that each fold can hold
 * one), but not below 5, and never more than n.
 */
export function defaultFolds(n: number, labels?: ArrayLike<number>): number {
  const counts = new Map<number, number>();
  if (labels) for (let i = 0; i < labels.length; i++) counts.set(labels[i], (counts.get(labels[i]) ?? 0) + 1);
  const smallest = Math.min(n, ...counts.values());
  return Math.min(n, 10, Math.max(5, smallest));
}

/**
 * @param folds K in 2 … n; K = n leaves one out
 * @returns (n) the fold of each example, 0 … K−1
 */
export function assignFolds(n: number, folds: number, seed: number, labels?: ArrayLike<number>): Int32Array {
  if (!Number.isInteger(folds) || folds < 2 || folds > n) {
    throw new CallError(complaint("cross-validation", `2 to ${n} folds for ${n} examples`, String(folds)));
  }
  const random = randomStream(seed);
  const classes = new Map<number, number[]>();
  for (let i = 0; i < n; i++) {
    const label = labels ? labels[i] : 0;
    const members = classes.get(label);
    if (members) members.push(i);
    else classes.set(label, [i]);
  }
  const foldOf = new Int32Array(n);
  let next = 0;
  for (const label of [...classes.keys()].sort((a, b) => a - b)) {
    for (const i of random.shuffle(classes.get(label) as number[])) {
      foldOf[i] = next;
      next = (next + 1) % folds;
    }
  }
  return foldOf;
}
