/**
 * What the rest of the package knows of a network. Letters: n texts, C outputs, N = Σ real positions of a batch (padding is
 * left out before anything is computed), d hidden width.
 */
import type { CheckpointTensor, WeightTensor } from "../checkpoint/index.ts";
import type { Tensor } from "../numerics/array.ts";
import type { Backend, DeviceTensor } from "../numerics/backend.ts";
import type { LongOptions } from "../progress.ts";
import type { Batch } from "../text/batch.ts";

/**
 * Where the weights are while a model runs.
 *   resident   widened on the backend, all of them, from first to last
 *   layered    in memory as they are stored; those of one stage at a time on the backend
 *   streaming  in their files; those of one stage at a time read, widened and put on the backend
 * The results have the same bits in all three.
 */
export type WeightMode = "resident" | "layered" | "streaming";

/** Where a model's weights are, and what that costs one thread, in bytes. */
export interface WeightPlan {
  mode: WeightMode;
  /** As they are in their files. */
  stored: number;
  /** Of the weights that are on the backend at once, at most. */
  onBackend: number;
  /** Of the weights in memory, in all and at most: on the backend, as they are stored, and while they are being widened. */
  inMemory: number;
  /** Read from files for each pass over the network; tables of words by the rows that are used, which are not counted. */
  readPerPass: number;
}

/** Parts that split the parameters: every parameter is in exactly one. */
export type ParameterGroup =
  | "embedding"
  | "attention.q"
  | "attention.k"
  | "attention.v"
  | "attention.o"
  | "mlp"
  | "norm"
  | "head";

export interface Parameter {
  name: string; // the checkpoint's own; "h.0.attn.c_attn.weight[q]" for a part of a tensor that belongs to several groups
  shape: number[];
  group: ParameterGroup;
  /** Trained with an adapter: LoRA's factors, and whole tensors the adapter brings. */
  adapter?: boolean;
  /** Where it is, if it is a part of a tensor, or one stored as (in × out); absent: the tensor of its name. */
  stored?: StoredPlace;
}

/** The last axis of a tensor of the checkpoint, from `first` on; with `rows` the first one, laid out as the value is. */
export interface StoredPlace {
  tensor: string; // the checkpoint's name
  shape: number[]; // of the whole tensor
  first: number;
  rows?: boolean;
}

/** Where pooled state comes from: the mean over real positions, the last or the first of them. */
export type Pool = "mean" | "last" | "first";

export type ReadoutSpec =
  /** `scale` is s: a Gaussian head has variance s²/d; 1 where absent. */
  | { kind: "head"; outputs: number; init: "zero" | "gaussian"; pool: Pool; seed?: number; scale?: number }
  | { kind: "head"; weight: Tensor /* C×d */; bias: Tensor /* C */; pool: Pool }
  /**
   * Label words scored by the language model: after the last token or, in masked-language models, where the mask token stands:
   * the one token `maskId` of a text, or the places `at` (n, from 0) in the texts of the one batch the readout is then good for.
   * A batch's own `readAt` goes before both.
   */
  | { kind: "prompt"; labelIds: number[]; maskId?: number; at?: number[] }
  /** The classifier stored in the checkpoint. */
  | { kind: "checkpoint" };

/** Tensors by name, as they are stored. */
export type StoredTensors = Record<string, CheckpointTensor>;

/** A LoRA adapter in PEFT's layout (lora.ts). */
export interface Adapter {
  config: Record<string, unknown>; // adapter_config.json
  tensors: StoredTensors; // "base_model.model.….lora_A.weight"
}

/** Everything another thread needs to rebuild a model: can be structured-cloned, or shared where the buffers are shared. */
export interface ModelRecipe {
  config: Record<string, unknown>; // config.json
  /** In memory, or, for a model that streams, places in files. */
  tensors: Record<string, WeightTensor>;
  adapter?: Adapter;
  /** "resident" where absent. */
  mode?: WeightMode;
}

/** The same for a model with its readout; random heads are given by their values. */
export interface TangentRecipe {
  model: ModelRecipe;
  readout: Extract<ReadoutSpec, { weight: Tensor }> | Extract<ReadoutSpec, { kind: "prompt" | "checkpoint" }>;
}

/**
 * What the gradient of one parameter is made of, per example and output. Rows of a gradient block are copy-major:
 * row c·R + r belongs to output c and row r of the packed block.
 */
export type Tap =
  /** Weight of a linear layer: gradient of example i, output c is Σ over its rows of gradient ⊗ input (orientation does not matter to inner products). */
  | {
      kind: "linear";
      parameter: Parameter;
      // A layer after pooling has one row an example: n in place of N.
      input: DeviceTensor; // (N × d_in)
      gradient: DeviceTensor; // (C·N × d_out)
    }
  /** A vector (bias, norm scale or shift): its per-example gradient, whole. */
  | { kind: "vector"; parameter: Parameter; gradient: DeviceTensor /* (C·n × F) */ }
  /** Rows of a table (embeddings): entry r adds gradient row (c, r) to table row ids[r], on behalf of example examples[r]. */
  | {
      kind: "rows";
      parameter: Parameter;
      ids: Int32Array; // (R)
      examples: Int32Array; // (R), ascending
      gradient: DeviceTensor; // (C·R × F)
    };

/** Taps of one stage of the backward pass, from the readout down to the embeddings. The receiver releases `taps`. */
export interface TapStage {
  name: string; // "readout", "layer 5", …, "embedding"
  taps: Tap[];
}

