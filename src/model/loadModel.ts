/** From a folder, a map of files, or a recipe to a model. */
import { isPlaced, type OpenOptions, openAdapter, openCheckpoint, readTensor } from "../checkpoint/index.ts";
import { CallError, complaint } from "../errors.ts";
import type { Backend } from "../numerics/backend.ts";
import { createBackend } from "../numerics/createBackend.ts";
import { modelFromRecipe } from "./model.ts";
import { chooseWeights, type MemoryOptions, staysInFiles, type Target } from "./plan.ts";
import type { Adapter, Model, ModelRecipe } from "./types.ts";

/** A folder in Hugging Face layout, a .gguf file, hub:owner/name, files by name, or what `Model.recipe` holds. */
export type ModelSource = Parameters<typeof openCheckpoint>[0] | ModelRecipe;

/** `signal`, `onProgress` and `hub` are for models that are fetched. */
export interface LoadModelOptions extends MemoryOptions, Omit<OpenOptions, "share"> {
  /** Absent: a fresh `wasm` backend, which `Model.dispose` then frees with the model; so with a name. */
  backend?: Backend | "wasm" | "reference";
  /** LoRA beside the weights: a folder in PEFT's layout, its files by name, or what `createAdapter` makes. */
  adapter?: AdapterSource;
}

export type AdapterSource = Parameters<typeof openAdapter>[0] | Adapter;

/** Throws CallError for a source that is no model folder, DataError for a checkpoint that is unfit (see `modelFromRecipe`). */
export async function loadModel(source: ModelSource, options: LoadModelOptions = {}): Promise<Model> {
  checkSource("loadModel", source, "a folder, a map of files or a recipe");
  const { backend = "wasm", adapter } = options;
  const stored = isRead(source)
    ? source
    : await openCheckpoint(source, { ...options, inPlace: staysInFiles(options, backend) });
  const base = await settle(stored, options, backend);
  const recipe = adapter === undefined ? base : { ...base, adapter: await readAdapter(adapter) };
  if (typeof backend !== "string") return modelFromRecipe(recipe, backend);
  const own = await createBackend(backend);
  try {
    const model = modelFromRecipe(recipe, own);
    return { ...model, dispose: () => own.dispose() };
  } catch (error) {
    own.dispose();
    throw error;
  }
}

/** The recipe in the mode that was asked for, or that memory allows, with its weights where that mode wants them. */
async function settle(recipe: ModelRecipe, options: MemoryOptions, backend: Target): Promise<ModelRecipe> {
  const { mode } = chooseWeights(recipe, { weights: recipe.mode, ...options }, backend);
  const entries = Object.entries(recipe.tensors);
  if (mode === "streaming") {
    if (entries.some(([, tensor]) => isPlaced(tensor))) return { ...recipe, mode };
    throw new CallError(
      complaint(
        "loadModel, weights",
        "a folder or Blobs, for weights that stay in their files",
        "bytes in memory",
        "layered, which keeps them as they are",
      ),
    );
  }
  const tensors: ModelRecipe["tensors"] = {};
  for (const [name, tensor] of entries) {
    const { dtype, shape } = tensor;
    tensors[name] = isPlaced(tensor) ? { dtype, shape, bytes: await readTensor(name, tensor) } : tensor;
  }
  return { ...recipe, tensors, mode };
}

function checkSource(where: string, source: unknown, expected: string): void {
  if (typeof source === "string" || (typeof source === "object" && source !== null)) return;
  throw new CallError(complaint(where, expected, `${source}`));
}

async function readAdapter(source: AdapterSource): Promise<Adapter> {
  checkSource("loadModel, adapter", source, "a folder, a map of files or an adapter");
  const { config, tensors } = isRead(source) ? source : await openAdapter(source);
  return { config, tensors };
}

/** What a folder was read to: of a model, or of an adapter. */
function isRead<S>(source: S): source is Extract<S, { config: unknown; tensors: unknown }> {
  const { config, tensors } = source as { config?: unknown; tensors?: unknown };
  const isMap = (value: unknown) => Object.prototype.toString.call(value) === "[object Object]";
  return isMap(config) && isMap(tensors);
}
