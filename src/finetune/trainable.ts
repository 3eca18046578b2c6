/** What is trained of a network: itself, or its tangent at θ₀; with an offset taken off the outputs, or as they are. */
import type { TangentModel } from "../model/index.ts";
import { linearised } from "./linearised.ts";
import { withOffset } from "./offset.ts";
import type { Trainable } from "./types.ts";

export interface TrainableChoice {
  /** The tangent model at θ₀ in the network's place. */
  linearised?: boolean;
  /** (C) What is taken off f. */
  offset?: ArrayLike<number> | null;
}

export async function trainableOf(
  tangent: TangentModel,
  { linearised: flat, offset }: TrainableChoice,
): Promise<Trainable> {
  const base = flat ? await linearised(tangent) : tangent;
  return offset ? withOffset(base, offset) : base;
}
