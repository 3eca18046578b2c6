/**
 * A head that starts where linear probing ends: ridge regression of the targets on the pooled final states. With h̄ and ȳ the means
 * over the n texts, rows of H being h_i − h̄ and of Y being y_i − ȳ,
 *   W = Yᵀ·H·(HᵀH + λI)⁻¹,  b = ȳ − W·h̄,
 * the minimiser of Σ‖W·h_i + b − y_i‖² + λ‖W‖². Its error on text i when fitted to the others is exactly r_i/(1 − S_ii), r the
 * residual and S the hat matrix, mean included (Allen's PRESS, 1974) [derived: the test refits]; λ is the one of least such loss.
 * From the singular values s and vectors of H = U·diag(s)·Vᵀ, found as eigenvectors of the smaller of HᵀH and HHᵀ:
 *   f = ȳ + U·diag(s²/(s² + λ))·UᵀY,  S_ii = 1/n + Σ_k u_ik²·s_k²/(s_k² + λ).
 * Cost: one forward pass of the texts, n·d·min(n, d) + min(n, d)³, and n·C·min(n, d) for each λ tried; float64.
 */
import { CallError, complaint } from "../../errors.ts";
import type { Tensor } from "../../numerics/array.ts";
import { eigh } from "../../numerics/dense/eigh.ts";
import { matmul } from "../../numerics/matmul.ts";
import type { LongOptions } from "../../progress.ts";
import { type Batch, pickTexts } from "../../text/index.ts";
import type { Model, Pool } from "../types.ts";

export interface ProbeOptions extends LongOptions {
  pool: Pool;
  /** λ; absent: the one of least leave-one-out loss. */
  penalty?: number;
}

export interface Probe {
  weight: Tensor<Float64Array>; // W (C × d)
  bias: Tensor<Float64Array>; // b (C)
  penalty: number; // λ
  /** Losses (1/2n)Σ‖f_i − y_i‖²: with each text predicted from the others, and on the texts the probe was fitted to. */
  looLoss: number;
  trainLoss: number;
  /** The penalties that were tried, ascending, and their leave-one-out losses. */
  tried: { penalty: number[]; looLoss: number[] };
}

/** Squared singular values below this, relative to the largest, are round-off: their directions are left out. */
const NOTHING = 1e-12;
/** So are those that centring equal states leaves: below this share of Σ‖h_i‖², some hundred times float64's rounding, squared. */
const EQUAL = 1e-28;
/** λ is sought at powers of 10^¼ of the mean squared singular value: from where states of 10⁶ times less weight count to where none does. */
const EXPONENTS = { from: -24, to: 16 } as const;
/** Texts whose states are held at a time. */
const TEXTS = 32;

/**
 * The linear probe of `model` on a batch with targets (n × C): W and b for a readout of kind `head`.
 * Throws CallError on targets of another number of texts, on a negative penalty, and on fewer than three texts when λ is to be chosen.
 */
export async function probeHead(
  model: Model,
  batch: Batch,
  targets: Tensor,
  { pool, penalty, ...long }: ProbeOptions,
): Promise<Probe> {
  const [n] = batch.shape;
  const C = targets.shape[1];
  if (targets.shape.length !== 2 || targets.shape[0] !== n || targets.data.length !== n * C || !(C > 0)) {
    throw new CallError(complaint("probeHead, targets", `${n} × outputs numbers`, `[${targets.shape}]`));
  }
  if (penalty !== undefined && !(penalty >= 0 && penalty < Infinity)) {
    throw new CallError(complaint("probeHead, penalty", "a number from 0", `${penalty}`));
  }
  if (penalty === undefined && n < 3) {
    throw new CallError(
      complaint("probeHead", "at least three texts to leave one out of", `${n}`, "a penalty"),
    );
  }
  const H = await pooledStates(model, batch, pool, long);
  return fitProbe(H, Float64Array.from(targets.data), { n, d: model.hiddenSize, C, penalty });
}

/** The same from the states themselves, H (n × d) and Y (n × C). */
export function fitProbe(
  H: Float64Array,
  Y: Float64Array,
  { n, d, C, penalty }: { n: number; d: number; C: number; penalty?: number },
): Probe {
  const states = H.slice();
  const residual = Y.slice();
  const meanState = centre(states, n, d);
  const meanTarget = centre(residual, n, C);
  const least = EQUAL * H.reduce((sum, h) => sum + h * h, 0);
  const { squares, left, right } = decompose(states, n, d, least);
  const m = squares.length;
  const q = product(left, residual, { m, k: n, n: C, transposeA: true }); // UᵀY (m × C)

  const fit = (lambda: number) => losses(lambda, { squares, left, q, residual, n, C });
  const scale = squares.reduce((sum, square) => sum + square, 0) / Math.max(m, 1) || 1;
  const { from, to } = EXPONENTS;
  const tried =
    penalty === undefined
      ? Array.from({ length: to - from + 1 }, (_, j) => scale * 10 ** ((from + j) / 4))
      : [penalty];
  const found = tried.map(fit);
  // Of equals the largest: the simpler probe.
  const best = found.reduce((least, { loo }, j) => (loo <= found[least].loo ? j : least), 0);
  const lambda = tried[best];

  // W = (UᵀY)ᵀ·diag(s/(s² + λ))·Vᵀ
  const shrunk = q.map((value, j) => {
    const square = squares[Math.floor(j / C)];
    return (value * Math.sqrt(square)) / (square + lambda);
  });
  const weight = product(shrunk, right, { m: C, k: m, n: d, transposeA: true });
  const bias = meanTarget.map((y, c) => {
    let fitted = 0;
    for (let j = 0; j < d; j++) fitted += weight[c * d + j] * meanState[j];
    return y - fitted;
  });
  return {
    weight: { data: weight, shape: [C, d] },
    bias: { data: bias, shape: [C] },
    penalty: lambda,
    looLoss: found[best].loo,
    trainLoss: found[best].train,
    tried: { penalty: tried, looLoss: found.map(({ loo }) => loo) },
  };
}

