/**
 * Mixed initialization: a pretrained body φ under a fresh head f = V φ + b (theory.md §6, [derived]). Exactly
 *   Θ(x, x′)_cc′ = δ_cc′ (φ·φ′ + 1) + v_cᵀ M v_c′,   M = J_φ(x) J_φ(x′)ᵀ (d × d), J_φ the Jacobian of the pooled state.
 * Over Gaussian heads, v with independent entries of variance s²/d, the second part has for c = c′ the mean (s²/d) tr M and the
 * variance (s²/d)² (‖M‖_F² + tr M²); for c ≠ c′ the mean 0 and the variance (s²/d)² ‖M‖_F².
 */
import { CallError, complaint } from "../errors.ts";
import type { Model, Pool, TangentModel } from "../model/types.ts";
import type { LongOptions } from "../progress.ts";
import { randomStream } from "../random.ts";
import type { Batch } from "../text/batch.ts";
import { empiricalNtk } from "./empirical.ts";
import type { NtkOptions } from "./options.ts";

type Running = Pick<NtkOptions, "workers" | "memory" | "workerUrl"> & LongOptions;

export interface HeadBodySplit {
  shape: [number, number];
  head: Float64Array; // over head.weight and head.bias
  body: Float64Array; // over all else
}

/** The kernel of batch1 with batch2 (null: with itself) in its two parts, which add up to it. Options as of `empiricalNtk`. */
export async function splitHeadBody(
  tangent: TangentModel,
  batch1: Batch,
  batch2: Batch | null = null,
  options: Omit<NtkOptions, "byGroup" | "parameters"> = {},
): Promise<HeadBodySplit> {
  const {
    data,
    shape,
    groups = {},
  } = await empiricalNtk(tangent, batch1, batch2, {
    ...options,
    byGroup: true,
  });
  const head = groups.head ?? new Float64Array(data.length);
  const body = new Float64Array(data.length);
  for (const [group, kernel] of Object.entries(groups)) {
    if (group !== "head") for (let k = 0; k < body.length; k++) body[k] += kernel[k];
  }
  return { shape, head, body };
}

export interface MixedOptions extends Running {
  pool: Pool;
  /** s of the heads' variance s²/d; 1 where absent. */
  scale?: number;
  /** Heads to sample, at least 2; "exact": the closed form, d backward passes' worth. Absent: exact where n·d ≤ 2048, else 16. */
  heads?: number | "exact";
  seed?: number;
}

/** All (n × n), row-major, symmetric; for one output (c = c′) unless it says otherwise. */
export interface MixedInitialization {
  n: number;
  pooled: Float64Array; // φ (n × d)
  head: Float64Array; // φ·φ′ + 1: the first part, the same for every head
  mean: Float64Array; // of the second part, over heads
  deviation: Float64Array; // standard deviation of the second part over heads
  /** The same between two outputs, where the mean is 0. */
  deviationBetween: Float64Array;
  /** Standard error of `mean` and how many heads it is of; null where exact. */
  sampled: { heads: number; standardError: Float64Array } | null;
}

/** n·d up to which the closed form is taken. */
const EXACT_SIDE = 2048;
const SAMPLED_HEADS = 16;

/**
 * Mean and spread of the kernel over Gaussian heads. Cost: exact, that of a kernel with d outputs, in tiles of n·d ≤ 2048 rows;
 * sampled, that of one with as many outputs as heads. Throws a CallError for heads and scales that are none.
 */
export async function mixedInitialization(
  model: Model,
  batch: Batch,
  { pool, scale = 1, heads, seed = 0, ...running }: MixedOptions,
): Promise<MixedInitialization> {
  const d = model.hiddenSize;
  const n = batch.shape[0];
  if (!(Number.isFinite(scale) && scale > 0)) {
    throw new CallError(complaint("mixedInitialization, scale", "a number above 0", String(scale)));
  }
  if (heads !== undefined && heads !== "exact" && !(Number.isInteger(heads) && heads >= 2)) {
    throw new CallError(
      complaint("mixedInitialization, heads", '"exact" or a whole number from 2', String(heads)),
    );
  }
  const identity = new Float64Array(d * d);
  for (let k = 0; k < d; k++) identity[k * d + k] = 1;
  const state = withHead(model, identity, pool);
  const pooled = Float64Array.from((await state.forward(batch, running)).data);
  const choice = heads ?? (n * d <= EXACT_SIDE ? "exact" : SAMPLED_HEADS);
  const spread =
    choice === "exact"
      ? await closedForm(state, batch, scale ** 2 / d, running)
      : await sample(model, batch, { pool, deviation: scale / Math.sqrt(d), heads: choice, seed }, running);
  return { n, pooled, head: gramPlusOne(pooled, n, d), ...spread };
}

