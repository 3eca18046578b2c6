/**
 * How fast the eigenvalues decay, and the rate in the number of labels that this implies.
 *
 *   polynomial    log λ_j = a − b log j      risk rate n^(−b/(b+1)) for b > 1
 *   exponential   log λ_j = a − b j          rate (log n)^c / n
 *   finite rank   one level for j ≤ m, another after it     rate m/n
 *
 * Least squares on a window that drops the first few eigenvalues and the noisy tail: up to a third of them, or, where the spectrum
 * ends in round-off after r < N of them, up to 0.9 r. The models are compared by BIC = w log(RSS/w) + k log w over the same w
 * eigenvalues, those lost in round-off included (set to its level, which the first two models then may not pass).
 * Interval: percentiles 2.5 and 97.5 of a bootstrap over the eigenvalues of the window, seeded; of more than 1000, on every k-th,
 * with the deviations divided by √k.
 * Source: theory.md §3: the fits and the bootstrap are least squares and resampling [derived], BIC is Schwarz 1978 and the rates in n
 * Raskutti, Wainwright & Yu, JMLR 15 (2014) [recalled]; rates.ts has their constants. Cost: a sort and 300 fits.
 */
import { complaint, DataError } from "../errors.ts";
import { randomStream } from "../random.ts";
import type { DecayFit } from "./types.ts";

export interface DecayOptions {
  /** Rows of the kernel matrix, where `eigenvalues` holds only the largest: sets the level of round-off. */
  n?: number;
  seed?: number;
  /** Bootstrap samples. */
  samples?: number;
}

/** Residual variance below which a fit counts as exact: differences of logarithms at double precision. */
const EXACT = 1e-20;
const FEWEST = 4;
/** Values in a bootstrap sample: with 10⁵ eigenvalues, 300 samples of the whole window would take seconds. */
const MOST_RESAMPLED = 1000;

interface Line {
  intercept: number;
  slope: number;
}

function fitLine(x: number[], y: number[]): Line {
  let mx = 0;
  let my = 0;
  for (let i = 0; i < x.length; i++) {
    mx += x[i] / x.length;
    my += y[i] / x.length;
  }
  let xx = 0;
  let xy = 0;
  for (let i = 0; i < x.length; i++) {
    xx += (x[i] - mx) ** 2;
    xy += (x[i] - mx) * (y[i] - my);
  }
  const slope = xx === 0 ? 0 : xy / xx;
  return { intercept: my - slope * mx, slope };
}

/** The best two levels: y ≈ mean of the first m, then mean of the others. m = all where that is no worse. */
function fitLevels(y: number[]): { m: number; rss: number; level: number } {
  const total = y.reduce((a, b) => a + b, 0);
  const squares = y.reduce((a, b) => a + b * b, 0);
  let best = { m: y.length, rss: squares - total ** 2 / y.length, level: total / y.length };
  let sum = 0;
  for (let m = 1; m < y.length; m++) {
    sum += y[m - 1];
    const rss = squares - sum ** 2 / m - (total - sum) ** 2 / (y.length - m);
    if (rss < best.rss) best = { m, rss, level: sum / m };
  }
  return { ...best, rss: Math.max(0, best.rss) };
}

/** Indices, 1-based: the eigenvalues lines are fitted on, and those the models are compared on. */
function windows(rank: number, all: number) {
  const first = 1 + Math.min(3, Math.floor(rank / 8));
  const lost = rank < all;
  const lastFit = Math.max(Math.min(rank, first + 7), Math.floor(lost ? 0.9 * rank : rank / 3));
  const lastCompared = lost ? Math.min(all, 2 * rank) : lastFit;
  return { first, lastFit, lastCompared };
}

const range = (from: number, to: number) =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);

function rateOf(model: DecayFit["model"], exponent: number): string {
  if (model === "finite-rank") return `${exponent}/n`;
  if (model === "exponential") return "log(n)/n";
  return exponent > 1 ? `n^(-${(exponent / (exponent + 1)).toFixed(2)})` : "none (decays too slowly)";
}

