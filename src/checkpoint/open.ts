/**
 * A checkpoint in Hugging Face layout: config.json, model.safetensors (or its shards with model.safetensors.index.json) and,
 * where there are, tokenizer.json and tokenizer_config.json; from a folder or from a map of name → bytes.
 */
import { DataError } from "../errors.ts";
import {
  asObject,
  type ByteSource,
  type FileMap,
  type Folder,
  openFolder,
  parseJson,
  readAll,
  sha256,
} from "../runtime/index.ts";
import { type FloatDType, isFloat } from "./dtypes.ts";
import { readSafetensorsHeader, type TensorPlace } from "./safetensors.ts";

const WEIGHTS = "model.safetensors";
const INDEX = "model.safetensors.index.json";
const LAYOUT = `config.json, tokenizer.json and ${WEIGHTS} (or its shards with ${INDEX})`;

export interface CheckpointTensor {
  dtype: FloatDType;
  shape: number[];
  /** Little-endian; see `widen`. On shared memory with `share`. */
  bytes: Uint8Array;
}

export interface Checkpoint {
  config: Record<string, unknown>; // config.json
  tensors: Record<string, CheckpointTensor>;
  /** Tensors of integers, which are masks and positions and not weights: left in the file. */
  ignored: string[];
  tokenizerJson?: Record<string, unknown>;
  tokenizerConfig?: Record<string, unknown>;
  /** The folder, or "files given". */
  source: string;
  /** SHA-256 over the SHA-256 of every tensor with its name, dtype and shape, by name: the same however it is sharded. */
  fingerprint: string;
}

export interface OpenOptions {
  /** Put the weights on a SharedArrayBuffer, where there is one, so that workers need no copies. */
  share?: boolean;
}

/**
 * Reads it whole. CallError for a path that is not a folder; DataError, naming the file, for one that is missing from it,
 * for unreadable JSON (with line and column), and for weights that are not as their header says.
 */
export async function openCheckpoint(
  source: string | FileMap,
  options: OpenOptions = {},
): Promise<Checkpoint> {
  const folder = await openFolder(source, LAYOUT);
  const config = await readObject(folder, "config.json");
  const places = await findTensors(folder);
  const { tensors, fingerprint } = await readTensors(places, options.share ?? false);
  const tokenizerJson = folder.has("tokenizer.json") && (await readObject(folder, "tokenizer.json"));
  const tokenizerConfig =
    folder.has("tokenizer_config.json") && (await readObject(folder, "tokenizer_config.json"));
  return {
    config,
    tensors,
    ignored: places.filter(({ place }) => !isFloat(place.dtype)).map(({ name }) => name),
    ...(tokenizerJson && { tokenizerJson }),
    ...(tokenizerConfig && { tokenizerConfig }),
    source: folder.name,
    fingerprint,
  };
}

async function open(folder: Folder, file: string): Promise<ByteSource> {
  if (folder.has(file)) return folder.open(file);
  throw new DataError(
    `${folder.name}: expected ${file} in it, got ${listed(folder)}; a model folder holds ${LAYOUT}`,
  );
}

function listed(folder: Folder): string {
  const { files } = folder;
  if (files.length === 0) return "no files";
  return files.slice(0, 12).join(", ") + (files.length > 12 ? ` and ${files.length - 12} more` : "");
}

async function readObject(folder: Folder, file: string): Promise<Record<string, unknown>> {
  const source = await open(folder, file);
  return asObject(parseJson(await readAll(source), source.name), source.name);
}

interface FoundTensor {
  name: string;
  source: ByteSource;
  place: TensorPlace;
}

/** Every tensor of the model and the file it is in, by name. */
async function findTensors(folder: Folder): Promise<FoundTensor[]> {
  const sharded = !folder.has(WEIGHTS) && folder.has(INDEX);
  const index = sharded ? await readIndex(folder) : undefined;
  const found = new Map<string, FoundTensor>();
  for (const file of index ? new Set(index.values()) : [WEIGHTS]) {
    const source = await open(folder, file);
    for (const [name, place] of Object.entries((await readSafetensorsHeader(source)).tensors)) {
      const twin = found.get(name);
      if (twin) throw new DataError(`${source.name}: tensor ${name} is in ${twin.source.name} as well`);
      if (!isFloat(place.dtype) && place.dtype.startsWith("F8")) {
        throw new DataError(
          `${source.name}: tensor ${name}: expected F64, F32, F16 or BF16 weights, got ${place.dtype}; convert them to BF16`,
        );
      }
      found.set(name, { name, source, place });
    }
  }
  for (const [name, file] of index ?? []) {
    if (!found.has(name)) {
      throw new DataError(`${folder.name}: ${INDEX} promises tensor ${name} in ${file}, which lacks it`);
    }
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** weight_map of the index: tensor → shard. */
async function readIndex(folder: Folder): Promise<Map<string, string>> {
  const { weight_map: map } = await readObject(folder, INDEX);
  const entries = Object.entries(asObject(map, `${folder.name}: ${INDEX}: weight_map`));
  return new Map(
    entries.map(([tensor, file]) => {
      // A shard lies beside its index: a name with a path in it would leave the folder.
      if (typeof file !== "string" || /[/\\]/.test(file)) {
        throw new DataError(
          `${folder.name}: ${INDEX}: tensor ${tensor}: expected the name of a file, got ${JSON.stringify(file)}`,
        );
      }
      return [tensor, file] as const;
    }),
  );
}

/** Bytes of the float tensors, one after the other in one block where they are shared. */
async function readTensors(
  found: FoundTensor[],
  share: boolean,
): Promise<{ tensors: Record<string, CheckpointTensor>; fingerprint: string }> {
  const floats = found.filter(({ place }) => isFloat(place.dtype));
  const room = (place: TensorPlace) => Math.ceil((place.end - place.start) / 8) * 8; // keeps every tensor aligned
  const block =
    share && typeof SharedArrayBuffer !== "undefined"
      ? new SharedArrayBuffer(floats.reduce((sum, { place }) => sum + room(place), 0))
      : undefined;
  const tensors: [string, CheckpointTensor][] = [];
  const lines: string[] = [];
  let at = 0;
  for (const { name, source, place } of floats) {
    const own = await source.read(place.start, place.end);
    // Hashed before it is shared: Web Crypto does not take shared memory.
    lines.push(JSON.stringify([name, place.dtype, place.shape, await sha256(own)]));
    let bytes: Uint8Array = own;
    if (block) {
      bytes = new Uint8Array(block, at, own.length);
      bytes.set(own);
      at += room(place);
    }
    tensors.push([name, { dtype: place.dtype as FloatDType, shape: place.shape, bytes }]);
  }
  const fingerprint = await sha256(new TextEncoder().encode(lines.join("\n")));
  return { tensors: Object.fromEntries(tensors), fingerprint };
}
