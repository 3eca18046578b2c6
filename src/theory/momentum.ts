/**
 * Heavy-ball momentum in one eigendirection, exactly: θ_{t+1} = θ_t + v_{t+1}, v_{t+1} = m v_t − α ∇L(θ_t), v_0 = 0 (torch's SGD).
 *
 *   (S, w) ← (S − λ w′, w′),   w′ = m w + α S,   S_0 = 1, w_0 = 0       what is left of the residual
 *   (D, w) ← (D + w′, w′),     w′ = m w + α (1 − λ D),   D_0 = 0        D_t = (1 − S_t)/λ
 *
 * Both are powers of a 2 × 2 map, taken by squaring: exact for integer t, no case distinction at the double root
 * αλ = (1 − √m)², and full relative precision of D near λ = 0. Stable for αλ < 2(1 + m); beyond it |S_t| grows without bound.
 * The clock is η_t = αt/(1 − m) once the first few 1/(1 − m) steps are over (theory.md §1).
 * Source: Polyak 1964; the recursion is theory.md §1's gradient descent with a velocity [derived]. Cost: log₂ t squarings.
 */
import { CallError, complaint } from "../errors.ts";
import { requireNumber } from "./check.ts";
import { discreteFilters, type Filters } from "./filters.ts";

/** z ← M z + b, M = [[p, q], [r, s]]. */
interface Affine {
  p: number;
  q: number;
  r: number;
  s: number;
  b0: number;
  b1: number;
}

/** First coordinate of the t-th image of (x, y); ±Infinity, the sign that of an overshooting direction, where it overflows. */
function iterate(map: Affine, x: number, y: number, t: number): number {
  let { p, q, r, s, b0, b1 } = map;
  for (let left = t; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) [x, y] = [p * x + q * y + b0, r * x + s * y + b1];
    [b0, b1] = [p * b0 + q * b1 + b0, r * b0 + s * b1 + b1];
    [p, q, r, s] = [p * p + q * r, q * (p + s), r * (p + s), s * s + q * r];
  }
  if (Number.isFinite(x)) return x;
  return t % 2 === 0 ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
}

/**
 * @param stepSize α > 0
 * @param momentum m in [0, 1); 0 gives `discreteFilters(stepSize)`
 * @returns filters whose `stepSize` is the effective α/(1 − m), the clock's gain a step
 * @throws CallError for m outside [0, 1)
 */
export function momentumFilters(stepSize: number, momentum: number): Filters {
  const where = "momentumFilters";
  requireNumber(where, "stepSize", stepSize, 0, true);
  requireNumber(where, "momentum", momentum, 0);
  if (momentum >= 1) throw new CallError(complaint(where, "momentum below 1", String(momentum)));
  if (momentum === 0) return discreteFilters(stepSize);
  const [a, m] = [stepSize, momentum];
  const residual = (lambda: number, t: number) => {
    if (!(lambda > 0) || t === 0) return 1;
    if (t === Number.POSITIVE_INFINITY) return a * lambda < 2 * (1 + m) ? 0 : Number.POSITIVE_INFINITY;
    return iterate({ p: 1 - a * lambda, q: -lambda * m, r: a, s: m, b0: 0, b1: 0 }, 1, 0, t);
  };
  const dual = (lambda: number, t: number) => {
    if (t === 0) return 0;
    if (t === Number.POSITIVE_INFINITY) return lambda > 0 ? (1 - residual(lambda, t)) / lambda : 0;
    const y = a * Math.max(0, lambda);
    const found = iterate({ p: 1 - y, q: m, r: -y, s: m, b0: a, b1: a }, 0, 0, t);
    // 1 − S overflows with the other sign
    return Number.isFinite(found) ? found : -found;
  };
  return {
    kind: "momentum",
    stepSize: a / (1 - m),
    clock: (t) => (a / (1 - m)) * t,
    residual,
    learned: (lambda, t) => (lambda > 0 ? lambda * dual(lambda, t) : 0),
    dual,
  };
}
