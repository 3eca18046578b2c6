/**
 * MiniLM (BERT, post-norm, erf GELU) with mean pooling and a linear head, written with the operations of tfjs-core: the peer of
 * bench/models.ts on tfjs-backend-wasm. f and the gradients by tf.valueAndGrads, no padding.
 */
import { setThreadsCount } from "@tensorflow/tfjs-backend-wasm";
import * as tf from "@tensorflow/tfjs-core";
import type {} from "@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops.js";
import { build } from "esbuild";

export interface Sizes {
  texts: number;
  positions: number;
  layers: number;
  heads: number;
  epsilon: number;
}
export type Weights = Record<string, { data: Float32Array; shape: number[] }>;

/** The parts of the wasm backend that kernels of one's own need; its types are not exported. */
interface Heap {
  typedArrayFromHeap(tensor: tf.TensorInfo): Float32Array | Int32Array;
  makeOutput(shape: number[], dtype: tf.DataType): tf.TensorInfo;
}

/** What the entry for Node leaves out. Its other modules name each other as bundlers alone understand; registries are global. */
async function registerGradients(): Promise<void> {
  const parts = ["register_all_gradients", "public/chained_ops/register_all_chained_ops"];
  const contents = parts.map((part) => `import "@tensorflow/tfjs-core/dist/${part}.js";`).join("");
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: import.meta.dirname },
    bundle: true,
    write: false,
    format: "esm",
  });
  await import(`data:text/javascript,${encodeURIComponent(outputFiles[0].text)}`);
}

/** The gradient of a gather, which tfjs-backend-wasm lacks: rows of x added up by their ids. */
function registerSegmentSum(): void {
  tf.registerKernel({
    kernelName: "UnsortedSegmentSum",
    backendName: "wasm",
    kernelFunc({ inputs, attrs, backend }) {
      const heap = backend as unknown as Heap;
      const { x, segmentIds } = inputs as Record<string, tf.TensorInfo>;
      const width = x.shape.slice(1).reduce((a, b) => a * b, 1);
      const out = heap.makeOutput([attrs!["numSegments"] as number, ...x.shape.slice(1)], x.dtype);
      const [rows, ids] = [heap.typedArrayFromHeap(x), heap.typedArrayFromHeap(segmentIds)];
      const sums = heap.typedArrayFromHeap(out).fill(0);
      for (let r = 0; r < ids.length; r++) {
        const [from, to] = [r * width, ids[r] * width];
        for (let f = 0; f < width; f++) sums[to + f] += rows[from + f];
      }
      return out;
    },
  });
}

/**
 * Its product is fast for A·B alone: 20 times slower with a factor transposed. Where `explicit.transposes` is set the factor is
 * transposed first; the gradients of a product need both.
 */
function registerProduct(explicit: { transposes: boolean }): void {
  const plain = tf.getKernel("BatchMatMul", "wasm");
  const turn = tf.getKernel("Transpose", "wasm");
  tf.unregisterKernel("BatchMatMul", "wasm");
  tf.registerKernel({
    ...plain,
    kernelFunc(call) {
      if (!explicit.transposes) return plain.kernelFunc(call);
      const { inputs, attrs, backend } = call;
      const made: tf.TensorInfo[] = [];
      const straight = (x: tf.TensorInfo, transpose: unknown) => {
        if (!transpose) return x;
        const perm = x.shape.map((_, axis) => axis);
        perm.push(...perm.splice(-2).reverse());
        made.push(turn.kernelFunc({ inputs: { x }, attrs: { perm }, backend }) as tf.TensorInfo);
        return made.at(-1)!;
      };
      const factors = inputs as Record<string, tf.TensorInfo>;
      const out = plain.kernelFunc({
        inputs: {
          a: straight(factors["a"], attrs!["transposeA"]),
          b: straight(factors["b"], attrs!["transposeB"]),
        },
        attrs: { transposeA: false, transposeB: false },
        backend,
      });
      for (const { dataId } of made) (backend as tf.KernelBackend).disposeData(dataId);
      return out;
    },
  });
}

/** Texts at a time: its memory ends at 2 GiB, which the activations of 64 texts of 64 tokens exceed. */
export const PART = 16;

