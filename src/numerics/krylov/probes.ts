/**
 * Random vectors whose quadratic forms estimate a trace, and what their spread says of the mean.
 *
 * Signs ±1 in every coordinate: E zᵀ A z = tr A, with the least variance of independent coordinates, 2 Σ_{i≠j} a_ij² (Hutchinson, Commun.
 * Stat. Simul. 18, 1989). As many probes as coordinates buy the coordinate vectors themselves: then the sum is exact.
 */
import { CallError, complaint } from "../../errors.ts";
import { type RandomStream, randomStream } from "../../random.ts";

export interface Estimate {
  value: number;
  /** Standard deviation of `value` over other seeds, as the probes tell it; 0 where it is exact. */
  standardError: number;
}

export interface Probes {
  count: number;
  /** Coordinate vectors: the mean over probes is exact. */
  exact: boolean;
  /** (n) of length √n, so that the mean of zᵀ A z is the trace. Call with 0, 1, … in order. */
  vector(index: number): Float64Array;
}

/** `count` probes; the n coordinate vectors where count ≥ n. */
export function probes(where: string, name: string, n: number, count: number, seed: number): Probes {
  if (!Number.isInteger(count) || count < 2) {
    throw new CallError(complaint(where, `${name} to be a whole number, 2 or more`, `${count}`));
  }
  if (count >= n) {
    const vector = (index: number) => {
      const e = new Float64Array(n);
      e[index] = Math.sqrt(n);
      return e;
    };
    return { count: n, exact: true, vector };
  }
  const random = randomStream(seed);
  return { count, exact: false, vector: () => signs(random, n) };
}

/** (n) of ±1 */
export function signs(random: RandomStream, n: number): Float64Array {
  return Float64Array.from({ length: n }, () => (random.uniform() < 0.5 ? -1 : 1));
}

/** Mean of independent values and its standard error, s/√m. */
export function estimate(values: ArrayLike<number>, exact: boolean): Estimate {
  const m = values.length;
  if (m === 0) return { value: 0, standardError: 0 };
  let mean = 0;
  for (let i = 0; i < m; i++) mean += values[i] / m;
  let squares = 0;
  for (let i = 0; i < m; i++) squares += (values[i] - mean) ** 2;
  return { value: mean, standardError: exact ? 0 : Math.sqrt(squares / (m - 1) / m) };
}
