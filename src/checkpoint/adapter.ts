/**
 * Adapters in PEFT's layout: adapter_config.json and adapter_model.safetensors, from a folder or from a map of name → bytes, and back
 * into a folder. What the two say is model/lora.ts's affair.
 */
import { DataError } from "../errors.ts";
import {
  asObject,
  type FileMap,
  joinPath,
  makeFolder,
  openFolder,
  parseJson,
  readAll,
  writeFileAtomic,
} from "../runtime/index.ts";
import { isFloat } from "./dtypes.ts";
import type { CheckpointTensor } from "./places.ts";
import { readTensors, type WeightPlace } from "./readTensors.ts";
import { readSafetensorsHeader } from "./safetensors.ts";
import { storable } from "./writeCheckpoint.ts";
import { writeSafetensors } from "./writeSafetensors.ts";

const CONFIG = "adapter_config.json";
const WEIGHTS = "adapter_model.safetensors";
const LAYOUT = `${CONFIG} and ${WEIGHTS}`;

export interface AdapterFiles {
  config: Record<string, unknown>; // adapter_config.json
  tensors: Record<string, CheckpointTensor>;
  /** The folder, or "files given". */
  source: string;
  /** As of a checkpoint: over all tensors, by name. */
  fingerprint: string;
}

/** CallError for a path that is no folder; DataError, naming the file, for one that is missing or unreadable. */
export async function openAdapter(source: string | FileMap): Promise<AdapterFiles> {
  const folder = await openFolder(source, LAYOUT);
  for (const file of [CONFIG, WEIGHTS]) {
    if (folder.has(file)) continue;
    const pickled = folder.has("adapter_model.bin") ? "; convert adapter_model.bin to safetensors" : "";
    const got = folder.files.slice(0, 12).join(", ") || "no files";
    throw new DataError(
      `${folder.name}: expected ${file} in it, got ${got}; an adapter's folder holds ${LAYOUT}${pickled}`,
    );
  }
  const text = await folder.open(CONFIG);
  const config = asObject(parseJson(await readAll(text), text.name), text.name);
  const weights = await folder.open(WEIGHTS);
  const places = Object.entries((await readSafetensorsHeader(weights)).tensors).map(
    ([name, place]): WeightPlace => {
      const { dtype } = place;
      if (isFloat(dtype)) return { name, source: weights, place: { ...place, dtype } };
      throw new DataError(
        `${weights.name}: tensor ${name}: expected F64, F32, F16 or BF16 weights, got ${dtype}`,
      );
    },
  );
  places.sort((a, b) => (a.name < b.name ? -1 : 1));
  return { config, ...(await readTensors(places, false)), source: folder.name };
}

/** Makes the folder where it is not there and writes both files, each whole or not at all; PEFT reads them. */
export async function writeAdapter(
  path: string,
  { config, tensors }: { config: Record<string, unknown>; tensors: Record<string, CheckpointTensor> },
): Promise<void> {
  const file = writeSafetensors(await storable(tensors), { format: "pt" });
  await makeFolder(path);
  await writeFileAtomic(joinPath(path, WEIGHTS), file);
  await writeFileAtomic(joinPath(path, CONFIG), `${JSON.stringify(config, null, 2)}\n`);
}
