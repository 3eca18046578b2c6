/**
 * One step of gradient descent on the mean loss over some texts: the gradient summed over the passes, then every trained tensor moved.
 * Held: one copy of the trained tensors, of their gradients, and the optimizer's state.
 */
import { complaint, DataError } from "../errors.ts";
import { type Parameter, putStored, takeStored } from "../model/index.ts";
import { type Batch, pickTexts } from "../text/index.ts";
import { inOrder } from "./inOrder.ts";
import { type Loss, lossOf } from "./loss.ts";
import type { Optimizer } from "./optimizer.ts";
import { cutPieces, pickTargets, widthOf } from "./pieces.ts";
import type { Floats, Goal, LabelledSet, Pulled, Trainable, Values } from "./types.ts";

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

/** f and the gradient of the goal, in the caller's thread. */
export function descend(
  trainable: Trainable,
  batch: Batch,
  { loss, targets, texts }: Goal,
  wanted: (parameter: Parameter) => boolean,
): Promise<Pulled> {
  return trainable.pullback(batch, (f) => lossOf(loss).cotangent(f, targets, texts), wanted);
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
  const { outputs: C, crew } = trainable;
  const outputs = new Float64Array(rows.length * C);
  let [sum, filled] = [0, 0];
  let gradients: Values | undefined;
  const pull = async (piece: readonly number[]) => {
    signal?.throwIfAborted();
    const goal = { loss: loss.name, targets: pickTargets(targets, C, piece), texts: rows.length };
    const texts = pickTexts(batch, piece);
    const pulled = await (crew ? crew.descend(texts, goal, wanted) : descend(trainable, texts, goal, wanted));
    return { ...pulled, goal };
  };
  for await (const pulled of inOrder(cutPieces(batch, { rows, textsAPass }), widthOf(crew), pull)) {
    sum += loss.sum(pulled.outputs, pulled.goal.targets);
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
