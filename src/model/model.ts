/** A pretrained network on a backend, built from its recipe: config.json and the stored tensors. */
import { CallError, complaint } from "../errors.ts";
import type { Backend, DeviceTensor } from "../numerics/backend.ts";
import { architectureOf } from "./architectures.ts";
import { attachAdapter, withWholeTensors } from "./lora.ts";
import type { Network } from "./network.ts";
import { packBatch, unpackRows } from "./packing.ts";
import { checkpointReadout } from "./readouts/checkpoint.ts";
import { headReadout } from "./readouts/head.ts";
import { promptReadout } from "./readouts/prompt.ts";
import type { Readout } from "./readouts/readout.ts";
import { runForward, startPass } from "./run.ts";
import { residentShelf } from "./shelf.ts";
import { createTangentModel } from "./tangent.ts";
import type { Model, ModelRecipe, ReadoutSpec, TangentModel, TangentRecipe } from "./types.ts";
import { uploadWeights } from "./weights.ts";
import { wordLogits } from "./wordLogits.ts";

type Floats = Float32Array | Float64Array;

/**
 * Uploads the weights. `dispose` frees them and those of the model's readouts; the backend stays the caller's.
 * Throws DataError on an unknown architecture and on tensors that are missing, misshapen or not finite.
 */
export function modelFromRecipe(recipe: ModelRecipe, backend: Backend): Model {
  const { config, tensors, adapter } = recipe;
  const { name, architecture } = architectureOf(config);
  const table = architecture.tensorTable(config);
  const weights = uploadWeights(
    backend,
    adapter ? withWholeTensors(tensors, adapter, table) : tensors,
    table,
  );
  const owned: DeviceTensor[] = [...weights.values()].map((weight) => weight.value);
  try {
    if (adapter) owned.push(...attachAdapter(backend, weights, adapter, config));
  } catch (error) {
    backend.release(owned);
    throw error;
  }
  const network = architecture.buildNetwork(config, weights);
  const shelf = residentShelf(backend);
  // What a worker rebuilds it from is the stored tensors alone, whatever else came with them.
  const own: ModelRecipe = { config, tensors, ...(adapter && { adapter }) };

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
      return createTangentModel(backend, network, readout, shelf, own, [...weights.values()]);
    },

    dispose() {
      backend.release(owned.splice(0));
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
