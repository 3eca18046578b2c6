/** A checkpoint → a folder in Hugging Face layout that `openCheckpoint` and transformers read: config.json and model.safetensors. */
import { complaint, DataError } from "../errors.ts";
import { joinPath, makeFolder, writeFileAtomic } from "../runtime/index.ts";
import { isQuantized } from "./dequantize/index.ts";
import type { Checkpoint } from "./open.ts";
import type { StoredTensor } from "./safetensors.ts";
import { writeSafetensors } from "./writeSafetensors.ts";

/**
 * Makes the folder where it is not there; each file is written whole or not at all, the tokenizer's where they are given.
 * DataError for quantised weights, which safetensors cannot hold.
 */
export async function writeCheckpoint(
  path: string,
  checkpoint: Pick<Checkpoint, "config" | "tensors" | "tokenizerJson" | "tokenizerConfig">,
): Promise<void> {
  const { config, tensors, tokenizerJson, tokenizerConfig } = checkpoint;
  const stored: [string, StoredTensor][] = Object.entries(tensors).map(([name, { dtype, ...rest }]) => {
    if (!isQuantized(dtype)) return [name, { dtype, ...rest }];
    throw new DataError(complaint(`tensor ${name}`, "F64, F32, F16 or BF16 to write", dtype));
  });
  const file = writeSafetensors(Object.fromEntries(stored), { format: "pt" });
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
