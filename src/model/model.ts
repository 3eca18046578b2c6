/** A pretrained network on a backend, built from its recipe: config.json and the stored tensors. */
import { CallError, complaint } from "../errors.ts";
import type { Backend, DeviceTensor } from "../numerics/backend.ts";
import { architectureOf } from "./architectures.ts";
import { lendingShelf } from "./lending.ts";
import { attachAdapter, withWholeTensors } from "./lora.ts";
import type { Network } from "./network.ts";
import { packBatch, unpackRows } from "./packing.ts";
import { planOf } from "./plan.ts";
import { checkpointReadout } from "./readouts/checkpoint.ts";
import { headReadout } from "./readouts/head.ts";
import { promptReadout } from "./readouts/prompt.ts";
import type { Readout } from "./readouts/readout.ts";
import { runForward, startPass } from "./run.ts";
import { residentShelf } from "./shelf.ts";
import { createTangentModel } from "./tangent.ts";
import type { Model, ModelRecipe, ReadoutSpec, TangentModel, TangentRecipe } from "./types.ts";
import { declareWeights, uploadWeights, weightsOf } from "./weights.ts";
import { wordLogits } from "./wordLogits.ts";

type Floats = Float32Array | Float64Array;

/**
 * Uploads the weights, or lends them to each step of a run as the recipe's mode says. `dispose` frees them and those of the model's
 * readouts; the backend stays the caller's.
 * Throws DataError on an unknown architecture and on tensors that are missing, misshapen or not finite
 * (of weights that are lent: when they are first used).
 */
export function modelFromRecipe(recipe: ModelRecipe, backend: Backend): Model {
  const { config, tensors, adapter, mode = "resident" } = recipe;
  const { name, architecture } = architectureOf(config);
  const table = architecture.tensorTable(config);
  const all = adapter ? withWholeTensors(tensors, adapter, table) : tensors;
  const declared = declareWeights(all, table);
  const slots = [...declared.values()];
  const weights = weightsOf(declared);
  if (mode === "resident") uploadWeights(backend, slots, all);
  const shelf = mode === "resident" ? residentShelf(backend, slots) : lendingShelf(backend, slots, all);
  const owned: DeviceTensor[] = []; // of adapters and readouts
  try {
    if (adapter) owned.push(...attachAdapter(backend, weights, adapter, config));
  } catch (error) {
    shelf.dispose();
    throw error;
  }
  const network = architecture.buildNetwork(config, weights);
  const plan = planOf(shelf.mode, network, slots, all, backend.precision);
  // What a worker rebuilds it from is the stored tensors alone, whatever else came with them.
  const own: ModelRecipe = {
    config,
    tensors,
    ...(adapter && { adapter }),
    ...(mode !== "resident" && { mode }),
  };

  return {
    config,
    architecture: name,
    parameters: network.parameters,
    readouts: readoutsOf(network),
    masked: network.masked !== undefined,
    classifierOutputs: network.classifier?.output.weight.parameter.shape[0] ?? null,
    contextLength: network.sizes.contextLength,
    hiddenSize: network.sizes.hiddenSize,
    vocabularySize: network.sizes.vocabularySize,
    backend,
    recipe: own,
    plan,

    async forward(batch, { logits = true, ...long } = {}) {
      const packed = packBatch(batch, network.sizes);
      const [n, T] = batch.shape;
      const { hiddenSize: d, vocabularySize: V } = network.sizes;
      const pass = startPass(backend, network, packed, shelf);
      const unpack = (rows: Floats, F: number) => ({
        data: unpackRows(rows, packed, T, F),
        shape: [n, T, F],
      });
      const states = await runForward(pass, network, long);
      try {
        const hidden = unpack(await backend.read(states), d);
        if (!logits || !network.words) return { hidden };
        return { hidden, logits: unpack(await wordLogits(pass, network, network.words, states), V) };
      } finally {
        backend.release(states);
      }
    },

    readout(spec) {
      const readout = makeReadout(backend, network, spec);
      owned.push(...readout.own.map((weight) => weight.value));
      return createTangentModel(backend, network, readout, shelf, { recipe: own, plan }, [
        ...weights.values(),
      ]);
    },

    dispose() {
      backend.release(owned.splice(0));
      shelf.dispose();
    },
  };
}

/** The same model with the same readout, on another backend or thread; its weights go with the backend. */
export function tangentFromRecipe(recipe: TangentRecipe, backend: Backend): TangentModel {
  const model = modelFromRecipe(recipe.model, backend);
  try {
    return model.readout(recipe.readout);
  } catch (error) {
    model.dispose();
    throw error;
  }
}

function readoutsOf({ words, classifier }: Network): ReadoutSpec["kind"][] {
  return ["head", ...(words ? (["prompt"] as const) : []), ...(classifier ? (["checkpoint"] as const) : [])];
}

function makeReadout(backend: Backend, network: Network, spec: ReadoutSpec): Readout {
  const has = readoutsOf(network);
  switch (spec.kind) {
    case "head":
      return headReadout(backend, spec, network.sizes.hiddenSize);
    case "prompt":
      if (network.words) return promptReadout(spec, network, network.words);
      break;
    case "checkpoint":
      if (network.classifier) return checkpointReadout(network.classifier);
      break;
    default:
      spec satisfies never;
  }
  const { kind } = spec as { kind: unknown };
  throw new CallError(complaint("readout, kind", `one this model has: ${has.join(", ")}`, `${kind}`));
}
