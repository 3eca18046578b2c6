/** A pretrained network on a backend, built from its recipe: config.json and the stored tensors. */
import { CallError, complaint } from "../errors.ts";
import { sizeOf } from "../numerics/array.ts";
import type { Backend, DeviceTensor } from "../numerics/backend.ts";
import { architectureOf } from "./architectures.ts";
import type { Network } from "./network.ts";
import { packBatch, unpackRows } from "./packing.ts";
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
  const width = backend.precision === "f64" ? 8 : 4;
  backend.reserve(width * table.entries.reduce((sum, { shape }) => sum + sizeOf(shape), 0));
  const weights = uploadWeights(backend, tensors, table);
  const network = architecture.buildNetwork(config, weights);
  const owned: DeviceTensor[] = [...weights.values()].map((weight) => weight.value);
  // What a worker rebuilds it from is the stored tensors alone, whatever else came with them.
  const own: ModelRecipe = { config, tensors };

  return {
    config,
    architecture: name,
    parameters: network.parameters,
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
      const made = backend.scope(() => {
        const hidden = runForward(pass, network);
        if (!logits) return { hidden };
        return { hidden, logits: backend.matmul(hidden, network.words.value, { transposeB: true }) };
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

function makeReadout(backend: Backend, network: Network, spec: ReadoutSpec): Readout {
  switch (spec.kind) {
    case "head":
      return headReadout(backend, spec, network.sizes.hiddenSize);
    case "prompt":
      return promptReadout(spec, network);
    default:
      throw new CallError(complaint("readout, kind", "head or prompt", JSON.stringify(spec satisfies never)));
  }
}
