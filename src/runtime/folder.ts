/**
 * A folder of files that may be a path (Node, Deno, Bun), a map of name → bytes or a model on the Hugging Face hub (anywhere):
 * what checkpoints and tokenizers are read from. Bytes come by range, so that a large file is never read whole.
 */
import { CallError, DataError } from "../errors.ts";
import type { LongOptions } from "../progress.ts";
import { exists, type FileStamp, fileStamp, listFolder, readRange } from "./files.ts";
import { isHubName } from "./hub/name.ts";
import type { HubOptions } from "./hub/settings.ts";
import { joinPath } from "./path.ts";

/** Random access to bytes that have a name for error messages. */
export interface ByteSource {
  readonly name: string;
  readonly size: number;
  /** Bytes [start, end), a fresh copy; DataError where there are fewer. */
  read(start: number, end: number): Promise<Uint8Array<ArrayBuffer>>;
  /** By which it can be read later and on another thread. Absent: it is bytes in memory. */
  readonly origin?: FileOrigin;
  /** Bytes [start, end) without a copy, of what is in memory. */
  view?(start: number, end: number): Uint8Array;
}

/** Can be structured-cloned. */
export type FileOrigin = { path: string; stamp: FileStamp } | { blob: Blob };

export type FileMap = Record<string, Blob | ArrayBuffer | Uint8Array>;

export interface Folder {
  readonly name: string;
  /** Names of what is in it, sorted. */
  readonly files: readonly string[];
  has(file: string): boolean;
  /** CallError where there is no such file. */
  open(file: string): Promise<ByteSource>;
}

/** Everything of a source at once. */
export const readAll = (source: ByteSource) => source.read(0, source.size);

export function bytesSource(name: string, value: Blob | ArrayBuffer | Uint8Array): ByteSource {
  const size = value instanceof Blob ? value.size : value.byteLength;
  const bytes = value instanceof ArrayBuffer ? new Uint8Array(value) : value;
  return {
    name,
    size,
    ...(bytes instanceof Blob
      ? { origin: { blob: bytes } }
      : { view: (start: number, end: number) => bytes.subarray(start, end) }),
    async read(start, end) {
      if (end > size) {
        throw new DataError(`${name}: expected bytes ${start} to ${end}, got a file of ${size} bytes`);
      }
      if (value instanceof Blob) return new Uint8Array(await value.slice(start, end).arrayBuffer());
      return value instanceof Uint8Array
        ? new Uint8Array(value.subarray(start, end)) // copies, also out of shared memory
        : new Uint8Array(value.slice(start, end));
    },
  };
}

/** Reading from it notices when the file has changed meanwhile. */
export const fileSource = async (path: string): Promise<ByteSource> =>
  stampedFile(path, await fileStamp(path));

const stampedFile = (path: string, stamp: FileStamp): ByteSource => ({
  name: path,
  size: stamp.size,
  read: (start, end) => readRange(path, start, end, stamp),
  origin: { path, stamp },
});

/** What a source with an origin was, again. */
export const reopen = (name: string, origin: FileOrigin): ByteSource =>
  "blob" in origin ? bytesSource(name, origin.blob) : stampedFile(origin.path, origin.stamp);

export interface FolderOptions extends LongOptions {
  /** Where the hub is, for a name that begins with hub: ; the environment says where absent. */
  hub?: HubOptions;
}

/**
 * `lookedFor`: what the folder should hold, for the error. A map's names may carry folders ("gpt/config.json", as a
 * browser's folder picker gives them): a file is found by its last part where that is unambiguous.
 */
export async function openFolder(
  source: string | FileMap,
  lookedFor: string,
  options: FolderOptions = {},
): Promise<Folder> {
  if (typeof source !== "string") return mapFolder(source);
  if (isHubName(source)) return (await import("./hub/open.ts")).openHub(source, options);
  const found = await exists(source);
  if (found !== "folder") {
    const got = found === "file" ? "a file" : "nothing there";
    throw new CallError(`${source}: expected a folder with ${lookedFor}, got ${got}; check the path`);
  }
  const files = await listFolder(source);
  const names = new Set(files);
  return {
    name: source,
    files,
    has: (file) => names.has(file),
    open: (file) => fileSource(joinPath(source, file)),
  };
}

function mapFolder(map: FileMap): Folder {
  const files = Object.keys(map).sort();
  const find = (file: string) => {
    if (Object.hasOwn(map, file)) return file;
    const inside = files.filter((name) => name.endsWith(`/${file}`));
    return inside.length === 1 ? inside[0] : undefined;
  };
  return {
    name: "files given",
    files,
    has: (file) => find(file) !== undefined,
    async open(file) {
      const name = find(file);
      if (name === undefined) {
        throw new CallError(`files given: expected ${file}, got ${files.join(", ") || "no files"}`);
      }
      return bytesSource(name, map[name]);
    },
  };
}