/** The gradient of one tensor of the checkpoint, in its shape; of several cotangents, one after the other. */
export interface TensorGradient {
  name: string;
  shape: number[];
  data: Float32Array | Float64Array;
}

/** Several cotangents or tangents in one pass: `copies` of them stacked along the first axis, 1 where absent. They share one forward run. */
export interface Stacked {
  copies?: number;
}

/** A network seen as the map f(x; θ) ∈ R^C and its derivative at θ₀. All that gradients/ and ntk/ know of a model. */
export interface TangentModel {
  /** P, the number of parameters counted once. */
  readonly size: number;
  /** C. */
  readonly outputs: number;
  readonly parameters: readonly Parameter[];
  readonly backend: Backend;
  /** As the parameters are now. */
  readonly recipe: TangentRecipe;
  /** Copies of θ, by tensor of the checkpoint: those named, or all. */
  values(names?: readonly string[]): Promise<Record<string, Float32Array | Float64Array>>;
  /**
   * θ ← values, for the tensors that are named: the expansion point moves, and with it every readout of the model that shares them.
   * Held beside the weights: a copy of every tensor ever named. Throws CallError on another name or size, and where weights are not resident.
   */
  assign(values: Record<string, Float32Array | Float64Array>): Promise<void>;
  readonly plan: WeightPlan;
  /** f(x; θ₀): (n × C). Here and below progress counts stages of the network, and an abort takes effect between two. */
  forward(batch: Batch, options?: LongOptions): Promise<Tensor>;
  /** Jᵀu, u the cotangent (n × C): one array per tensor of the checkpoint (parts of one together), keyed by name; zero arrays where the readout does not use it. */
  vjp(
    batch: Batch,
    cotangent: Tensor,
    options?: LongOptions,
  ): Promise<Record<string, Float32Array | Float64Array>>;
  /**
   * The same one tensor at a time, each as soon as the backward pass is done with it (those the readout does not use last): for
   * models whose gradients do not fit in memory together. Of several cotangents (copies·n × C) the gradients (copies × the tensor);
   * `wanted` as in `pullback`.
   */
  gradients(
    batch: Batch,
    cotangent: Tensor,
    options?: LongOptions & Stacked & { wanted?: (parameter: Parameter) => boolean },
  ): AsyncIterable<TensorGradient>;
  /**
   * f (n × C) and Jᵀu for the cotangent u (n × C) that `cotangent` makes of f, in one forward and one backward pass: a step of gradient
   * descent. By tensor name; tensors without a wanted parameter are absent, in one with some the places of the others hold zeros.
   */
  pullback(
    batch: Batch,
    cotangent: (f: Tensor) => Tensor,
    wanted?: (parameter: Parameter) => boolean,
    options?: LongOptions,
  ): Promise<{ outputs: Tensor; gradients: Record<string, Float32Array | Float64Array> }>;
  /**
   * J v, v by tensor name as in `vjp` (missing names are zero): (n × C). Of several tangents, (copies × the tensor) under each name,
   * (copies·n × C).
   */
  jvp(
    batch: Batch,
    tangent: Record<string, Float32Array | Float64Array>,
    options?: LongOptions & Stacked,
  ): Promise<Tensor>;
  /**
   * The per-example taps of all C outputs at once, stage by stage, in one forward and one backward pass; or, with `combinations`
   * (K × C), of the K functions Σ_c combinations[k, c]·f_c: "C" of a tap is then K. Parameters for which `wanted` says no give no
   * tap. Between stages only the forward activations and one cotangent block are held. A batch that does not fit the model throws
   * at once.
   * Stages that vanish identically (everything below a zero head) are left out.
   */
  taps(
    batch: Batch,
    wanted?: (parameter: Parameter) => boolean,
    options?: LongOptions & { combinations?: Float64Array },
  ): AsyncIterable<TapStage>;
  /** Sequences of the packed batch: row offsets of the examples, (n + 1). */
  offsets(batch: Batch): Int32Array;
}

/** Passes over the network's weights: the backward pass of `vjp` and `taps` runs each stage forward again, in the same visit. */
export const PASSES = { forward: 1, jvp: 1, vjp: 2, taps: 2 } as const;

export interface Model {
  readonly config: Record<string, unknown>;
  readonly architecture: string; // "gpt_neo"
  readonly parameters: readonly Parameter[];
  /** The kinds of readout it can have. */
  readonly readouts: readonly ReadoutSpec["kind"][];
  /** Whether label words are read at a mask token, not after the text. */
  readonly masked: boolean;
  /** Outputs of the classifier stored in the checkpoint; null where there is none. */
  readonly classifierOutputs: number | null;
  /** Longest text it takes, in tokens. */
  readonly contextLength: number;
  readonly hiddenSize: number;
  readonly vocabularySize: number;
  readonly backend: Backend;
  readonly recipe: ModelRecipe;
  readonly plan: WeightPlan;
  /**
   * hidden: (n × T × d), 0 at padding; logits of the language model (n × T × V), 0 at padding, unless `logits` is false or the
   * checkpoint has no language-model head.
   */
  forward(
    batch: Batch,
    options?: { logits?: boolean } & LongOptions,
  ): Promise<{ hidden: Tensor; logits?: Tensor }>;
  readout(spec: ReadoutSpec): TangentModel;
  /** Frees the weights, those of its readouts too. */
  dispose(): void;
}
