/** What a layer needs to run alone: a packed batch of texts of these lengths, tangents by parameter name, a place for taps. */
import type { BackwardPass, Network, TangentPass, Weight } from "../../src/model/network.ts";
import { packBatch } from "../../src/model/packing.ts";
import { startPass } from "../../src/model/run.ts";
import { residentShelf } from "../../src/model/shelf.ts";
import type { ParameterGroup } from "../../src/model/types.ts";
import { sizeOf } from "../../src/numerics/array.ts";
import type { Backend, DeviceTensor } from "../../src/numerics/backend.ts";
import { randomStream } from "../../src/random.ts";
import { randomBatch } from "./tinyGptNeo.ts";

export interface LayerPass extends BackwardPass, TangentPass {
  /** Tangents of weights, by name; absent is zero. */
  tangents: Record<string, DeviceTensor>;
}

export function layerPass(
  backend: Backend,
  {
    lengths,
    copies = 1,
    hiddenSize = 4,
    heads = 1,
    keyHeads = heads,
  }: { lengths: number[]; copies?: number; hiddenSize?: number; heads?: number; keyHeads?: number },
): LayerPass {
  const sizes = { hiddenSize, heads, keyHeads, contextLength: 100, vocabularySize: 13 };
  const packed = packBatch(randomBatch(lengths), sizes);
  const tangents: Record<string, DeviceTensor> = {};
  return {
    ...startPass(backend, { sizes } as Network, packed, residentShelf(backend), copies),
    copies,
    wants: () => true,
    taps: [],
    tangents,
    tangent: ({ parameter }) => tangents[parameter.name] ?? null,
    tangentRows({ parameter }, ids) {
      const table = tangents[parameter.name];
      return table ? backend.gatherRows(table, backend.upload(ids, [ids.length])) : null;
    },
  };
}

/** The same pass for one tangent, whatever the copies of its pass back. */
export const single = (pass: LayerPass): LayerPass => ({
  ...pass,
  copies: 1,
  attention: { ...pass.attention, stacked: pass.attention.single },
});

/** Seeded normal numbers. */
export function randomArray(size: number, seed: number): Float64Array {
  const { gaussian } = randomStream(seed);
  return Float64Array.from({ length: size }, gaussian);
}

export const randomTensor = (backend: Backend, shape: number[], seed: number) =>
  backend.upload(randomArray(sizeOf(shape), seed), shape);

export function randomWeight(backend: Backend, name: string, shape: number[], seed: number): Weight {
  const group: ParameterGroup = "mlp";
  return { parameter: { name, shape, group }, value: randomTensor(backend, shape, seed) };
}
