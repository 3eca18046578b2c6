/**
 * What t steps do to one eigendirection of K̂ = Θ/n with eigenvalue λ.
 *
 *   S_t       share of the residual that is left:   (1 − αλ)^t,  or exp(−ηλ) for gradient flow with η = αt
 *   1 − S_t   share learnt
 *   (1−S_t)/λ weight in the dual coefficients c_t = (1/n) U [(1−S_t)/λ] Uᵀr, with the limit η_t at λ = 0
 *
 * Near λ = 0 the three keep full relative precision (log1p, expm1). λ ≤ 0 is round-off of 0: nothing is learnt there.
 * At t = ∞ the dual weight is 1/λ, and 0 at λ = 0: the pseudo-inverse.
 * With momentum: momentum.ts; with weight decay: weightDecay.ts. Source: theory.md §1, §4 [derived]. Cost: one exponential each.
 */

export interface Filters {
  readonly kind: "discrete" | "flow" | "momentum" | "schedule";
  /** Gain of the clock η in one step: α, or α/(1 − m) with momentum; the largest of a schedule. */
  readonly stepSize: number;
  /** η_t. */
  clock(t: number): number;
  /** S_t. */
  residual(lambda: number, t: number): number;
  /** 1 − S_t. */
  learned(lambda: number, t: number): number;
  /** (1 − S_t)/λ. */
  dual(lambda: number, t: number): number;
  /** For many λ at once: what depends on λ alone is done first, then −log S_t is written for any t; NaN where S_t may be ≤ 0. */
  exponents?(values: ArrayLike<number>): (t: number, out: Float64Array) => void;
}

/** log1p(−y)/(−y) for 0 ≤ y < 1; 1 at 0. */
const logRatio = (y: number) => (y === 0 ? 1 : Math.log1p(-y) / -y);
/** (1 − e^(−x))/x for x ≥ 0; 1 at 0, 0 at ∞. */
export const expRatio = (x: number) =>
  x === 0 ? 1 : x === Number.POSITIVE_INFINITY ? 0 : -Math.expm1(-x) / x;

/** Gradient descent with constant step α: S_t = (1 − αλ)^t, exact for integer t ≥ 0. */
export function discreteFilters(stepSize: number): Filters {
  /** −log S_t for αλ < 1. */
  const exponent = (y: number, t: number) => -t * Math.log1p(-y);
  const residual = (lambda: number, t: number) => {
    const y = stepSize * lambda;
    if (!(y > 0) || t === 0) return 1;
    if (y < 1) return Math.exp(-exponent(y, t));
    if (y === 1) return 0;
    if (t === Number.POSITIVE_INFINITY) return y < 2 ? 0 : Number.POSITIVE_INFINITY;
    const size = (y - 1) ** t;
    return t % 2 === 0 ? size : -size;
  };
  const learned = (lambda: number, t: number) => {
    const y = stepSize * lambda;
    return y > 0 && y < 1 && t > 0 ? -Math.expm1(-exponent(y, t)) : 1 - residual(lambda, t);
  };
  return {
    kind: "discrete",
    stepSize,
    clock: (t) => stepSize * t,
    residual,
    learned,
    dual(lambda, t) {
      const y = stepSize * lambda;
      if (t === 0) return 0;
      if (!(lambda > 0)) return t === Number.POSITIVE_INFINITY ? 0 : stepSize * t;
      if (t === Number.POSITIVE_INFINITY || y >= 1) return learned(lambda, t) / lambda;
      return stepSize * t * logRatio(y) * expRatio(exponent(y, t));
    },
    exponents(values) {
      const logs = Float64Array.from(values, (lambda) => {
        const y = stepSize * Math.max(0, lambda);
        return y < 1 ? Math.log1p(-y) : Number.NaN;
      });
      return (t, out) => {
        for (let i = 0; i < logs.length; i++) out[i] = -t * logs[i];
      };
    },
  };
}

/** Gradient flow read at η = αt: S = exp(−ηλ). The limit of small steps; t may be any number ≥ 0. */
export function flowFilters(stepSize: number): Filters {
  const clock = (lambda: number, t: number) => (lambda > 0 && t > 0 ? stepSize * t * lambda : 0);
  return {
    kind: "flow",
    stepSize,
    clock: (t) => stepSize * t,
    residual: (lambda, t) => Math.exp(-clock(lambda, t)),
    learned: (lambda, t) => -Math.expm1(-clock(lambda, t)),
    dual(lambda, t) {
      if (t === Number.POSITIVE_INFINITY) return lambda > 0 ? 1 / lambda : 0;
      return stepSize * t * expRatio(clock(lambda, t));
    },
    exponents: (values) => (t, out) => {
      for (let i = 0; i < values.length; i++) out[i] = clock(values[i], t);
    },
  };
}

/** Below this exponent S_t is 1 + expm1(−x) without loss; above it exp(−x) has no leading digits to lose. */
const HALF = Math.LN2;

/**
 * S_t and 1 − S_t of a whole spectrum at once, to the last bit or two. The arrays are reused from call to call.
 * Cost: one exponential a direction and step.
 */
export function spectrumFilters(
  filters: Filters,
  values: Float64Array,
): (t: number) => { left: Float64Array; learned: Float64Array } {
  const write = filters.exponents?.(values) ?? ((_: number, out: Float64Array) => out.fill(Number.NaN));
  const left = new Float64Array(values.length);
  const learned = new Float64Array(values.length);
  let at = Number.NaN;
  return (t) => {
    if (t === at) return { left, learned };
    at = t;
    if (t === 0) {
      left.fill(1);
      learned.fill(0);
      return { left, learned };
    }
    write(t, left);
    for (let i = 0; i < left.length; i++) {
      const x = left[i];
      if (x <= HALF) {
        learned[i] = -Math.expm1(-x);
        left[i] = 1 - learned[i];
      } else if (x > HALF) {
        left[i] = Math.exp(-x);
        learned[i] = 1 - left[i];
      } else {
        left[i] = filters.residual(values[i], t);
        learned[i] = filters.learned(values[i], t);
      }
    }
    return { left, learned };
  };
}

/** ηλ/(1 + ηλ): the share kernel ridge regression with penalty 1/η learns [derived]. */
export function ridgeFilter(lambda: number, eta: number): number {
  return lambda > 0 && eta > 0 ? lambda / (lambda + 1 / eta) : 0;
}

/**
 * (1 − S_t) / (ηλ/(1 + ηλ)): gradient descent against the ridge of the same clock η. In [1, 1.2984256…] for gradient flow,
 * in [1, 2] for discrete steps with αλ ≤ 1; 1 at λ = 0 [derived].
 */
export function filterRatio(filters: Filters, lambda: number, t: number): number {
  if (!(lambda > 0) || t === 0) return 1;
  const dual = filters.dual(lambda, t);
  return dual * lambda + dual / filters.clock(t);
}
