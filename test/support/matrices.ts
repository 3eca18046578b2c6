/** Matrices whose eigenvalues are known before they are made, and the norms tests measure with. */
import { randomStream } from "../../src/random.ts";

/** Standard normal rows × columns. */
export function gaussianMatrix(rows: number, columns: number, seed: number): Float64Array {
  const random = randomStream(seed);
  return Float64Array.from({ length: rows * columns }, () => random.gaussian());
}

/** Standard normal lower triangle, mirrored. */
export function randomSymmetric(n: number, seed: number): Float64Array {
  const a = gaussianMatrix(n, n, seed);
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) a[j * n + i] = a[i * n + j];
  return a;
}

/** Q diag(values) Qᵀ, Q a product of `reflections` random reflections (Haar with n of them, dense with one); exactly symmetric. */
export function symmetricWithSpectrum(
  values: ArrayLike<number>,
  seed: number,
  reflections = 6,
): Float64Array {
  const n = values.length;
  const random = randomStream(seed);
  const a = new Float64Array(n * n);
  for (let i = 0; i < n; i++) a[i * n + i] = values[i];
  for (let k = 0; k < reflections && n > 1; k++) {
    const u = Float64Array.from({ length: n }, () => random.gaussian());
    const size = norm(u);
    for (let i = 0; i < n; i++) u[i] /= size;
    // H A H with H = I − 2uuᵀ: A − u wᵀ − w uᵀ, w = 2 (p − (uᵀp) u), p = A u
    const p = multiply(a, n, u);
    let inner = 0;
    for (let i = 0; i < n; i++) inner += u[i] * p[i];
    const w = p.map((value, i) => 2 * (value - inner * u[i]));
    for (let i = 0; i < n; i++) {
      for (let j = 0; j <= i; j++) {
        a[i * n + j] -= u[i] * w[j] + w[i] * u[j];
        a[j * n + i] = a[i * n + j];
      }
    }
  }
  return a;
}

/** 1-D Laplacian, 2 on the diagonal and −1 beside it: eigenvalues 4 sin²(kπ / (2(n+1))), k = 1 … n. */
export function laplacian(n: number): Float64Array {
  const a = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    a[i * n + i] = 2;
    if (i > 0) a[i * n + i - 1] = a[(i - 1) * n + i] = -1;
  }
  return a;
}

/** Its eigenvalues, largest first. */
export function laplacianSpectrum(n: number): Float64Array {
  return Float64Array.from({ length: n }, (_, i) => 4 * Math.sin(((n - i) * Math.PI) / (2 * (n + 1))) ** 2);
}

/** Shapes of spectra that break solvers, each for any n. */
export const spectra: Record<string, (n: number) => Float64Array> = {
  flat: (n) => new Float64Array(n).fill(3),
  geometric: (n) => Float64Array.from({ length: n }, (_, i) => 0.8 ** i),
  clustered: (n) => Float64Array.from({ length: n }, (_, i) => 1 + (i % 3) + 1e-13 * i),
  repeated: (n) => Float64Array.from({ length: n }, (_, i) => Math.floor(i / 4) - 2),
  "rank-deficient": (n) => Float64Array.from({ length: n }, (_, i) => (i < n / 4 ? i + 1 : 0)),
  indefinite: (n) => Float64Array.from({ length: n }, (_, i) => (i % 2 ? -1 : 1) * (i + 1)),
  large: (n) => Float64Array.from({ length: n }, (_, i) => 1e150 * (i + 1)),
  small: (n) => Float64Array.from({ length: n }, (_, i) => 1e-150 * (i + 1)),
  spread: (n) =>
    Float64Array.from({ length: n }, (_, i) => 10 ** ((150 * (n - 1 - 2 * i)) / Math.max(n - 1, 1))),
};

/** a x for a (rows × x.length). */
export function multiply(a: Float64Array, rows: number, x: Float64Array): Float64Array {
  const out = new Float64Array(rows);
  for (let i = 0; i < rows; i++) for (let j = 0; j < x.length; j++) out[i] += a[i * x.length + j] * x[j];
  return out;
}

/** Euclidean norm (Frobenius for a matrix), safe from overflow. */
export function norm(x: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < x.length; i++) largest = Math.max(largest, Math.abs(x[i]));
  if (largest === 0) return 0;
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += (x[i] / largest) ** 2;
  return largest * Math.sqrt(sum);
}

/** ‖V Vᵀ − I‖_F for k rows of n. */
export function orthogonalityError(v: Float64Array, k: number, n: number): number {
  const gram = new Float64Array(k * k);
  for (let i = 0; i < k; i++) {
    for (let j = 0; j < k; j++) {
      for (let l = 0; l < n; l++) gram[i * k + j] += v[i * n + l] * v[j * n + l];
      if (i === j) gram[i * k + j] -= 1;
    }
  }
  return norm(gram);
}

/** ‖A − Vᵀ Λ V‖_F / ‖A‖, ‖A‖ the largest |value|; 0 for A = 0. */
export function decompositionError(
  a: Float64Array,
  n: number,
  values: Float64Array,
  v: Float64Array,
): number {
  const size = values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  if (size === 0) return norm(a);
  const difference = a.map((value) => value / size);
  for (let k = 0; k < n; k++) {
    for (let i = 0; i < n; i++) {
      const factor = (values[k] / size) * v[k * n + i];
      for (let j = 0; j < n; j++) difference[i * n + j] -= factor * v[k * n + j];
    }
  }
  return norm(difference);
}

/** Largest |x_i − y_i| divided by the largest |y_i|. */
export function relativeDistance(x: ArrayLike<number>, y: ArrayLike<number>): number {
  let distance = x.length === y.length ? 0 : Number.POSITIVE_INFINITY;
  let size = 0;
  for (let i = 0; i < y.length; i++) {
    distance = Math.max(distance, Math.abs(x[i] - y[i]));
    size = Math.max(size, Math.abs(y[i]));
  }
  return size === 0 ? distance : distance / size;
}

export function descending(values: ArrayLike<number>): Float64Array {
  return Float64Array.from(values).sort().reverse();
}

/** aᵀ (n×m) for a (m×n). */
export function transpose(a: Float64Array, m: number, n: number): Float64Array {
  const out = new Float64Array(m * n);
  for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) out[j * m + i] = a[i * n + j];
  return out;
}
