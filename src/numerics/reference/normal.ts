/**
 * Φ(x), the share of a standard normal below x, in float64 (Abramowitz and Stegun, 26.2.11 and 26.2.14):
 *
 *   |x| < 3:   Φ = ½ + φ(x)·Σ_n x^{2n+1}/(1·3·…·(2n+1))
 *   beyond:    Φ(−x) = φ(x)/(x + 1/(x + 2/(x + 3/(x + …)))), so that the tail keeps its digits
 */
export function normalDistribution(x: number): number {
  if (Number.isNaN(x)) return x;
  const size = Math.abs(x);
  const density = Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
  if (size < 3) {
    let term = x;
    let sum = x;
    for (let odd = 3; Math.abs(term) > 1e-17 * Math.abs(sum); odd += 2) {
      term *= (x * x) / odd;
      sum += term;
    }
    return 0.5 + density * sum;
  }
  let rest = size;
  for (let k = 80; k > 0; k--) rest = size + k / rest;
  const tail = density / rest;
  return x < 0 ? tail : 1 - tail;
}
