/** Adapters away from B = 0, in float64, so that they can be differentiated numerically. */
import { widen } from "../../src/checkpoint/index.ts";
import type { Adapter, ModelRecipe } from "../../src/model/types.ts";
import { randomStream } from "../../src/random.ts";

export function floatsOf(tensor: ModelRecipe["tensors"][string]) {
  if (!("bytes" in tensor)) throw new Error("the tensor is in its file");
  return Float64Array.from(widen(tensor.dtype, tensor.bytes));
}

const mapTensors = (
  adapter: Adapter,
  change: (name: string, data: Float64Array<ArrayBuffer>) => Float64Array<ArrayBuffer>,
) => ({
  ...adapter,
  tensors: Object.fromEntries(
    Object.entries(adapter.tensors).map(([name, tensor]) => {
      const data = change(name, floatsOf(tensor));
      return [name, { dtype: "F64" as const, shape: tensor.shape, bytes: new Uint8Array(data.buffer) }];
    }),
  ),
});

/** Everything Gaussian of standard deviation 0.2. */
export function randomizedAdapter(adapter: Adapter, seed = 9): Adapter {
  const { gaussian } = randomStream(seed);
  return mapTensors(adapter, (_, data) => data.map(() => 0.2 * gaussian()));
}

export const movedAdapter = (
  adapter: Adapter,
  direction: Record<string, Float64Array>,
  step: number,
): Adapter => mapTensors(adapter, (name, data) => data.map((value, i) => value + step * direction[name][i]));
