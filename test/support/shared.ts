/** ../shared: models and float64 reference values. Absent outside the workshop: say so and skip. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { FloatDType, IntegerDType } from "../../src/checkpoint/index.ts";
import { readSafetensors, widen, widenIntegers } from "../../src/checkpoint/index.ts";
import type { Batch } from "../../src/text/batch.ts";

const shared = join(import.meta.dirname, "../../../shared");

export const hasShared = existsSync(join(shared, "reference", "gpt-neo-tiny"));
if (!hasShared)
  console.warn("../shared is missing: cases with models and reference values from it are skipped");

export const referenceFolder = (name: string) => join(shared, "reference", name);
export const modelFolder = (name: string) => join(shared, "models", name);

export interface ReferenceTensor {
  shape: number[];
  data: Float32Array | Float64Array | Int32Array;
}

/** All tensors of a safetensors file of reference values; asking for one that is not there throws. */
export async function readReference(path: string): Promise<(name: string) => ReferenceTensor> {
  const file = readFileSync(path);
  const { tensors } = await readSafetensors({
    name: path,
    size: file.length,
    read: async (start, end) => new Uint8Array(file.subarray(start, end)),
  });
  return (name) => {
    const tensor = tensors[name];
    if (!tensor) throw new Error(`${path} has no tensor ${name}`);
    const { dtype, shape, bytes } = tensor;
    const data = /^(F|BF)/.test(dtype)
      ? widen(dtype as FloatDType, bytes)
      : widenIntegers(dtype as IntegerDType, bytes);
    return { shape, data };
  };
}

export const floats = ({ data, shape }: ReferenceTensor) => ({ data: Float64Array.from(data), shape });

/** `input_ids` and `attention_mask` of a reference file as a batch. */
export function batchOf(reference: (name: string) => ReferenceTensor, suffix = ""): Batch {
  const ids = reference(`input_ids${suffix}`);
  return {
    inputIds: Int32Array.from(ids.data),
    attentionMask: Uint8Array.from(reference(`attention_mask${suffix}`).data),
    shape: ids.shape as [number, number],
  };
}
