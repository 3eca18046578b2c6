/** A recipe whose tensor bytes cross to workers once, however many workers there are. */
import type { TangentRecipe } from "../model/types.ts";
import { share, sharesMemory } from "../runtime/index.ts";

export function shareRecipe(recipe: TangentRecipe): TangentRecipe {
  const tensors = Object.fromEntries(
    Object.entries(recipe.model.tensors).map(([name, tensor]) => {
      // A view of a larger buffer would be cloned with the whole buffer.
      const whole = tensor.bytes.byteLength === tensor.bytes.buffer.byteLength;
      const bytes = sharesMemory ? share(tensor.bytes) : whole ? tensor.bytes : tensor.bytes.slice();
      return [name, { ...tensor, bytes }];
    }),
  );
  return { ...recipe, model: { ...recipe.model, tensors } };
}
