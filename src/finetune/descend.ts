/**
 * One step of gradient descent on the mean loss over some texts: the gradient summed over the passes, then every trained tensor moved.
 * Held: one copy of the trained tensors, of their gradients, and the optimizer's state.
 */
import { complaint, DataError } from "../errors.ts";
import { type Parameter, putStored, takeStored } from "../model/index.ts";
import { pickTexts } from "../text/index.ts";
import type { Loss } from "./loss.ts";
import type { Optimizer } from "./optimizer.ts";
import { cutPieces, pickTargets } from "./pieces.ts";
import type { Floats, LabelledSet, Trainable, Values } from "./types.ts";

/** Tensors with a wanted parameter, and their parts that stay where they are. */
export interface Trained {
  tensors: string[];
  /** Parts of trained tensors that are not trained (GPT-2 keeps q, k and v in one tensor). */
  frozen: Parameter[];
}

const tensorOf = (parameter: Parameter) => parameter.stored?.tensor ?? parameter.name;

export function trainedTensors(
  parameters: readonly Parameter[],
  wanted: (parameter: Parameter) => boolean,
): Trained {
  const tensors = [...new Set(parameters.filter(wanted).map(tensorOf))];
  const inside = new Set(tensors);
  return {
    tensors,
    frozen: parameters.filter((parameter) => !wanted(parameter) && inside.has(tensorOf(parameter))),
  };
}

/** Mean loss over `rows` at θ, f there (m × C) and the gradient of the loss. */
export async function lossAndGradient(
  trainable: Trainable,
  { batch, targets }: LabelledSet,
  rows: readonly number[],
  {
    loss,
    wanted,
    textsAPass,
    signal,
  }: {
    loss: Loss;
    wanted: (parameter: Parameter) => boolean;
    textsAPass?: number;
    signal?: AbortSignal;
  },
): Promise<{ loss: number; outputs: Float64Array; gradients: Values }> {
  const C = trainable.outputs;
  const outputs = new Float64Array(rows.length * C);
  let [sum, filled] = [0, 0];
  let gradients: Values | undefined;
  for (const piece of cutPieces(batch, { rows, textsAPass })) {
    signal?.throwIfAborted();
    const y = pickTargets(targets, C, piece);
    const pulled = await trainable.pullback(
      pickTexts(batch, piece),
      (f) => loss.cotangent(f, y, rows.length),
      wanted,
    );
    sum += loss.sum(pulled.outputs, y);
    outputs.set(pulled.outputs.data, filled);
    filled += pulled.outputs.data.length;
    if (!gradients) gradients = pulled.gradients;
    else for (const [name, more] of Object.entries(pulled.gradients)) addTo(gradients[name], more);
  }
  return { loss: sum / rows.length, outputs, gradients: gradients ?? {} };
}

function addTo(sum: Floats, more: Floats): void {
  for (let i = 0; i < sum.length; i++) sum[i] += more[i];
}

/** θ ← θ moved by step t = 1, 2, … in `values`, which the trainable then takes. */
export async function moveAll(
  trainable: Trainable,
  values: Values,
  gradients: Values,
  {
    trained,
    optimizer,
    learningRate,
    t,
  }: { trained: Trained; optimizer: Optimizer; learningRate: number; t: number },
): Promise<void> {
  const kept = trained.frozen.map(
    (parameter) =>
      [parameter, takeStored(values[tensorOf(parameter)], parameter.shape, parameter.stored!)] as const,
  );
  for (const name of trained.tensors) {
    const gradient = gradients[name];
    if (!gradient) throw new DataError(complaint("gradient", `one of ${name}`, "none"));
    optimizer.move(name, values[name], gradient, learningRate, t);
  }
  for (const [parameter, part] of kept)
    putStored(values[tensorOf(parameter)], part, parameter.shape, parameter.stored!);
  await trainable.assign(values);
}
