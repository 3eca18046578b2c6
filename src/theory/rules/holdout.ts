/**
 * Hold-out in kernel space: the error on texts kept aside, f_t(x) = f₀(x) + Θ(x, X) c_t exactly at every step, at its smallest.
 * Flagged where the gain over the pretrained point is within one paired standard error over the texts kept aside.
 * With the k largest eigenvectors only, (1 − S_t)/λ of the others lies between its values at λ_k and at 0, which bounds f_t(x) by
 * their part of Θ(x, X) and of r [derived].
 * Source: theory.md §2. Cost: M·N·k once (projection), then M·k per step looked at.
 */
import { requireFinite, requireLength } from "../check.ts";
import { applyRows, projectRows } from "../eigenbasis.ts";
import { pairedDifference } from "../paired.ts";
import { type Basis, type BasisRuleInput, basisInput } from "./basis.ts";
import { minimiseBracket, type RuleChoice, tooWide } from "./choice.ts";
import { type StoppingChoice, stated } from "./input.ts";
import type { Bracket, RulePath } from "./path.ts";

export interface Holdout {
  cross: Float64Array; // (m·C × N) Θ(X_val, X)
  targets: Float64Array; // (m × C)
  f0: Float64Array; // (m × C)
}

/** What the directions left out add to the rows of the cross kernel. */
interface BeyondRows {
  along: Float64Array; // (M) Θ(x, X) times the part of r outside
  size: Float64Array; // (M) norm of the part of Θ(x, X) outside
}

function beyondRows(cross: Float64Array, rows: Float64Array, beyond: Float64Array, k: number): BeyondRows {
  const N = beyond.length;
  const M = cross.length / N;
  const along = new Float64Array(M);
  const size = new Float64Array(M);
  for (let m = 0; m < M; m++) {
    let square = 0;
    for (let j = 0, at = m * N; j < N; j++, at++) {
      along[m] += cross[at] * beyond[j];
      square += cross[at] ** 2;
    }
    for (let i = 0, at = m * k; i < k; i++, at++) square -= rows[at] ** 2;
    size[m] = Math.sqrt(Math.max(0, square));
  }
  return { along, size };
}

/**
 * @param basis N or the k largest eigenvectors of Θ/n
 * @param n training examples, @param outputs C
 */
export function holdout(
  path: RulePath,
  { vectors, coefficients, beyond }: Basis,
  { cross, targets, f0 }: Holdout,
  n: number,
  outputs: number,
): RuleChoice {
  const { values, filters, rest, size: N } = path;
  const rows = projectRows(cross, vectors, N);
  const outside = rest && beyond && beyondRows(cross, rows, beyond, values.length);
  const m = f0.length / outputs;
  /** D of the rest: at λ = τ/m, and how far that may be off. */
  const restDual = (t: number) => {
    if (!rest) return { dual: 0, off: 0 };
    const dual = filters.dual(rest.trace / rest.count, t);
    const least = filters.stepSize * rest.bound <= 1 ? filters.dual(rest.bound, t) : 0;
    const most = rest.trace === 0 ? dual : filters.clock(t);
    return { dual, off: rest.trace === 0 ? 0 : Math.max(dual - least, most - dual) };
  };
  /** (M) f_t(x), and how far each may be off. */
  const predict = (t: number) => {
    const f = applyRows(
      rows,
      coefficients.map((rho, i) => (filters.dual(values[i], t) * rho) / n),
      f0,
    );
    if (!outside || !rest) return { f, off: null };
    const { dual, off } = restDual(t);
    for (let i = 0; i < f.length; i++) f[i] += (dual * outside.along[i]) / n;
    return { f, off: outside.size.map((size) => (off * size * Math.sqrt(rest.energy)) / n) };
  };
  const criterion = (t: number): Bracket => {
    const { f, off } = predict(t);
    const out = { low: 0, value: 0, high: 0 };
    for (let i = 0; i < f.length; i++) {
      const distance = Math.abs(f[i] - targets[i]);
      const spread = off ? off[i] : 0;
      out.low += Math.max(0, distance - spread) ** 2;
      out.value += distance ** 2;
      out.high += (distance + spread) ** 2;
    }
    return { low: out.low / (2 * m), value: out.value / (2 * m), high: out.high / (2 * m) };
  };
  const { step, truncation } = minimiseBracket(criterion, path);
  const errors = (t: number) => {
    const { f } = predict(t);
    const out = new Float64Array(m);
    for (let i = 0; i < f.length; i++) out[Math.floor(i / outputs)] += 0.5 * (f[i] - targets[i]) ** 2;
    return out;
  };
  const gain = pairedDifference(errors(0), errors(step));
  const doubts = [
    gain.mean <= gain.standardError &&
      "Here the gain over the pretrained point is within one standard error: these texts cannot tell the step.",
    truncation && tooWide(truncation),
  ].filter((doubt) => typeof doubt === "string");
  return {
    step,
    reliability: doubts.length > 0 ? "unreliable" : "reliable",
    note: [
      `Smallest error on ${m} texts kept aside; as fine as that number of texts allows.`,
      ...doubts,
    ].join(" "),
    ...(truncation && { truncation }),
  };
}

/**
 * The step with the smallest error on examples kept aside.
 * @param input.holdout their kernel against the training examples, targets and pretrained outputs
 * @throws as ruleInput: CallError for a wrong call, DataError for unfit numbers
 */
export function holdOut(input: BasisRuleInput & { holdout: Holdout }): StoppingChoice {
  const where = "holdOut";
  const { path, basis } = basisInput(where, input);
  const { n, outputs = 1, holdout: kept } = input;
  requireLength(where, "the hold-out kernel", kept.cross, kept.f0.length * n * outputs);
  requireLength(where, "the hold-out targets", kept.targets, kept.f0.length);
  requireLength(
    where,
    "the hold-out f0",
    kept.f0,
    outputs * Math.max(1, Math.round(kept.f0.length / outputs)),
  );
  for (const [name, array] of Object.entries(kept)) requireFinite(where, `the hold-out ${name}`, array);
  return stated(holdout(path, basis, kept, n, outputs), path.filters, input.stepsPerEpoch);
}
