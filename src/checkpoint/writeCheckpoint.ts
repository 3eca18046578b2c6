/** A checkpoint → a folder in Hugging Face layout that `openCheckpoint` and transformers read: config.json and model.safetensors. */
import { complaint, DataError } from "../errors.ts";
import { joinPath, makeFolder, writeFileAtomic } from "../runtime/index.ts";
import { isQuantized } from "./dequantize/index.ts";
import type { Checkpoint } from "./open.ts";
import { readTensor, type WeightTensor } from "./places.ts";
import type { StoredTensor } from "./safetensors.ts";
import { writeSafetensors } from "./writeSafetensors.ts";

/**
 * Makes the folder where it is not there; each file is written whole or not at all, the tokenizer's where they are given.
 * DataError for quantised weights, which safetensors cannot hold.
 */
export async function writeCheckpoint(
  path: string,
  checkpoint: Pick<Checkpoint, "config" | "tokenizerJson" | "tokenizerConfig"> & {
    tensors: Record<string, WeightTensor>;
  },
): Promise<void> {
  const { config, tensors, tokenizerJson, tokenizerConfig } = checkpoint;
  const file = writeSafetensors(await storable(tensors), { format: "pt" });
  await makeFolder(path);
  await writeFileAtomic(joinPath(path, "model.safetensors"), file);
  const texts = {
    "tokenizer.json": tokenizerJson,
    "tokenizer_config.json": tokenizerConfig,
    "config.json": config,
  };
  for (const [name, value] of Object.entries(texts)) {
    if (value) await writeFileAtomic(joinPath(path, name), `${JSON.stringify(value, null, 2)}\n`);
  }
}

/** Tensors as safetensors can hold them, read where they are in files; DataError for quantised ones. */
export async function storable(tensors: Record<string, WeightTensor>): Promise<Record<string, StoredTensor>> {
  const stored: [string, StoredTensor][] = [];
  for (const [name, tensor] of Object.entries(tensors)) {
    const { dtype, shape } = tensor;
    if (isQuantized(dtype)) {
      throw new DataError(complaint(`tensor ${name}`, "F64, F32, F16 or BF16 to write", dtype));
    }
    stored.push([name, { dtype, shape, bytes: await readTensor(name, tensor) }]);
  }
  return Object.fromEntries(stored);
}
