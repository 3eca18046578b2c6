/**
 * What training knows of what it trains. Letters: m texts of a batch, C outputs, θ parameters by the checkpoint's tensor names.
 */
import type { Parameter } from "../model/index.ts";
import type { Tensor } from "../numerics/array.ts";
import type { Batch } from "../text/index.ts";
import type { LossName } from "./loss.ts";

export type Floats = Float32Array | Float64Array;
export type Values = Record<string, Floats>;

/** A map f(x; θ) ∈ R^C that can be differentiated and moved: the network itself, or its tangent at θ₀. */
export interface Trainable {
  /** C. */
  readonly outputs: number;
  readonly parameters: readonly Parameter[];
  /** f(x; θ): (m × C). */
  forward(batch: Batch): Promise<Tensor>;
  /**
   * f (m × C) and Jᵀu for u = `cotangent`(f) (m × C), by tensor name, in one forward and one backward pass. Tensors without a wanted
   * parameter are absent; in one with some, the places of the others hold zeros.
   */
  pullback(
    batch: Batch,
    cotangent: (f: Tensor) => Tensor,
    wanted?: (parameter: Parameter) => boolean,
  ): Promise<Pulled>;
  /** Copies of θ, by tensor name: those named, or all. */
  values(names?: readonly string[]): Promise<Values>;
  /** θ ← values, for the tensors that are named. */
  assign(values: Values): Promise<void>;
  /** Threads that have the same θ, for passes that run at once (spread.ts); absent: passes run here, one after the other. */
  readonly crew?: Crew;
}

/** What a pass descends: the sum of the losses of its texts, divided by the texts of the whole step. */
export interface Goal {
  loss: LossName;
  targets: Float64Array; // (m × C)
  texts: number;
}

export interface Pulled {
  outputs: Tensor; // (m × C)
  gradients: Values;
}

/** Passes on the first thread that is free. */
export interface Crew {
  readonly workers: number;
  forward(batch: Batch): Promise<Tensor>;
  descend(batch: Batch, goal: Goal, wanted: (parameter: Parameter) => boolean): Promise<Pulled>;
}

/** Texts and what f should be on them. */
export interface LabelledSet {
  batch: Batch;
  targets: Float64Array; // (n × C), one-hot or a distribution
}
