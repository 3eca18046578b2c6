/** QR by Householder reflections and orthogonal rows by one-sided Jacobi, one plain loop after the other. Golub & Van Loan §5.2, §8.6. */

/** Squares below this, relative to 1, count as zero. */
const NEGLIGIBLE_SQUARE = 2 ** -800;

/** Q (m×k, k = min(m, n)) and R (k×n) of a (m×n), entries about 1 or less. Cost 4 m n² − (4/3) n³. */
export function qr(a: Float64Array, m: number, n: number): { q: Float64Array; r: Float64Array } {
  const k = Math.min(m, n);
  const work = a.slice();
  const reflectors: { u: Float64Array; tau: number }[] = [];
  for (let j = 0; j < k; j++) {
    const u = new Float64Array(m);
    let tail = 0;
    for (let i = j + 1; i < m; i++) tail += work[i * n + j] ** 2;
    if (tail <= NEGLIGIBLE_SQUARE) continue;
    const alpha = work[j * n + j];
    const beta = alpha > 0 ? -Math.sqrt(alpha * alpha + tail) : Math.sqrt(alpha * alpha + tail);
    for (let i = j + 1; i < m; i++) u[i] = work[i * n + j] / (alpha - beta);
    u[j] = 1;
    const reflector = { u, tau: (beta - alpha) / beta };
    reflect(reflector, work, m, n);
    reflectors.push(reflector);
  }
  const r = new Float64Array(k * n);
  for (let i = 0; i < k; i++) for (let j = i; j < n; j++) r[i * n + j] = work[i * n + j];
  const q = new Float64Array(m * k);
  for (let i = 0; i < k; i++) q[i * k + i] = 1;
  for (const reflector of reflectors.reverse()) reflect(reflector, q, m, k);
  return { q, r };
}

/** x (m × columns) ← (I − τ u uᵀ) x. */
function reflect(
  { u, tau }: { u: Float64Array; tau: number },
  x: Float64Array,
  m: number,
  columns: number,
): void {
  for (let c = 0; c < columns; c++) {
    let inner = 0;
    for (let i = 0; i < m; i++) inner += u[i] * x[i * columns + c];
    for (let i = 0; i < m; i++) x[i * columns + c] -= tau * inner * u[i];
  }
}

/**
 * Rotates the n rows of x (n × width) in pairs until they are orthogonal in their first `length` entries, to ε √length times their lengths.
 * Cost 5 to 10 sweeps of n²/2 pairs.
 */
export function jacobiRows(x: Float64Array, n: number, length: number, width: number): void {
  const tolerance = Number.EPSILON * Math.sqrt(length);
  const inner = (p: number, q: number) => {
    let sum = 0;
    for (let i = 0; i < length; i++) sum += x[p * width + i] * x[q * width + i];
    return sum;
  };
  for (let sweep = 0, rotated = true; rotated; sweep++) {
    if (sweep === 60) throw new Error(`one-sided Jacobi did not converge (n = ${n})`);
    rotated = false;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        const [a, b, g] = [inner(p, p), inner(q, q), inner(p, q)];
        if (Math.min(a, b) <= NEGLIGIBLE_SQUARE || Math.abs(g) <= tolerance * Math.sqrt(a) * Math.sqrt(b)) {
          continue;
        }
        rotated = true;
        const zeta = (b - a) / (2 * g);
        const t = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta));
        const c = 1 / Math.sqrt(1 + t * t);
        for (let i = 0; i < width; i++) {
          const [first, second] = [x[p * width + i], x[q * width + i]];
          x[p * width + i] = c * (first - t * second);
          x[q * width + i] = c * (t * first + second);
        }
      }
    }
  }
}
