/** Means, their standard errors, and paired differences: what tells a gain from noise. */

export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
}

/** Standard error of the mean; 0 for a single value. */
export function standardError(values: ArrayLike<number>): number {
  const K = values.length;
  if (K < 2) return 0;
  const centre = mean(values);
  let sum = 0;
  for (let i = 0; i < K; i++) sum += (values[i] - centre) ** 2;
  return Math.sqrt(sum / (K - 1) / K);
}

/** Mean of a − b with its paired standard error over examples. */
export function pairedDifference(a: Float64Array, b: Float64Array): { mean: number; standardError: number } {
  const difference = a.map((value, i) => value - b[i]);
  return { mean: mean(difference), standardError: standardError(difference) };
}
