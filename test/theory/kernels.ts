/** Kernels and spectra the theory tests share. */
import fc from "fast-check";
import { randomStream } from "../../src/random.ts";

/** First-order Sobolev kernel min(x, x′) on x_i = i/n: Θ (n × n), and f*(x) = |x − ½| − ½, of RKHS norm 1. */
export function sobolev(n: number): { kernel: Float64Array; target: Float64Array; values: Float64Array } {
  const kernel = Float64Array.from({ length: n * n }, (_, k) => (Math.min(Math.floor(k / n), k % n) + 1) / n);
  const target = Float64Array.from({ length: n }, (_, i) => Math.abs((i + 1) / n - 0.5) - 0.5);
  return { kernel, target, values: sobolevValues(n) };
}

/** Eigenvalues of its kernel / n, largest first: theory.md §9. */
export function sobolevValues(n: number): Float64Array {
  return Float64Array.from(
    { length: n },
    (_, i) => 1 / (4 * n * n * Math.sin(((2 * i + 1) * Math.PI) / (2 * (2 * n + 1))) ** 2),
  );
}

/** A random kernel: Gram matrix of N standard normal rows of length d, over d. */
export function randomKernel(N: number, d: number, seed: number): Float64Array {
  const { gaussian } = randomStream(seed);
  return gram(
    Float64Array.from({ length: N * d }, () => gaussian()),
    N,
    d,
  );
}

/** Gram matrix of rows (N × d) over d, plus `jitter` on the diagonal. */
function gram(rows: Float64Array, N: number, d: number, jitter = 0): Float64Array {
  const out = new Float64Array(N * N);
  for (let i = 0; i < N; i++) {
    for (let j = 0; j < N; j++) {
      let sum = 0;
      for (let k = 0; k < d; k++) sum += rows[i * d + k] * rows[j * d + k];
      out[i * N + j] = sum / d + (i === j ? jitter : 0);
    }
  }
  return out;
}

export interface Task {
  kernel: Float64Array; // (N × N)
  n: number;
  outputs: number;
  targets: Float64Array; // (n × C), one-hot
  f0: Float64Array; // (n × C)
  labels: Int32Array; // (n)
  cross: Float64Array; // (m·C × N) to m further texts
  testTargets: Float64Array;
  testF0: Float64Array;
}

/**
 * A classification task with a kernel like that of a head on fixed features: Θ = (φ·φ′/d + 1/10) δ_cc′. Classes sit `signal` apart;
 * 0 leaves labels that carry nothing. `offset`: size of f₀, part of it common to all texts, as a fresh Gaussian head has.
 */
export function task(options: {
  n: number;
  outputs: number;
  signal: number;
  offset?: number;
  seed: number;
  held?: number;
  d?: number;
}): Task {
  const { n, outputs: C, signal, offset = 0, seed, held = 0, d = 12 } = options;
  const random = randomStream(seed);
  const all = n + held;
  const centres = Float64Array.from({ length: C * d }, () => random.gaussian());
  const direction = Float64Array.from({ length: C * d }, () => random.gaussian());
  const common = Float64Array.from({ length: C }, () => offset * random.gaussian());
  const labels = Int32Array.from(random.shuffle(Array.from({ length: all }, (_, i) => i % C)));
  const phi = new Float64Array(all * d);
  for (let i = 0; i < all; i++) {
    for (let k = 0; k < d; k++) phi[i * d + k] = random.gaussian() + signal * centres[labels[i] * d + k];
  }
  const inner = gram(phi, all, d);
  const f = new Float64Array(all * C);
  for (let i = 0; i < all; i++) {
    for (let c = 0; c < C; c++) {
      let sum = common[c];
      for (let k = 0; k < d; k++) sum += ((offset * phi[i * d + k]) / d) * direction[c * d + k];
      f[i * C + c] = sum;
    }
  }
  const block = (from: number, rows: number) => {
    const out = new Float64Array(rows * C * n * C);
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < n; j++) {
        for (let c = 0; c < C; c++) out[(i * C + c) * n * C + j * C + c] = inner[(from + i) * all + j] + 0.1;
      }
    }
    return out;
  };
  const oneHot = (from: number, rows: number) =>
    Float64Array.from({ length: rows * C }, (_, k) => (labels[from + Math.floor(k / C)] === k % C ? 1 : 0));
  return {
    kernel: block(0, n),
    n,
    outputs: C,
    targets: oneHot(0, n),
    f0: f.slice(0, n * C),
    labels: labels.slice(0, n),
    cross: block(n, held),
    testTargets: oneHot(n, held),
    testF0: f.slice(n * C),
  };
}

/** The same task with its labels dealt to the texts at random. */
export function shuffled(of: Task, seed: number): Task {
  const C = of.outputs;
  const order = randomStream(seed).shuffle(Array.from({ length: of.n }, (_, i) => i));
  return {
    ...of,
    labels: Int32Array.from(order, (i) => of.labels[i]),
    targets: Float64Array.from(
      { length: of.n * C },
      (_, k) => of.targets[order[Math.floor(k / C)] * C + (k % C)],
    ),
  };
}

/** Spectra of every shape: powers, exponentials, finite rank, repeats, zeros; largest first, λ₁ between 1e-3 and 1e3. */
export const spectra = fc
  .record({
    n: fc.integer({ min: 1, max: 40 }),
    scale: fc.double({ min: -3, max: 3, noNaN: true }),
    kind: fc.constantFrom("power", "exponential", "finite", "flat", "random"),
    rate: fc.double({ min: 0.3, max: 3, noNaN: true }),
    seed: fc.integer({ min: 0, max: 2 ** 30 }),
  })
  .map(({ n, scale, kind, rate, seed }) => {
    const random = randomStream(seed);
    const shape = {
      power: (i: number) => (i + 1) ** -rate,
      exponential: (i: number) => Math.exp(-rate * i),
      finite: (i: number) => (i < Math.ceil(n / 3) ? 1 / (i + 1) : 0),
      flat: () => 1,
      random: () => random.uniform() ** 3,
    }[kind] as (i: number) => number;
    return Float64Array.from({ length: n }, (_, i) => 10 ** scale * shape(i))
      .sort()
      .reverse();
  })
  .filter((values) => values[0] > 0);
