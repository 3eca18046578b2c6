/** From a folder, a map of files, or a recipe to a model. */
import { type OpenOptions, openCheckpoint } from "../checkpoint/index.ts";
import { CallError, complaint } from "../errors.ts";
import type { Backend } from "../numerics/backend.ts";
import { createBackend } from "../numerics/createBackend.ts";
import { modelFromRecipe } from "./model.ts";
import type { Model, ModelRecipe } from "./types.ts";

/** A folder in Hugging Face layout, a .gguf file, hub:owner/name, files by name, or what `Model.recipe` holds. */
export type ModelSource = Parameters<typeof openCheckpoint>[0] | ModelRecipe;

/** `signal`, `onProgress` and `hub` are for models that are fetched. */
export interface LoadModelOptions extends Omit<OpenOptions, "share"> {
  /** Absent: a fresh `wasm` backend, which `Model.dispose` then frees with the model; so with a name. */
  backend?: Backend | "wasm" | "reference";
}

/** Throws CallError for a source that is no model folder, DataError for a checkpoint that is unfit (see `modelFromRecipe`). */
export async function loadModel(source: ModelSource, options: LoadModelOptions = {}): Promise<Model> {
  if (source === null || (typeof source !== "string" && typeof source !== "object")) {
    throw new CallError(complaint("loadModel", "a folder, a map of files or a recipe", `${source}`));
  }
  const recipe = isRecipe(source) ? source : await openCheckpoint(source, options);
  const { backend = "wasm" } = options;
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

function isRecipe(source: ModelSource): source is ModelRecipe {
  const { config, tensors } = source as Partial<ModelRecipe>;
  const isMap = (value: unknown) => Object.prototype.toString.call(value) === "[object Object]";
  return isMap(config) && isMap(tensors);
}
