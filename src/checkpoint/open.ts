/**
 * A checkpoint in Hugging Face layout: config.json, model.safetensors (or its shards with model.safetensors.index.json) and,
 * where there are, tokenizer.json and tokenizer_config.json; from a folder or from a map of name → bytes. Or one .gguf file,
 * which holds all of that, by its path or as the only file of that kind in a folder without safetensors. A folder may be a model on
 * the Hugging Face hub, whose files are fetched as they are needed.
 */
import { CallError, complaint, DataError } from "../errors.ts";
import {
  asObject,
  type ByteSource,
  type FileMap,
  type Folder,
  type FolderOptions,
  fileSource,
  isHubName,
  type JsonOptions,
  openFolder,
  parseJson,
  readAll,
} from "../runtime/index.ts";
import { isFloat } from "./dtypes.ts";
import { readGguf } from "./gguf.ts";
import { ggufConfig, hubName, rowsOf } from "./ggufModel.ts";
import { ggufTokenizer } from "./ggufTokenizer.ts";
import type { CheckpointTensor, TensorInfo, WeightTensor } from "./places.ts";
import { placeTensors, readTensors, type WeightPlace } from "./readTensors.ts";
import { readSafetensorsHeader, type TensorPlace } from "./safetensors.ts";

const WEIGHTS = "model.safetensors";
const INDEX = "model.safetensors.index.json";
const LAYOUT = `config.json, tokenizer.json and ${WEIGHTS} (or its shards with ${INDEX})`;

export interface Checkpoint<T extends WeightTensor = CheckpointTensor> {
  config: Record<string, unknown>; // config.json
  tensors: Record<string, T>;
  /** Tensors of integers, which are masks and positions and not weights: left in the file. */
  ignored: string[];
  tokenizerJson?: Record<string, unknown>;
  tokenizerConfig?: Record<string, unknown>;
  /** The folder, or "files given". */
  source: string;
  /** SHA-256 over the SHA-256 of every tensor with its name, dtype and shape, by name: the same however it is sharded. */
  fingerprint: string;
}

export interface OpenOptions extends FolderOptions {
  /** Put the weights on a SharedArrayBuffer, where there is one, so that workers need no copies. */
  share?: boolean;
}

export interface PlaceOptions extends OpenOptions {
  /**
   * Leave the weights in their files, to be read when they are needed (`readTensor`); a function decides that from what the headers
   * say. They are read once all the same, for the fingerprint. Files given as bytes stay as they are, without a copy.
   */
  inPlace: boolean | ((config: Record<string, unknown>, tensors: Record<string, TensorInfo>) => boolean);
}

/**
 * Reads it whole. CallError for a path that is not a folder and a model the hub does not have; DataError, naming the file, for one that is missing from it,
 * for unreadable JSON (with line and column), and for weights that are not as their header says.
 */
