/** A recipe whose tensor bytes cross to workers once, however many workers there are. */

import { share, sharesMemory } from "../runtime/index.ts";
import type { TangentRecipe } from "./types.ts";

export function shareRecipe(recipe: TangentRecipe): TangentRecipe {
  const { adapter } = recipe.model;
  const model = {
    ...recipe.model,
    tensors: shareTensors(recipe.model.tensors),
    ...(adapter && { adapter: { ...adapter, tensors: shareTensors(adapter.tensors) } }),
  };
  return { ...recipe, model };
}

function shareTensors<T extends TangentRecipe["model"]["tensors"]>(tensors: T): T {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => {
      if (!("bytes" in tensor)) return [name, tensor]; // each worker reads it for itself
      // A view of a larger buffer would be cloned with the whole buffer.
      const whole = tensor.bytes.byteLength === tensor.bytes.buffer.byteLength;
      const bytes = sharesMemory ? share(tensor.bytes) : whole ? tensor.bytes : tensor.bytes.slice();
      return [name, { ...tensor, bytes }];
    }),
  );
}
