/** A pretrained network on a backend, built from its recipe: config.json and the stored tensors. */
import { CallError, complaint } from "../errors.ts";
import type { Backend, DeviceTensor } from "../numerics/backend.ts";
import { architectureOf } from "./architectures.ts";
import * as transforming from "./layers/transform.ts";
import type { Network, Pass, Weight } from "./network.ts";
import { packBatch, unpackRows } from "./packing.ts";
import { checkpointReadout } from "./readouts/checkpoint.ts";
import { headReadout } from "./readouts/head.ts";
import { promptReadout } from "./readouts/prompt.ts";
import type { Readout } from "./readouts/readout.ts";
import { runForward, startPass } from "./run.ts";
import { createTangentModel } from "./tangent.ts";
import type { Model, ModelRecipe, ReadoutSpec, TangentModel, TangentRecipe } from "./types.ts";
import { uploadWeights } from "./weights.ts";

/**
 * Uploads the weights. `dispose` frees them and those of the model's readouts; the backend stays the caller's.
 * Throws DataError on an unknown architecture and on tensors that are missing, misshapen or not finite.
 */
export function modelFromRecipe(recipe: ModelRecipe, backend: Backend): Model {
  const { config, tensors } = recipe;
  const { name, architecture } = architectureOf(config);
  const table = architecture.tensorTable(config);
  const weights = uploadWeights(backend, tensors, table);
  const network = architecture.buildNetwork(config, weights);
  const owned: DeviceTensor[] = [...weights.values()].map((weight) => weight.value);
  // What a worker rebuilds it from is the stored tensors alone, whatever else came with them.
  const own: ModelRecipe = { config, tensors };

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

    async forward(batch, { logits = true } = {}) {
      const packed = packBatch(batch, network.sizes);
      const [n, T] = batch.shape;
      const { hiddenSize: d, vocabularySize: V } = network.sizes;
      const pass = startPass(backend, network, packed);
      const made = backend.scope((): { hidden: DeviceTensor; logits?: DeviceTensor } => {
        const hidden = runForward(pass, network);
        if (!logits || !network.words) return { hidden };
        return { hidden, logits: wordLogits(pass, network, network.words, hidden) };
      });
      try {
        const unpack = async (tensor: DeviceTensor, F: number) => ({
          data: unpackRows(await backend.read(tensor), packed, T, F),
          shape: [n, T, F],
        });
        const hidden = await unpack(made.hidden, d);
        return made.logits ? { hidden, logits: await unpack(made.logits, V) } : { hidden };
      } finally {
        backend.release(made);
      }
    },

    readout(spec) {
      const readout = makeReadout(backend, network, spec);
      owned.push(...readout.own.map((weight) => weight.value));
      return createTangentModel(backend, network, readout, own);
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

/** Logits of every word at every row (N × V). */
function wordLogits(pass: Pass, { masked }: Network, words: Weight, hidden: DeviceTensor): DeviceTensor {
  const states = masked ? transforming.forward(pass, masked.transform, hidden).output : hidden;
  return pass.backend.matmul(states, words.value, { transposeB: true, bias: masked?.bias.value });
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