export async function openCheckpoint(source: string | FileMap, options?: OpenOptions): Promise<Checkpoint>;
export async function openCheckpoint(
  source: string | FileMap,
  options: PlaceOptions,
): Promise<Checkpoint<WeightTensor>>;
export async function openCheckpoint(
  source: string | FileMap,
  options: OpenOptions & Partial<PlaceOptions> = {},
): Promise<Checkpoint<WeightTensor>> {
  if (typeof source === "string" && source.endsWith(".gguf") && !isHubName(source)) {
    return openGguf(await fileSource(source), options);
  }
  const folder = await openFolder(source, LAYOUT, options);
  const gguf = onlyGguf(folder);
  if (gguf !== undefined) return openGguf(await folder.open(gguf), options);
  // Small files first: where fetching the large ones is interrupted, what is in the cache has all that goes with them.
  const config = await readObject(folder, "config.json");
  const tokenizerJson = folder.has("tokenizer.json") && (await readObject(folder, "tokenizer.json"));
  const tokenizerConfig =
    folder.has("tokenizer_config.json") && (await readObject(folder, "tokenizer_config.json"));
  const places = await findTensors(folder);
  const { tensors, fingerprint } = await takeTensors(config, places.flatMap(weightOf), options);
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

/** The .gguf file of a folder without safetensors; CallError where it has several to choose from. */
function onlyGguf({ name, files, has }: Folder): string | undefined {
  if (has(WEIGHTS) || has(INDEX)) return undefined;
  const found = files.filter((file) => file.endsWith(".gguf"));
  if (found.length <= 1) return found[0];
  const first = isHubName(name) ? name.replace(/@.*$/, `/${found[0]}`) : `${name}/${found[0]}`;
  throw new CallError(complaint(name, "one .gguf file", some(found), `the one that is meant, like ${first}`));
}

function takeTensors(
  config: Record<string, unknown>,
  weights: WeightPlace[],
  { share = false, inPlace = false }: OpenOptions & Partial<PlaceOptions>,
): Promise<Pick<Checkpoint<WeightTensor>, "tensors" | "fingerprint">> {
  const headers = () =>
    Object.fromEntries(weights.map(({ name, place: { dtype, shape } }) => [name, { dtype, shape }]));
  const stay = typeof inPlace === "function" ? inPlace(config, headers()) : inPlace;
  return stay ? placeTensors(weights) : readTensors(weights, share);
}

async function openGguf(
  source: ByteSource,
  options: OpenOptions & Partial<PlaceOptions>,
): Promise<Checkpoint<WeightTensor>> {
  const { name } = source;
  const header = await readGguf(source);
  const config = ggufConfig(name, header);
  const tokenizerJson = ggufTokenizer(name, header.metadata);
  const weights = [...header.tensors]
    .map(([tensor, place]): WeightPlace => {
      const order = rowsOf(name, tensor, place, config);
      return { name: hubName(name, tensor), source, place, ...(order && { order }) };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const { tensors, fingerprint } = await takeTensors(config, weights, options);
  return {
    config,
    tensors,
    ignored: [],
    ...(tokenizerJson && { tokenizerJson }),
    source: name,
    fingerprint,
  };
}

/** The place of a tensor of floats; nothing for one of integers. */
function weightOf({ name, source, place }: FoundTensor): WeightPlace[] {
  return isFloat(place.dtype) ? [{ name, source, place: { ...place, dtype: place.dtype } }] : [];
}

async function open(folder: Folder, file: string): Promise<ByteSource> {
  if (folder.has(file)) return folder.open(file);
  throw new DataError(
    `${folder.name}: expected ${file} in it, got ${listed(folder)}; a model folder holds ${LAYOUT}`,
  );
}

function listed(folder: Folder): string {
  return folder.files.length === 0 ? "no files" : some(folder.files);
}

const some = (names: readonly string[]) =>
  names.slice(0, 12).join(", ") + (names.length > 12 ? ` and ${names.length - 12} more` : "");

async function readObject(
  folder: Folder,
  file: string,
  options: JsonOptions = {},
): Promise<Record<string, unknown>> {
  const source = await open(folder, file);
  return asObject(parseJson(await readAll(source), source.name, options), source.name);
}

interface FoundTensor {
  name: string;
  file: string;
  source: ByteSource;
  place: TensorPlace;
}

/** Every tensor of the model and the file it is in, by name. */
async function findTensors(folder: Folder): Promise<FoundTensor[]> {
  const sharded = !folder.has(WEIGHTS) && folder.has(INDEX);
  const index = sharded ? await readIndex(folder) : undefined;
  const found = new Map<string, FoundTensor>();
  const files = index ? [...new Set(index.values())] : [WEIGHTS];
  const absent = files.filter((file) => !folder.has(file));
  if (absent.length > 0) {
    const pickled = folder.files.some((file) => /^pytorch_model.*\.bin$/.test(file));
    throw new DataError(
      `${folder.name}: expected ${some(absent)} in it, got ${listed(folder)}; a model folder holds ${LAYOUT}${pickled ? "; pickled weights (.bin) are not read: save the model as safetensors" : ""}`,
    );
  }
  for (const file of files) {
    const source = await open(folder, file);
    for (const [name, place] of Object.entries((await readSafetensorsHeader(source)).tensors)) {
      const twin = found.get(name);
      if (twin) throw new DataError(`${source.name}: tensor ${name} is in ${twin.source.name} as well`);
      if (!isFloat(place.dtype) && place.dtype.startsWith("F8")) {
        throw new DataError(
          `${source.name}: tensor ${name}: expected F64, F32, F16 or BF16 weights, got ${place.dtype}; convert them to BF16`,
        );
      }
      found.set(name, { name, file, source, place });
    }
  }
  const lacking = [...(index ?? [])].filter(([name]) => !found.has(name));
  if (lacking.length > 0) {
    const promised = some(lacking.map(([name, file]) => `tensor ${name} in ${file}`));
    throw new DataError(`${folder.name}: ${INDEX} promises ${promised}, which the shards lack`);
  }
  const elsewhere = [...(index ?? [])].flatMap(([name, file]) => {
    const shard = found.get(name)!.file;
    return shard === file ? [] : [`tensor ${name} in ${file}, which is in ${shard}`];
  });
  if (elsewhere.length > 0) {
    throw new DataError(`${folder.name}: ${INDEX} promises ${some(elsewhere)}; it belongs to other shards`);
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** weight_map of the index: tensor → shard. */
async function readIndex(folder: Folder): Promise<Map<string, string>> {
  const { weight_map: map } = await readObject(folder, INDEX, { uniqueKeys: true });
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