/** A readout of H outputs with these rows (H × d) and no offset. Nothing to free: the model owns its readouts. */
function withHead(model: Model, weight: Float64Array, pool: Pool): TangentModel {
  const outputs = weight.length / model.hiddenSize;
  return model.readout({
    kind: "head",
    weight: { data: weight, shape: [outputs, model.hiddenSize] },
    bias: { data: new Float64Array(outputs), shape: [outputs] },
    pool,
  });
}

function gramPlusOne(pooled: Float64Array, n: number, d: number): Float64Array {
  return Float64Array.from({ length: n * n }, (_, k) => {
    const [i, j] = [Math.floor(k / n), k % n];
    let sum = 1;
    for (let f = 0; f < d; f++) sum += pooled[i * d + f] * pooled[j * d + f];
    return sum;
  });
}

type Spread = Pick<MixedInitialization, "mean" | "deviation" | "deviationBetween" | "sampled">;

/** From M of every pair, a tile of at most `side` kernel rows after the other; `variance` is s²/d. */
export async function closedForm(
  state: TangentModel,
  batch: Batch,
  variance: number,
  running: Running,
  side = EXACT_SIDE,
): Promise<Spread> {
  const d = state.outputs;
  const n = batch.shape[0];
  const step = Math.max(1, Math.floor(side / d));
  const [mean, deviation, between] = [0, 1, 2].map(() => new Float64Array(n * n));
  const put = (into: Float64Array, i: number, j: number, value: number) => {
    into[i * n + j] = into[j * n + i] = value;
  };
  for (let p = 0; p < n; p += step) {
    const rows = slice(batch, p, Math.min(p + step, n));
    for (let q = p; q < n; q += step) {
      const columns = q === p ? null : slice(batch, q, Math.min(q + step, n));
      const { data, shape } = await empiricalNtk(state, rows, columns, { ...running, parameters: "body" });
      for (let i = 0; i < shape[0] / d; i++) {
        for (let j = columns ? 0 : i; j < shape[1] / d; j++) {
          const { trace, square, twice } = momentsOf(data, (i * shape[1] + j) * d, shape[1], d);
          put(mean, p + i, q + j, variance * trace);
          put(deviation, p + i, q + j, variance * Math.sqrt(Math.max(0, square + twice)));
          put(between, p + i, q + j, variance * Math.sqrt(square));
        }
      }
    }
  }
  return { mean, deviation, deviationBetween: between, sampled: null };
}

/** tr M, ‖M‖_F² and tr M² of the block (d × d) that begins at `first`. */
function momentsOf(data: Float64Array, first: number, stride: number, d: number) {
  let [trace, square, twice] = [0, 0, 0];
  for (let k = 0; k < d; k++) {
    trace += data[first + k * stride + k];
    for (let l = 0; l < d; l++) {
      const value = data[first + k * stride + l];
      square += value ** 2;
      twice += value * data[first + l * stride + k];
    }
  }
  return { trace, square, twice };
}

interface Sampling {
  pool: Pool;
  deviation: number; // s/√d
  heads: number; // H
  seed: number;
}

/** From the kernel of H independent heads at once: its diagonal blocks are H draws for one output, the others draws for two. */
async function sample(
  model: Model,
  batch: Batch,
  { pool, deviation: size, heads: H, seed }: Sampling,
  running: Running,
): Promise<Spread> {
  const { gaussian } = randomStream(seed);
  const weight = Float64Array.from({ length: H * model.hiddenSize }, () => size * gaussian());
  const { data } = await empiricalNtk(withHead(model, weight, pool), batch, null, {
    ...running,
    parameters: "body",
  });
  const n = batch.shape[0];
  const [mean, deviation, between, standardError] = [0, 1, 2, 3].map(() => new Float64Array(n * n));
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const at = (h: number, g: number) => data[(i * H + h) * n * H + j * H + g];
      let [sum, cross] = [0, 0];
      for (let h = 0; h < H; h++) {
        sum += at(h, h);
        for (let g = 0; g < H; g++) if (g !== h) cross += at(h, g) ** 2;
      }
      let squares = 0;
      for (let h = 0; h < H; h++) squares += (at(h, h) - sum / H) ** 2;
      const k = i * n + j;
      mean[k] = sum / H;
      deviation[k] = Math.sqrt(squares / (H - 1));
      between[k] = Math.sqrt(cross / (H * (H - 1)));
      standardError[k] = deviation[k] / Math.sqrt(H);
    }
  }
  return { mean, deviation, deviationBetween: between, sampled: { heads: H, standardError } };
}

/** Texts first … end−1. */
function slice(batch: Batch, first: number, end: number): Batch {
  const T = batch.shape[1];
  const { inputIds, attentionMask, tokenTypeIds } = batch;
  return {
    inputIds: inputIds.slice(first * T, end * T),
    attentionMask: attentionMask.slice(first * T, end * T),
    ...(tokenTypeIds && { tokenTypeIds: tokenTypeIds.slice(first * T, end * T) }),
    shape: [end - first, T],
  };
}