/** Non-zero squared singular values (m) of centred H, left vectors (n × m), right ones (m × d). */
function decompose(H: Float64Array, n: number, d: number, least: number) {
  const primal = d <= n;
  const side = Math.min(n, d);
  const gram = primal
    ? product(H, H, { m: d, k: n, n: d, transposeA: true })
    : product(H, H, { m: n, k: d, n, transposeB: true });
  const { values, vectors } = eigh(gram, side); // row k of vectors belongs to values[k], largest first
  const m = values.findIndex((value) => !(value > Math.max(NOTHING * values[0], least)));
  const kept = m < 0 ? side : m;
  const squares = values.slice(0, kept);
  const own = vectors!.slice(0, kept * side);
  // The others are H applied to these, over the singular value.
  const other = primal
    ? product(H, own, { m: n, k: d, n: kept, transposeB: true })
    : product(own, H, { m: kept, k: n, n: d });
  const scaled = other.map((value, j) => value / Math.sqrt(squares[primal ? j % kept : Math.floor(j / d)]));
  return primal
    ? { squares, left: scaled, right: own }
    : { squares, left: transpose(own, kept, n), right: scaled };
}

/** Losses of the probe with penalty λ: on its own texts, and on each text from the others. */
function losses(
  lambda: number,
  {
    squares,
    left,
    q,
    residual: Y,
    n,
    C,
  }: {
    squares: Float64Array; // (m)
    left: Float64Array; // (n × m)
    q: Float64Array; // (m × C)
    residual: Float64Array; // (n × C)
    n: number;
    C: number;
  },
): { train: number; loo: number } {
  const m = squares.length;
  let [train, loo] = [0, 0];
  for (let i = 0; i < n; i++) {
    let leverage = 1 / n;
    const r = Y.slice(i * C, (i + 1) * C);
    for (let k = 0; k < m; k++) {
      const u = left[i * m + k];
      const filter = squares[k] / (squares[k] + lambda);
      leverage += u * u * filter;
      for (let c = 0; c < C; c++) r[c] -= u * filter * q[k * C + c];
    }
    const square = r.reduce((sum, value) => sum + value * value, 0);
    train += square;
    // A text that alone decides its own value (leverage 1) says nothing of others.
    loo += leverage < 1 - 1e-12 ? square / (1 - leverage) ** 2 : Infinity;
  }
  return { train: train / (2 * n), loo: loo / (2 * n) };
}

/** Pooled final states (n × d), a few texts at a time. */
async function pooledStates(
  model: Model,
  batch: Batch,
  pool: Pool,
  { signal, onProgress }: LongOptions,
): Promise<Float64Array> {
  const [n, T] = batch.shape;
  const d = model.hiddenSize;
  const pooled = new Float64Array(n * d);
  for (let from = 0; from < n; from += TEXTS) {
    signal?.throwIfAborted();
    onProgress?.({ stage: "states of the probe", done: from, total: n });
    const to = Math.min(from + TEXTS, n);
    const part = pickTexts(
      batch,
      Array.from({ length: to - from }, (_, i) => from + i),
    );
    const width = part.shape[1];
    const { hidden } = await model.forward(part, { logits: false });
    for (let i = from; i < to; i++) {
      const length = batch.attentionMask.subarray(i * T, (i + 1) * T).lastIndexOf(1) + 1;
      const [first, end] = pool === "mean" ? [0, length] : pool === "first" ? [0, 1] : [length - 1, length];
      for (let t = first; t < end; t++) {
        const row = ((i - from) * width + t) * d;
        for (let j = 0; j < d; j++) pooled[i * d + j] += hidden.data[row + j] / (end - first);
      }
    }
  }
  onProgress?.({ stage: "states of the probe", done: n, total: n });
  return pooled;
}

const product = (a: Float64Array, b: Float64Array, sizes: Parameters<typeof matmul>[2]) =>
  matmul(a, b, sizes) as Float64Array;

/** Takes the mean of the rows off in place, and returns it. */
function centre(x: Float64Array, rows: number, columns: number): Float64Array {
  const mean = new Float64Array(columns);
  for (let i = 0; i < x.length; i++) mean[i % columns] += x[i] / rows;
  for (let i = 0; i < x.length; i++) x[i] -= mean[i % columns];
  return mean;
}

function transpose(x: Float64Array, rows: number, columns: number): Float64Array {
  const out = new Float64Array(x.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) out[j * rows + i] = x[i * columns + j];
  return out;
}
