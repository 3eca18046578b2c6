/**
 * How far a spectrum is from that of a positive semidefinite matrix. Kernels are Gram matrices, but products in float32 and estimates
 * leave eigenvalues slightly below zero. That is measured here and told; only who asks for it gets them set to 0. Cost n.
 */
import { CallError, complaint, DataError } from "../errors.ts";
import { powerScale } from "./dense/check.ts";

export interface PsdReport {
  /** Σ|λ<0| / Σ|λ|: 0 for a Gram matrix in exact arithmetic. */
  negativeMass: number;
  /** How many are below zero, noise and all. */
  negativeCount: number;
  /** −λ_min / λ₁ where λ_min < 0, else 0; ∞ where no eigenvalue is positive. */
  mostNegative: number;
  /** How many are above n ε max|λ|: what a backward stable solver can tell from 0. */
  rank: number;
  /** exp(−Σ p log p), p = λ / Σλ over λ > 0 (Roy & Vetterli, EUSIPCO 2007): between 1 and n; 0 where none is positive. */
  effectiveRank: number;
}

/** @param values (n) all eigenvalues, in any order. @throws DataError for NaN or infinity, by index. */
export function psdReport(values: ArrayLike<number>): PsdReport {
  let [least, most] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) {
      throw new DataError(complaint("psdReport", "finite eigenvalues", `${values[i]} at index ${i}`));
    }
    least = Math.min(least, values[i]);
    most = Math.max(most, values[i]);
  }
  const scale = powerScale(Math.max(most, -least)); // sums of scaled λ do not overflow
  const floor = values.length * Number.EPSILON * Math.max(most, -least) * scale;
  let [negative, positive, negativeCount, rank] = [0, 0, 0, 0];
  for (let i = 0; i < values.length; i++) {
    const value = values[i] * scale;
    if (values[i] < 0) {
      negative -= value;
      negativeCount++;
    } else positive += value;
    if (value > floor) rank++;
  }
  let entropy = 0;
  for (let i = 0; i < values.length; i++) {
    const p = (values[i] * scale) / positive;
    if (p > 0) entropy -= p * Math.log(p);
  }
  return {
    negativeMass: negative === 0 ? 0 : negative / (negative + positive),
    negativeCount,
    mostNegative: least === 0 ? 0 : -least / most,
    rank,
    effectiveRank: positive === 0 ? 0 : Math.exp(entropy),
  };
}

/** Share of the absolute spectrum that lies below zero: Σ|λ<0| / Σ|λ|; 0 where all are 0. */
export function negativeMass(values: ArrayLike<number>): number {
  return psdReport(values).negativeMass;
}

/**
 * A copy with everything below `floor` (0 or more; default 0) set to it.
 * @throws CallError for a floor that is negative or not a number.
 */
export function clampSpectrum(values: Float64Array, floor = 0): Float64Array {
  if (!(floor >= 0)) throw new CallError(complaint("clampSpectrum", "a floor of 0 or more", `${floor}`));
  return values.map((value) => Math.max(value, floor));
}
