/**
 * Typed arrays that several threads may read: on a SharedArrayBuffer where the runtime has it (posting it to a worker then
 * copies nothing), else left as they are (posting copies).
 */
import type { TangentRecipe } from "../model/types.ts";

type Shareable = Float32Array | Float64Array | Int32Array | Uint8Array;

const available = typeof SharedArrayBuffer !== "undefined";

/** The same numbers on shared memory; the array itself where they are already, or where there is none. */
export function share<A extends Shareable>(array: A): A {
  if (!available || array.buffer instanceof SharedArrayBuffer) return array;
  const Kind = array.constructor as new (buffer: SharedArrayBuffer) => A;
  const copy = new Kind(new SharedArrayBuffer(array.byteLength));
  copy.set(array as never);
  return copy;
}

/** A recipe whose tensor bytes cross to workers once, however many workers there are. */
export function shareRecipe(recipe: TangentRecipe): TangentRecipe {
  const tensors = Object.fromEntries(
    Object.entries(recipe.model.tensors).map(([name, tensor]) => {
      // A view of a larger buffer would be cloned with the whole buffer.
      const whole = tensor.bytes.byteLength === tensor.bytes.buffer.byteLength;
      const bytes = available ? share(tensor.bytes) : whole ? tensor.bytes : tensor.bytes.slice();
      return [name, { ...tensor, bytes }];
    }),
  );
  return { ...recipe, model: { ...recipe.model, tensors } };
}
