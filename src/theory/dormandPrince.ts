/**
 * y′ = F(y), integrated with error control: the embedded Runge–Kutta pair of orders 5 and 4 of Dormand and Prince (1980), the last
 * stage of a step being the first of the next, with the continuous extension of order 4 of Shampine (Hairer, Nørsett & Wanner,
 * Solving Ordinary Differential Equations I, II.5, II.6) [recalled; the tests measure both orders].
 *
 * Steps are chosen by the error alone, never by the times asked for: those are read off the extension. So the numbers at a time do
 * not depend on what other times were asked for, and a walk that is resumed from its state is the walk that went on.
 * A step of size h is accepted where error(h) ≤ 1; next h ← h · min(5, max(0.2, 0.9 error^(−1/5))).
 * Cost: 6 evaluations of F a step and one of the error; explicit, so steps stay below about 3.3/(largest rate of decay of F).
 */

/** Everything the next step depends on. */
export interface WalkState {
  time: number;
  y: Float64Array;
  slope: Float64Array; // F(y)
  step: number; // h to try next; 0 where none was tried yet
}

export interface Field {
  /** F(y). */
  slope(y: Float64Array): Float64Array;
  /** Size of an error vector of a step from y to `next`, in units of what is allowed. */
  error(error: Float64Array, y: Float64Array, next: Float64Array): number;
  /** h for the first step. */
  firstStep(y: Float64Array, slope: Float64Array): number;
}

export interface Leg {
  from: WalkState;
  to: WalkState;
  /** y(time) for times between from and to. */
  at(time: number): Float64Array;
  /** Steps tried and thrown away before this one. */
  rejected: number;
}

const A = [
  [1 / 5],
  [3 / 40, 9 / 40],
  [44 / 45, -56 / 15, 32 / 9],
  [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729],
  [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656],
  [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84],
];
/** Weights of order 5 minus those of order 4. */
const E = [71 / 57600, 0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40];
const D = [
  -12715105075 / 11282082432,
  0,
  87487479700 / 32700410799,
  -10690763975 / 1880347072,
  701980252875 / 199316789632,
  -1453857185 / 822651844,
  69997945 / 29380423,
];

/** y + h Σ a_j k_j. */
function combine(y: Float64Array, h: number, a: readonly number[], k: readonly Float64Array[]): Float64Array {
  const out = Float64Array.from(y);
  a.forEach((weight, j) => {
    if (weight === 0) return;
    const scale = h * weight;
    for (let i = 0; i < out.length; i++) out[i] += scale * k[j][i];
  });
  return out;
}

/** One accepted step; null where h has to fall below what the clock can resolve. */
export function advance(field: Field, from: WalkState): Leg | null {
  const { time, y, slope } = from;
  let h = from.step > 0 ? from.step : field.firstStep(y, slope);
  const zero = new Float64Array(y.length);
  for (let rejected = 0; ; rejected++) {
    if (!(time + h > time)) return null;
    const k = [slope];
    let next = y;
    for (const a of A) {
      next = combine(y, h, a, k);
      k.push(field.slope(next));
    }
    const error = field.error(combine(zero, h, E, k), y, next);
    const factor = error === 0 ? 5 : Math.min(5, Math.max(0.2, 0.9 * error ** -0.2));
    if (!(error <= 1)) {
      h *= Number.isFinite(error) ? factor : 0.2;
      continue;
    }
    const to = { time: time + h, y: next, slope: k[6], step: h * factor };
    return { from, to, rejected, at: extension(from, to, k) };
  }
}

/** The continuous extension: y at both ends, F at both ends, and one more combination of the stages. */
function extension(from: WalkState, to: WalkState, k: readonly Float64Array[]) {
  const h = to.time - from.time;
  return (time: number): Float64Array => {
    if (time === from.time) return Float64Array.from(from.y);
    if (time === to.time) return Float64Array.from(to.y);
    const x = (time - from.time) / h;
    const quartic = combine(new Float64Array(from.y.length), h, D, k);
    return from.y.map((value, i) => {
      const rise = to.y[i] - value;
      const bend = h * k[0][i] - rise;
      const turn = rise - h * k[6][i] - bend;
      return value + x * (rise + (1 - x) * (bend + x * (turn + (1 - x) * quartic[i])));
    });
  };
}
