/**
 * A network small enough to write its whole Jacobian down: x_t = E[id_t] + P[t], a_t = tanh(W x_t + b), f = V·mean_t a_t + c.
 * Its taps go through the same contract as a real model's; `jacobian` is the dense (n·C × P) matrix from the same formulas.
 */
import type { Parameter, TangentModel, Tap, TapStage } from "../../src/model/types.ts";
import type { Tensor } from "../../src/numerics/array.ts";
import type { Backend } from "../../src/numerics/backend.ts";
import { randomStream } from "../../src/random.ts";
import type { Batch } from "../../src/text/batch.ts";

export const TOY = { vocabulary: 7, context: 6, width: 3, inner: 4, outputs: 2 };
const { vocabulary: V, context: L, width: d, inner: h, outputs: C } = TOY;

const parameters: Parameter[] = [
  { name: "words.weight", shape: [V, d], group: "embedding" },
  { name: "places.weight", shape: [L, d], group: "embedding" },
  { name: "h.0.fc.weight", shape: [h, d], group: "mlp" },
  { name: "h.0.fc.bias", shape: [h], group: "mlp" },
  { name: "head.weight", shape: [C, h], group: "head" },
  { name: "head.bias", shape: [C], group: "head" },
];
const sizeOf = ({ shape }: Parameter) => shape.reduce((a, b) => a * b, 1);
const SIZE = parameters.reduce((sum, p) => sum + sizeOf(p), 0);

/** A flat vector of all parameters as one view a parameter. */
function split(flat: Float64Array): Float64Array[] {
  let end = 0;
  return parameters.map((p) => {
    const start = end;
    end += sizeOf(p);
    return flat.subarray(start, end);
  });
}

export interface ToyTangent extends TangentModel {
  theta: Record<string, Float64Array>;
  /** (n·C × P), parameters in order. */
  jacobian(batch: Batch): Float64Array;
  /** Kernel over the parameters that `wanted` says, from the dense Jacobians: (n₁C × n₂C). */
  kernel(a: Batch, b: Batch, wanted?: (p: Parameter) => boolean): Float64Array;
}

export function toyBatch(texts: number[][]): Batch {
  const T = Math.max(...texts.map((text) => text.length));
  const batch: Batch = {
    inputIds: new Int32Array(texts.length * T),
    attentionMask: new Uint8Array(texts.length * T),
    shape: [texts.length, T],
  };
  texts.forEach((text, i) => {
    batch.inputIds.set(text, i * T);
    batch.attentionMask.fill(1, i * T, i * T + text.length);
  });
  return batch;
}

/** Texts of random lengths 1 … context. */
export function toyTexts(n: number, seed: number): number[][] {
  const random = randomStream(seed);
  return Array.from({ length: n }, () => {
    const length = 1 + random.integer(L);
    return Array.from({ length }, () => random.integer(V));
  });
}

function textsOf({ inputIds, attentionMask, shape: [n, T] }: Batch): number[][] {
  return Array.from({ length: n }, (_, i) => {
    const row = Array.from(inputIds.subarray(i * T, (i + 1) * T));
    return row.filter((_, t) => attentionMask[i * T + t] === 1);
  });
}

