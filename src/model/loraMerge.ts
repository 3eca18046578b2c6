/**
 * W' = W + s·B·A: an adapter's factors in the weights themselves, so that a model without it computes the same, to the rounding of
 * the stored type. Quantised weights become F32. O(r·in·out) a layer.
 */
import { isPlaced, narrow, widen } from "../checkpoint/index.ts";
import { CallError, complaint } from "../errors.ts";
import { architectureOf } from "./architectures.ts";
import { type AdaptedModule, adaptedModules, withWholeTensors } from "./lora.ts";
import { bareName } from "./loraModules.ts";
import type { Adapter, ModelRecipe, Parameter, StoredTensors } from "./types.ts";

/** What of a model merging asks: `Model` has it. */
export interface Mergeable {
  recipe: ModelRecipe;
  parameters: readonly Parameter[];
}

/** The recipe of the merged model. CallError where the model has no adapter, DataError where a weight leaves its type's range. */
export function mergeAdapter({ recipe, parameters }: Mergeable): ModelRecipe {
  const { config, tensors, adapter, mode } = recipe;
  if (!adapter) throw new CallError(complaint("mergeAdapter", "a model with an adapter", "one without"));
  const table = architectureOf(config).architecture.tensorTable(config);
  const base = withWholeTensors(tensors, adapter, table);
  const merged = shifted(base, adapter, { config, parameters }, 1);
  return { config, tensors: merged, ...(mode && { mode }) };
}

/**
 * W = W' − s·B·A: the base weights again, to rounding, of a model that `adapter` was merged into. What the adapter had brought whole
 * (biases, modules_to_save) took the place of numbers that are gone: then a CallError.
 */
export function unmergeAdapter({ recipe, parameters }: Mergeable, adapter: Adapter): ModelRecipe {
  const { config, tensors, mode } = recipe;
  const table = architectureOf(config).architecture.tensorTable(config);
  if (withWholeTensors(tensors, adapter, table) !== tensors) {
    throw new CallError(
      complaint(
        "unmergeAdapter",
        "an adapter of factors alone",
        "one that brings whole tensors",
        "the base model",
      ),
    );
  }
  const base = shifted(tensors, adapter, { config, parameters }, -1);
  return { config, tensors: base, ...(mode && { mode }) };
}

function shifted(
  tensors: ModelRecipe["tensors"],
  adapter: Adapter,
  model: { config: Record<string, unknown>; parameters: readonly Parameter[] },
  sign: 1 | -1,
): ModelRecipe["tensors"] {
  const table = architectureOf(model.config).architecture.tensorTable(model.config);
  const names = new Map(Object.keys(tensors).map((name) => [bareName(table, name), name]));
  const moved = adaptedModules(adapter, model).map((adapted): [string, StoredTensors[string]] => {
    const name = names.get(`${adapted.module.bare}.weight`)!;
    const stored = tensors[name];
    if (isPlaced(stored)) {
      throw new CallError(
        complaint(
          "merging an adapter",
          "weights in memory",
          `${name} in its file`,
          'loadModel with weights: "layered"',
        ),
      );
    }
    const { dtype, shape, bytes } = stored;
    const data = Float64Array.from(widen(dtype, bytes));
    addProduct(data, adapter.tensors, adapted, sign * adapted.scale);
    const kept = dtype === "F64" || dtype === "F16" || dtype === "BF16" ? dtype : "F32";
    return [name, { dtype: kept, shape, bytes: narrow(kept, data) }];
  });
  return { ...tensors, ...Object.fromEntries(moved) };
}

/** W += factor·B·A, W (out × in) or, transposed, (in × out). */
function addProduct(
  W: Float64Array,
  tensors: StoredTensors,
  { module: { inputs, outputs, transposed }, A: nameA, B: nameB, rank }: AdaptedModule,
  factor: number,
): void {
  const A = widen(tensors[nameA].dtype, tensors[nameA].bytes); // (r × in)
  const B = widen(tensors[nameB].dtype, tensors[nameB].bytes); // (out × r)
  const [alongOut, alongIn] = transposed ? [1, outputs] : [inputs, 1];
  for (let o = 0; o < outputs; o++) {
    for (let i = 0; i < inputs; i++) {
      let sum = 0;
      for (let k = 0; k < rank; k++) sum += B[o * rank + k] * A[k * inputs + i];
      W[o * alongOut + i * alongIn] += factor * sum;
    }
  }
}
