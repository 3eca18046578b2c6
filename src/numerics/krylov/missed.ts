/**
 * Is anything of the wanted end of the spectrum missing? A starting vector shows one vector of each eigenspace, whatever its
 * multiplicity, so that a converged answer may lack copies. They would be orthogonal to the basis Q: eigenvalues of P A P, P = I − QᵀQ.
 *
 * A fresh random vector, uniform on the sphere ⟂ Q, and j steps of Lanczos with P A P, three rows at a time: nothing but the extreme
 * Ritz values is of interest, which lost orthogonality only repeats. With L = ln(1.648 √n / δ), for each end alike,
 *
 *   P[λ_max − θ_max > ε (λ_max − λ_min)] ≤ δ,   ε = (L / (2j − 1))²     (Kuczyński & Woźniakowski, SIAM J. Matrix Anal. Appl. 13(4), 1992)
 *
 * so no eigenvalue of P A P reaches the edge t of the answer when (t − θ_max) / (t − θ_min) ≥ ε / (1 − ε). What couples Q to its
 * complement moves that by at most Σ r_i² / (t − θ_i), the sum over the rows of Q that are not in the answer. Where the next
 * eigenvalue is at the edge itself (a cluster longer than k), no j is enough: then a Ritz pair converged to √tolerance decides, which a
 * copy further out would have had to do before.
 * Cost: j applications, 8 n j rows of Q; space 4 n. Where λ_k and the rows of Q leave a gap, j is 15 to 40.
 */
import type { RandomStream } from "../../random.ts";
import { eighTridiagonal } from "../dense/eighTridiagonal.ts";
import type { BlockLanczos } from "./blockLanczos.ts";
import { applyRows } from "./operator.ts";
import { dot, norm, orthogonalize, randomDirection } from "./orthogonalize.ts";
import { outermost, type Side } from "./wanted.ts";

/** δ: the chance to call an answer complete that is not. */
const FAILURE = 1e-9;
/** Share of the spread below which the next value counts as at the edge: above, the bound answers within some 120 applications. */
const AT_EDGE = 0.01;

export interface MissedOptions {
  random: RandomStream;
  /** Relative to ‖A‖. */
  tolerance: number;
  maxIterations: number;
  /** After every application. */
  pause(): Promise<void>;
}

/** `run` just compressed: its rows are Ritz vectors, those wanted among them. `undefined`: applications ran out. */
export async function anyMissed(
  run: BlockLanczos,
  sides: readonly Side[],
  options: MissedOptions,
): Promise<boolean | undefined> {
  const { operator, basis } = run;
  const n = operator.size;
  const left = n - basis.size;
  if (left === 0) return false;
  const edges = edgesOf(run, sides);
  const logarithm = Math.log((1.648 * Math.sqrt(left)) / FAILURE);
  const alpha: number[] = [];
  const beta: number[] = [];
  let before: Float64Array = new Float64Array(n);
  let q = randomDirection(options.random, n, basis);
  for (let j = 1, nextLook = 4; run.applications < options.maxIterations; j++) {
    const w = new Float64Array(n);
    await applyRows("lanczos", operator, q, w, 1, run.applications);
    run.applications += 1;
    await options.pause();
    run.norm = Math.max(run.norm, norm(w));
    const b = beta[j - 2] ?? 0;
    const a = dot(q, w);
    for (let i = 0; i < n; i++) w[i] -= a * q[i] + b * before[i];
    alpha.push(a);
    // Last, so that a short remainder is as orthogonal to Q as a long one: what is left of Q in it would count as missed.
    beta.push(orthogonalize(w, basis).remainder);
    const ended = j >= left || beta[j - 1] <= 10 * Math.sqrt(n) * Number.EPSILON * run.norm;
    if (ended || j >= nextLook) {
      nextLook = j + Math.max(1, j >> 3);
      const epsilon = (logarithm / (2 * j - 1)) ** 2;
      const slack = 2 * (options.tolerance * run.norm + run.dropped);
      const close = Math.sqrt(options.tolerance) * run.norm;
      const verdict = judge(edges, alpha, beta, { ended, epsilon, slack, close });
      if (verdict !== undefined) return verdict;
    }
    before = q;
    q = w.map((value) => value / beta[j - 1]);
  }
  return undefined;
}

interface Edge {
  sign: 1 | -1;
  /** sign · the innermost wanted value. */
  value: number;
  /** How far what couples Q to its complement may push an eigenvalue over the edge. */
  push: number;
}

function edgesOf(run: BlockLanczos, sides: readonly Side[]): Edge[] {
  const values = run.h.map((row, i) => row[i]);
  const wanted = new Set(outermost(values.length, sides));
  return sides.map(({ sign, count }) => {
    const value = sign * values[sign > 0 ? count - 1 : values.length - count];
    let push = 0;
    values.forEach((other, i) => {
      if (!wanted.has(i)) push += norm(run.coupling.map((row) => row[i])) ** 2 / (value - sign * other);
    });
    return { sign, value, push: Number.isNaN(push) ? 0 : push };
  });
}

function judge(
  edges: readonly Edge[],
  alpha: readonly number[],
  beta: readonly number[],
  { ended, epsilon, slack, close }: { ended: boolean; epsilon: number; slack: number; close: number },
): boolean | undefined {
  const { values, vectors } = eighTridiagonal(alpha, beta, "last");
  const last = values.length - 1;
  let complete = true;
  for (const { sign, value, push } of edges) {
    const outer = sign > 0 ? 0 : last;
    const top = sign * values[outer];
    const spread = value - sign * values[last - outer];
    if (top > value + slack) return true;
    const sure = epsilon < 1 && value - push - top > (spread * epsilon) / (1 - epsilon);
    const residual = Math.abs(beta[last] * vectors[outer]);
    const atEdge = value - push - top <= AT_EDGE * spread + slack;
    const same =
      atEdge && residual <= Math.min(close, 1e-3 * spread) + slack && top + residual <= value + slack;
    if (!sure && !same) complete = false;
  }
  return complete || ended ? false : undefined;
}