/** One thread. `run` gives f (n × C) and Jᵀu by the names of the weights, the gradients of the parts added up. */
export async function createPeer(weights: Weights, ids: Int32Array, u: Float32Array, sizes: Sizes) {
  await registerGradients();
  setThreadsCount(1);
  await tf.setBackend("wasm");
  registerSegmentSum();
  const explicit = { transposes: false };
  registerProduct(explicit);
  const names = Object.keys(weights);
  const values = names.map((name) => tf.tensor(weights[name].data, weights[name].shape));
  const { texts: n, positions: T } = sizes;
  const [rows, C] = [PART * T, u.length / n];
  const places = tf.tensor1d(
    Int32Array.from({ length: rows }, (_, r) => r % T),
    "int32",
  );
  const types = tf.zeros<tf.Rank.R1>([rows], "int32");
  const parts = Array.from({ length: n / PART }, (_, p) => ({
    words: tf.tensor1d(ids.subarray(p * rows, (p + 1) * rows), "int32"),
    cotangent: tf.tensor(u.subarray(p * PART * C, (p + 1) * PART * C), [PART, C]),
  }));
  function gradientOf({ words, cotangent }: (typeof parts)[number]) {
    const gradient = tf.valueAndGrads((...given: tf.Tensor[]) => {
      const of = Object.fromEntries(names.map((name, i) => [name, given[i]]));
      return forward(of, { words, places, types }, { ...sizes, texts: PART });
    });
    return tf.tidy(() => gradient(values, cotangent));
  }
  return {
    version: tf.version_core,
    /** `only`: so many of the parts. */
    async run(
      transposes: boolean,
      only = parts.length,
    ): Promise<{ f: Float32Array; gradients: Record<string, Float32Array> }> {
      explicit.transposes = transposes;
      const f = new Float32Array(n * C);
      let sums: tf.Tensor[] | undefined;
      for (const [p, part] of parts.slice(0, only).entries()) {
        const { value, grads } = gradientOf(part);
        f.set((await value.data()) as Float32Array, p * PART * C);
        const before = sums;
        sums = before ? before.map((sum, i) => tf.add(sum, grads[i])) : grads;
        tf.dispose([value, ...(before ? [...before, ...grads] : [])]);
      }
      const gradients: Record<string, Float32Array> = {};
      for (const [i, name] of names.entries()) gradients[name] = (await sums![i].data()) as Float32Array;
      tf.dispose(sums);
      return { f, gradients };
    },
  };
}

function forward(
  weights: Record<string, tf.Tensor>,
  { words, places, types }: Record<"words" | "places" | "types", tf.Tensor1D>,
  { texts: n, positions: T, layers, heads, epsilon }: Sizes,
): tf.Tensor {
  const table = (name: string, ids: tf.Tensor1D) => tf.gather(weights[`embeddings.${name}.weight`], ids);
  const norm = (x: tf.Tensor, name: string) => {
    const { mean, variance } = tf.moments(x, -1, true);
    const scaled = x.sub(mean).div(variance.add(epsilon).sqrt());
    return scaled.mul(weights[`${name}.weight`]).add(weights[`${name}.bias`]);
  };
  const dense = (x: tf.Tensor, name: string) =>
    tf.matMul(x, weights[`${name}.weight`], false, true).add(weights[`${name}.bias`]);
  const gelu = (x: tf.Tensor) => x.mul(x.div(Math.SQRT2).erf().add(1)).mul(0.5);
  let x = norm(
    table("word_embeddings", words)
      .add(table("position_embeddings", places))
      .add(table("token_type_embeddings", types)),
    "embeddings.LayerNorm",
  );
  const d = x.shape[1]!;
  const split = (rows: tf.Tensor) => rows.reshape([n, T, heads, d / heads]).transpose([0, 2, 1, 3]);
  for (let l = 0; l < layers; l++) {
    const at = (name: string) => `encoder.layer.${l}.${name}`;
    const [q, k, v] = ["query", "key", "value"].map((name) => split(dense(x, at(`attention.self.${name}`))));
    const p = tf.softmax(tf.matMul(q, k, false, true).div(Math.sqrt(d / heads)));
    const context = tf
      .matMul(p, v)
      .transpose([0, 2, 1, 3])
      .reshape([n * T, d]);
    const a = norm(x.add(dense(context, at("attention.output.dense"))), at("attention.output.LayerNorm"));
    const inner = gelu(dense(a, at("intermediate.dense")));
    x = norm(a.add(dense(inner, at("output.dense"))), at("output.LayerNorm"));
  }
  return dense(x.reshape([n, T, d]).mean(1), "head");
}