/**
 * @param eigenvalues of K̂, any order; values at or below the level of round-off count as lost
 * @throws DataError where none is positive
 */
export function fitDecay(eigenvalues: ArrayLike<number>, options: DecayOptions = {}): DecayFit {
  const where = "fitDecay";
  const { seed = 0, samples = 300 } = options;
  const values = Float64Array.from(eigenvalues).sort().reverse();
  const all = values.length;
  if (!(values[0] > 0))
    throw new DataError(complaint(where, "a positive eigenvalue", `${values[0]} as the largest`));
  const n = Math.max(all, options.n ?? all);
  // what negative eigenvalues show of the round-off, and what a solver leaves
  const floor = Math.max(values[0] * n * Number.EPSILON, -2 * Math.min(0, values[all - 1]));
  const rank = values.findIndex((value) => !(value > floor));
  const known = rank === -1 ? all : rank;
  const { first, lastFit, lastCompared } = windows(known, all);
  const y = (j: number) => Math.log(Math.max(values[j - 1], floor));
  const low = Math.log(floor);

  const fitted = range(first, lastFit);
  const compared = range(first, lastCompared);
  const w = compared.length;
  const bic = (rss: number, k: number) => w * Math.log(rss / w + EXACT) + k * Math.log(w);
  const x = { polynomial: (j: number) => Math.log(j), exponential: (j: number) => j };
  const line = (model: keyof typeof x, at: number[]) => fitLine(at.map(x[model]), at.map(y));
  const lineRss = (model: keyof typeof x) => {
    const { intercept, slope } = line(model, fitted);
    return compared.reduce((sum, j) => sum + (y(j) - Math.max(low, intercept + slope * x[model](j))) ** 2, 0);
  };
  const levels = fitLevels(compared.map(y));
  const scores: Record<DecayFit["model"], number> = {
    polynomial: fitted.length < FEWEST ? Number.POSITIVE_INFINITY : bic(lineRss("polynomial"), 2),
    exponential: fitted.length < FEWEST ? Number.POSITIVE_INFINITY : bic(lineRss("exponential"), 2),
    "finite-rank": bic(levels.rss, 3),
  };
  const model = (Object.keys(scores) as DecayFit["model"][]).reduce((a, b) =>
    scores[b] < scores[a] ? b : a,
  );
  const finite = Object.fromEntries(Object.entries(scores).filter(([, value]) => Number.isFinite(value)));

  if (model === "finite-rank") {
    const m = fitted.length < FEWEST ? known : first - 1 + levels.m;
    const index = range(first, Math.max(first, m));
    return {
      model,
      exponent: m,
      interval: [m, m],
      rate_in_n: rateOf(model, m),
      fit: { index, value: index.map(() => Math.exp(levels.level)) },
      bic: finite,
    };
  }
  const { intercept, slope } = line(model, fitted);
  const { integer } = randomStream(seed);
  // of a long window every k-th value: its slopes scatter √k times as far, which is taken back below
  const every = Math.ceil(fitted.length / MOST_RESAMPLED);
  const drawn = every === 1 ? fitted : fitted.filter((_, i) => i % every === 0);
  const slopes = Float64Array.from({ length: samples }, () => {
    const sample = drawn.map(() => drawn[integer(drawn.length)]);
    return -line(model, sample).slope;
  }).sort();
  const centre = every === 1 ? 0 : -line(model, drawn).slope;
  const quantile = (q: number) => {
    const found = slopes[Math.min(samples - 1, Math.max(0, Math.round(q * (samples - 1))))];
    return every === 1 ? found : -slope + (found - centre) * Math.sqrt(drawn.length / fitted.length);
  };
  return {
    model,
    exponent: -slope,
    interval: samples > 0 ? [quantile(0.025), quantile(0.975)] : [-slope, -slope],
    rate_in_n: rateOf(model, -slope),
    fit: { index: fitted, value: fitted.map((j) => Math.exp(intercept + slope * x[model](j))) },
    bic: finite,
  };
}
