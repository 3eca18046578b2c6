/**
 * What a network is to the code that runs it: an embedding, a chain of stages on packed rows, and a table of output words.
 * An architecture is one file that wires layers into this shape, and one table of tensor names.
 *
 * Every layer and stage has forward, vjp and jvp side by side:
 *   forward  y = F(x; θ), with what the derivatives need of it (`saved`)
 *   vjp      cotangents of y (copies·N × ·) → cotangents of x; the parameters' share goes to `pass.taps`
 *   jvp      tangents of x (copies·N × ·; null where they are zero) and of θ → tangents of y
 */
import type { Backend, DeviceTensor, Segments } from "../numerics/backend.ts";
import type { AttentionPlan } from "./layers/attention.ts";
import type { EmbeddingLayer } from "./layers/embedding.ts";
import type { LinearLayer } from "./layers/linear.ts";
import type { LowRank } from "./layers/lora.ts";
import type { TransformLayer } from "./layers/transform.ts";
import type { PackedBatch } from "./packing.ts";
import type { WeightShelf } from "./shelf.ts";
import type { Parameter, Pool, Tap } from "./types.ts";

/** A parameter and its value on the backend: there in a step that asked the shelf for it. */
export interface Weight {
  parameter: Parameter;
  value: DeviceTensor;
  /** What an adapter adds to it, of a linear layer. */
  lora?: LowRank;
}

/** One run over one packed batch. */
export interface Pass {
  backend: Backend;
  packed: PackedBatch;
  /** Rows of each example, N in all. */
  examples: Segments;
  attention: AttentionPlan;
  weights: WeightShelf;
}

/** `copies` cotangent blocks share one forward run: row c·N + r is that of copy c and packed row r. */
export interface BackwardPass extends Pass {
  copies: number;
  wants(parameter: Parameter): boolean;
  /** Where layers put the taps of wanted parameters; the tensors in it outlive the stage. */
  taps: Tap[];
}

/** `copies` tangents share one forward run: row c·N + r is that of copy c and packed row r. */
export interface TangentPass extends Pass {
  copies: number;
  /** The tangents of a weight, in its shape, of several copies one after the other: (copies·out × in), (copies × F). Null where zero. */
  tangent(weight: Weight): DeviceTensor | null;
  /** Rows of a table's tangents (copies·R × d), or a vector's numbers (copies × R). */
  tangentRows(weight: Weight, ids: Int32Array): DeviceTensor | null;
}

/** Rows in (N × d), rows out. Written with method syntax, so that stages of different `Saved` fit in one list. */
export interface Stage<Saved = unknown> {
  name: string; // "layer 5"
  parameters: readonly Parameter[];
  forward(pass: Pass, x: DeviceTensor): { output: DeviceTensor; saved: Saved };
  /** With `needInput` false only the taps are wanted, and the result is null. */
  vjp(pass: BackwardPass, saved: Saved, d: DeviceTensor, needInput: boolean): DeviceTensor | null;
  jvp(pass: TangentPass, saved: Saved, xDot: DeviceTensor | null): DeviceTensor | null;
}

/** f = W·z + b, z the pooled state or its transform. */
export interface Classifier {
  pool: Pool;
  transform?: TransformLayer;
  output: LinearLayer; // (C × d)
}

interface NetworkSizes {
  hiddenSize: number; // d
  contextLength: number;
  vocabularySize: number; // V
  heads: number;
  /** Heads of keys and values; as many as `heads` where absent. */
  keyHeads?: number;
  /** Features of a head; hiddenSize / heads where absent. */
  headSize?: number;
  /** Token types it tells apart; absent: none. */
  tokenTypes?: number;
}

export interface Network {
  sizes: NetworkSizes;
  parameters: readonly Parameter[];
  embedding: EmbeddingLayer;
  /** From the embeddings up to the final hidden states, last normalisation included. */
  stages: readonly Stage[];
  /** Output words (V × d): the embedding's own table where they are tied. Absent: the checkpoint has no language-model head. */
  words?: Weight;
  /** Of masked-language models: what stands between the final states and the words. Their words are read at a mask. */
  masked?: { transform: TransformLayer; bias: Weight /* (V) */ };
  /** The classifier stored in the checkpoint. */
  classifier?: Classifier;
}

/** Sum of two tangents, either of which may be zero (null). `b` must be fresh: the sum may be made in its place. */
export function addTangents(
  backend: Backend,
  a: DeviceTensor | null,
  b: DeviceTensor | null,
): DeviceTensor | null {
  if (!a || !b) return a ?? b;
  backend.addInto(b, a);
  return b;
}