export function toyTangent(backend: Backend, seed = 1): ToyTangent {
  const random = randomStream(seed);
  const theta: Record<string, Float64Array> = {};
  for (const p of parameters)
    theta[p.name] = Float64Array.from({ length: sizeOf(p) }, () => random.gaussian());
  const {
    "words.weight": E,
    "places.weight": P,
    "h.0.fc.weight": W,
    "h.0.fc.bias": b,
    "head.weight": A,
    "head.bias": c0,
  } = theta;

  /** x (T × d), a (T × h), pooled (h), and for each output δ_t = ∂f_c/∂z_t (T × h) and ∂f_c/∂x_t (T × d). */
  function run(text: number[]) {
    const T = text.length;
    const x = text.map((id, t) => Array.from({ length: d }, (_, k) => E[id * d + k] + P[t * d + k]));
    const a = x.map((row) =>
      Array.from({ length: h }, (_, o) => Math.tanh(row.reduce((sum, v, k) => sum + W[o * d + k] * v, b[o]))),
    );
    const pooled = Array.from({ length: h }, (_, o) => a.reduce((sum, row) => sum + row[o] / T, 0));
    const f = Array.from({ length: C }, (_, c) =>
      pooled.reduce((sum, v, o) => sum + A[c * h + o] * v, c0[c]),
    );
    const dz = Array.from({ length: C }, (_, c) =>
      a.map((row) => row.map((v, o) => (A[c * h + o] * (1 - v * v)) / T)),
    );
    const dx = dz.map((rows) =>
      rows.map((row) =>
        Array.from({ length: d }, (_, k) => row.reduce((sum, v, o) => sum + v * W[o * d + k], 0)),
      ),
    );
    return { x, a, pooled, f, dz, dx };
  }

  function jacobian(batch: Batch): Float64Array {
    const texts = textsOf(batch);
    const J = new Float64Array(texts.length * C * SIZE);
    texts.forEach((text, i) => {
      const { x, pooled, dz, dx } = run(text);
      for (let c = 0; c < C; c++) {
        const row = J.subarray((i * C + c) * SIZE, (i * C + c + 1) * SIZE);
        const [dE, dP, dW, db, dA, dc] = split(row);
        text.forEach((id, t) => {
          for (let k = 0; k < d; k++) dE[id * d + k] += dx[c][t][k];
          for (let k = 0; k < d; k++) dP[t * d + k] += dx[c][t][k];
          for (let o = 0; o < h; o++) {
            db[o] += dz[c][t][o];
            for (let k = 0; k < d; k++) dW[o * d + k] += dz[c][t][o] * x[t][k];
          }
        });
        for (let o = 0; o < h; o++) dA[c * h + o] = pooled[o];
        dc[c] = 1;
      }
    });
    return J;
  }

  function columns(wanted: (p: Parameter) => boolean): number[] {
    let at = 0;
    return parameters.flatMap((p) => {
      const range = Array.from({ length: sizeOf(p) }, (_, k) => at + k);
      at += sizeOf(p);
      return wanted(p) ? range : [];
    });
  }

  function offsets(batch: Batch): Int32Array {
    const ends = textsOf(batch).map((text) => text.length);
    return Int32Array.from([0, ...ends.map((_, i) => ends.slice(0, i + 1).reduce((s, e) => s + e, 0))]);
  }

  async function* taps(
    batch: Batch,
    wanted: (p: Parameter) => boolean = () => true,
    { combinations = Float64Array.from({ length: C * C }, (_, k) => (k % (C + 1) === 0 ? 1 : 0)) } = {},
  ): AsyncGenerator<TapStage> {
    const K = combinations.length / C;
    const texts = textsOf(batch);
    const runs = texts.map(run);
    const examples = Int32Array.from(texts.flatMap((text, i) => text.map(() => i)));
    const n = texts.length;
    const N = examples.length;
    const up = (numbers: number[], shape: number[]) => backend.upload(Float64Array.from(numbers), shape);
    const [words, places, weight, bias, headWeight, headBias] = parameters;
    const ofOutputs = (value: (c: number, run: (typeof runs)[number]) => number[]) =>
      Array.from({ length: C }, (_, c) => runs.flatMap((r) => value(c, r)));
    /** Σ_c combinations[k, c] · value of output c, one copy k after the other. */
    const overOutputs = (value: (c: number, run: (typeof runs)[number]) => number[]) => {
      const all = ofOutputs(value);
      return Array.from({ length: K }, (_, k) =>
        all[0].map((_, at) => all.reduce((sum, own, c) => sum + combinations[k * C + c] * own[at], 0)),
      ).flat();
    };
    const oneHot = (c: number) => Array.from({ length: C }, (_, k) => (k === c ? 1 : 0));

    const readout: Tap[] = [];
    if (wanted(headWeight)) {
      readout.push({
        kind: "linear",
        parameter: headWeight,
        input: up(
          runs.flatMap((r) => r.pooled),
          [n, h],
        ),
        gradient: up(overOutputs(oneHot), [K * n, C]),
      });
    }
    if (wanted(headBias)) {
      readout.push({ kind: "vector", parameter: headBias, gradient: up(overOutputs(oneHot), [K * n, C]) });
    }
    yield { name: "readout", taps: readout };

    const layer: Tap[] = [];
    if (wanted(weight)) {
      layer.push({
        kind: "linear",
        parameter: weight,
        input: up(
          runs.flatMap((r) => r.x.flat()),
          [N, d],
        ),
        gradient: up(
          overOutputs((c, r) => r.dz[c].flat()),
          [K * N, h],
        ),
      });
    }
    if (wanted(bias)) {
      const sum = (rows: number[][]) => rows[0].map((_, o) => rows.reduce((s, row) => s + row[o], 0));
      const gradient = up(
        overOutputs((c, r) => sum(r.dz[c])),
        [K * n, h],
      );
      layer.push({ kind: "vector", parameter: bias, gradient });
    }
    yield { name: "layer 0", taps: layer };

    // Both tables add the same rows: one block shared by two taps, as in a real embedding.
    const gradient = up(
      overOutputs((c, r) => r.dx[c].flat()),
      [K * N, d],
    );
    const tap = (parameter: Parameter, ids: number[]): Tap => ({
      kind: "rows",
      parameter,
      ids: Int32Array.from(ids),
      examples,
      gradient,
    });
    yield {
      name: "embedding",
      taps: [
        tap(words, texts.flat()),
        tap(
          places,
          texts.flatMap((text) => text.map((_, t) => t)),
        ),
      ].filter(({ parameter }) => wanted(parameter)),
    };
  }

  async function vjp(batch: Batch, { data }: Tensor): Promise<Record<string, Float64Array>> {
    const J = jacobian(batch);
    const gradient = new Float64Array(SIZE);
    for (let i = 0; i < data.length; i++)
      for (let k = 0; k < SIZE; k++) gradient[k] += data[i] * J[i * SIZE + k];
    return Object.fromEntries(split(gradient).map((part, k) => [parameters[k].name, part]));
  }

  return {
    size: SIZE,
    outputs: C,
    parameters,
    backend,
    recipe: {
      model: { config: {}, tensors: {} },
      readout: {
        kind: "head",
        weight: { data: A, shape: [C, h] },
        bias: { data: c0, shape: [C] },
        pool: "mean",
      },
    },
    plan: { mode: "resident", stored: 0, onBackend: 0, inMemory: 0, readPerPass: 0 },
    theta,
    jacobian,
    kernel(first, second, wanted = () => true) {
      const [J, K] = [jacobian(first), jacobian(second)];
      const picked = columns(wanted);
      const [rows, others] = [J.length / SIZE, K.length / SIZE];
      const kernel = new Float64Array(rows * others);
      for (let i = 0; i < rows; i++)
        for (let j = 0; j < others; j++)
          for (const k of picked) kernel[i * others + j] += J[i * SIZE + k] * K[j * SIZE + k];
      return kernel;
    },
    async forward(batch) {
      const texts = textsOf(batch);
      return { data: Float64Array.from(texts.flatMap((text) => run(text).f)), shape: [texts.length, C] };
    },
    vjp,
    async *gradients(batch, cotangent) {
      for (const [name, data] of Object.entries(await vjp(batch, cotangent))) {
        yield { name, shape: parameters.find((p) => p.name === name)!.shape, data };
      }
    },
    async pullback(batch, cotangent) {
      const outputs = await this.forward(batch);
      return { outputs, gradients: await vjp(batch, cotangent(outputs)) };
    },
    values: async () => Object.fromEntries(parameters.map(({ name }) => [name, theta[name].slice()])),
    assign: () => Promise.reject(new Error("a toy stays where it is")),
    async jvp(batch, tangent) {
      const J = jacobian(batch);
      const flat = parameters.flatMap((p) => Array.from(tangent[p.name] ?? new Float64Array(sizeOf(p))));
      const rows = J.length / SIZE;
      const data = Float64Array.from({ length: rows }, (_, i) =>
        flat.reduce((sum, v, k) => sum + v * J[i * SIZE + k], 0),
      );
      return { data, shape: [rows / C, C] };
    },
    taps,
    offsets,
  };
}
