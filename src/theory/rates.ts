/**
 * The critical radius ε̂² and the rate in n that a fitted decay of the eigenvalues implies; the risk at T̂ follows ε̂² (≤ 12B²ε̂²).
 *
 *   λ_j = A j^(−a), a > 1    ε̂² = [4e²σ² a A^{1/a}/((a − 1) n B²)]^{a/(a+1)},   slope in log n: −a/(a + 1)          [derived]
 *   λ_j = A e^(−bj)          (log(A/ε̂²) + 1)/(b ε̂²) = n B²/(4e²σ²),             slope −1/(1 + 1/(log(A/ε̂²) + 1))   [derived]
 *   rank m, λ_m ≥ ε̂²         ε̂² = 4e²σ² m/(n B²) exactly,                       slope −1                            [derived]
 *
 * The first two hold where many eigenvalues lie above ε̂²: sums over j became integrals. The rates themselves, n^(−2β/(2β+1)) with
 * a = 2β, and (log n)^c/n: Raskutti, Wainwright & Yu, JMLR 15 (2014) [recalled]; 12B²: theory.md §3 [recalled].
 * Source: theory.md §2, §3. Cost: a fit's last line.
 */
import { CallError, complaint } from "../errors.ts";
import { requireNumber } from "./check.ts";
import type { DecayFit } from "./types.ts";

export interface DecayRadius {
  radiusSquared: number; // ε̂²
  /** d log ε̂² / d log n at this n. */
  slope: number;
}

/**
 * @param input.fit of the eigenvalues of K̂ = Θ/n (fitDecay)
 * @throws CallError where eigenvalues decay too slowly (a ≤ 1) or not at all, or n, σ, B are not above 0
 */
export function decayRadius(input: { fit: DecayFit; n: number; sigma: number; norm: number }): DecayRadius {
  const where = "decayRadius";
  const { fit, n, sigma, norm } = input;
  requireNumber(where, "n", n, 0, true);
  requireNumber(where, "sigma", sigma, 0, true);
  requireNumber(where, "norm", norm, 0, true);
  const M = n * (norm / (2 * Math.E * sigma)) ** 2;
  const { exponent } = fit;
  if (fit.model === "finite-rank") return { radiusSquared: exponent / M, slope: -1 };
  const [j, value] = [fit.fit.index[0], fit.fit.value[0]];
  if (fit.model === "polynomial" && exponent > 1) {
    const A = value * j ** exponent;
    const inner = (exponent * A ** (1 / exponent)) / ((exponent - 1) * M);
    return { radiusSquared: inner ** (exponent / (exponent + 1)), slope: -exponent / (exponent + 1) };
  }
  if (fit.model === "exponential" && exponent > 0) {
    const logA = Math.log(value) + exponent * j;
    // x = log(A/ε̂²) + 1 ≥ 1 solves x e^x = bMAe: Newton's steps from above on a convex function
    const goal = Math.log(exponent * M) + logA + 1;
    let x = Math.max(1, goal);
    for (let step = 0; step < 60; step++) x = Math.max(1, x - (Math.log(x) + x - goal) / (1 / x + 1));
    return { radiusSquared: Math.exp(logA + 1 - x), slope: -1 / (1 + 1 / x) };
  }
  throw new CallError(
    complaint(where, "eigenvalues that decay faster than 1/j", `${fit.model}, exponent ${exponent}`),
  );
}
