/**
 * Is there anything in the labels? The smallest cross-validated error over a grid of steps, against the same number for targets
 * that were dealt to the texts at random. If labels do not depend on texts, the true deal is one of these deals, so
 *
 *   p = (1 + #{permuted ≤ observed}) / (1 + permutations)
 *
 * is at most a with probability a: no distributional assumption, the search over steps and the shared training sets of the folds
 * included. An offset common to all texts (a fresh head, unequal classes) is learnt equally well from permuted targets and does
 * not count as learning. Folds were stratified by label, so targets move only within folds and between folds of equal size, which
 * keeps the label counts of every fold as they are.
 * Source: Fisher's exact test by random deals, (1 + #)/(1 + permutations): Phipson & Smyth 2010 [recalled]; that it is valid here [derived].
 * Cost: (N_sub² + N_held·N_sub·steps) · permutations per fold: less than the fold's eigendecomposition.
 */
import { matmul } from "../numerics/index.ts";
import { randomStream } from "../random.ts";
import type { Filters } from "./filters.ts";
import type { FoldPath, FoldProblem } from "./foldPath.ts";

export interface LuckTest {
  /** Steps compared. */
  steps: number[];
  observed: number; // smallest cross-validated error over `steps`
  permuted: Float64Array; // the same for each permutation
  p: number;
  /**
   * The smallest p that could have come out, given the deals that cannot be told from the true one: every text has its own target
   * again, or all classes have changed names. 1 for equal targets.
   */
  floor: number;
}

/** Relative difference of two errors that counts as none. */
const TIE = 1e-10;

/** 0 and a grid to `last` in which neighbours differ by a factor of about 1.6. */
function luckSteps(last: number): number[] {
  const steps = [0];
  for (let t = 1; t < last; t = Math.ceil(t * 1.6)) steps.push(t);
  if (last > 0) steps.push(last);
  return steps;
}

/** (n) whose targets each example gets: within folds, and folds of equal size exchanged. */
function deal(foldOf: Int32Array, folds: number, shuffle: <T>(items: readonly T[]) => T[]): Int32Array {
  const members: number[][] = Array.from({ length: folds }, () => []);
  foldOf.forEach((fold, i) => {
    members[fold].push(i);
  });
  const bySize = new Map<number, number[]>();
  members.forEach(({ length }, fold) => {
    bySize.set(length, [...(bySize.get(length) ?? []), fold]);
  });
  const source = new Int32Array(foldOf.length);
  for (const group of bySize.values()) {
    const exchanged = shuffle(group);
    group.forEach((fold, g) => {
      const from = shuffle(members[exchanged[g]]);
      members[fold].forEach((example, k) => {
        source[example] = from[k];
      });
    });
  }
  return source;
}

/** Collects the test fold by fold, while each fold's eigenvectors are at hand. */
export function luckTest(
  problem: FoldProblem,
  foldOf: Int32Array,
  folds: number,
  options: { permutations: number; last: number; seed: number; filters: Filters },
): { add(path: FoldPath): void; result(): LuckTest } {
  const { n, outputs: C, targets, f0 } = problem;
  const { permutations, filters } = options;
  const { shuffle } = randomStream(options.seed);
  const steps = luckSteps(options.last);
  const own = Int32Array.from({ length: n }, (_, i) => i);
  const deals = [own, ...Array.from({ length: permutations }, () => deal(foldOf, folds, shuffle))];
  const P = deals.length;
  const sums = new Float64Array(steps.length * P);

  /** (rows × P) targets of `rows` under every deal. */
  const dealt = (rows: Int32Array) => {
    const out = new Float64Array(rows.length * P);
    for (let k = 0; k < rows.length; k++) {
      const example = Math.floor(rows[k] / C);
      for (let p = 0; p < P; p++) out[k * P + p] = targets[deals[p][example] * C + (rows[k] % C)];
    }
    return out;
  };

  return {
    add({ heldRows, restRows, values, vectors, projected }) {
      const M = values.length;
      const residual = dealt(restRows);
      for (let k = 0; k < M; k++) for (let p = 0; p < P; p++) residual[k * P + p] -= f0[restRows[k]];
      const rho = matmul(vectors, residual, { m: M, k: M, n: P });
      const held = dealt(heldRows);
      const rows = heldRows.length;
      const weighted = new Float64Array(projected.length);
      steps.forEach((t, s) => {
        const dual = values.map((value) => filters.dual(value, t));
        for (let h = 0, at = 0; h < rows; h++) {
          for (let j = 0; j < M; j++, at++) weighted[at] = projected[at] * dual[j];
        }
        const moved = matmul(weighted, rho, { m: rows, k: M, n: P });
        for (let h = 0, at = 0; h < rows; h++) {
          const start = f0[heldRows[h]];
          for (let p = 0; p < P; p++, at++) sums[s * P + p] += 0.5 * (start + moved[at] - held[at]) ** 2;
        }
      });
    },
    result() {
      const smallest = new Float64Array(P).fill(Number.POSITIVE_INFINITY);
      for (let s = 0; s < steps.length; s++) {
        for (let p = 0; p < P; p++) {
          if (sums[s * P + p] < smallest[p]) smallest[p] = sums[s * P + p];
        }
      }
      for (let p = 0; p < P; p++) smallest[p] /= n;
      const permuted = smallest.subarray(1);
      // equal sums in another order differ by round-off: those are ties, and ties count against learning
      const bound = smallest[0] * (1 + TIE);
      let atMost = 0;
      let ties = 0;
      for (const value of permuted) {
        if (value <= bound) atMost++;
        if (Math.abs(value - smallest[0]) <= TIE * smallest[0]) ties++;
      }
      return {
        steps,
        observed: smallest[0],
        permuted,
        p: (1 + atMost) / (1 + permutations),
        floor: (1 + ties) / (1 + permutations),
      };
    },
  };
}
