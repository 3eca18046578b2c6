/**
 * A kernel on disk: a folder with manifest.json, kernel.npy (float64, nC × nC, row = example·C + output), cross.npy (test ×
 * train), f0.npy, targets.npy, test_f0.npy and test_targets.npy. Every file is written aside and renamed; the manifest, which
 * carries their checksums, comes last, so a folder with a manifest is whole. Cost: one pass over the bytes, to hash them.
 */
import { CallError, complaint, DataError } from "../errors.ts";
import { readNpy, writeNpy } from "../numerics/npy.ts";
import {
  exists,
  joinPath,
  lockFolder,
  makeFolder,
  readFile,
  removeAll,
  sha256,
  writeFileAtomic,
} from "../runtime/index.ts";
import { arraysOf } from "./arrays.ts";
import { checkManifest, differences, type KernelManifest, STORE_VERSION } from "./manifest.ts";
import type { SketchError } from "./sketch/sketch.ts";
import { readTileManifest, TILES } from "./tileManifest.ts";

export type { KernelManifest } from "./manifest.ts";

/** What identifies the kernel: a store made with other values of these is another kernel. */
export type KernelIdentity = Pick<KernelManifest, "model" | "data" | "options" | "classes" | "n" | "outputs">;

export interface KernelStoreContent extends KernelIdentity {
  kernel: Float64Array; // (nC × nC); (n × n) where outputs are reduced
  f0: Float64Array; // (n × C)
  targets: Float64Array; // (n × C)
  cross?: Float64Array | null; // (n_test·C × nC), reduced like the kernel
  /** The kernel over each parameter group alone, and that between test and training texts. */
  groups?: Record<string, Float64Array> | null;
  crossGroups?: Record<string, Float64Array> | null;
  f0Test?: Float64Array | null; // (n_test × C)
  targetsTest?: Float64Array | null; // (n_test × C)
  /** Of a sketch: what was measured of its error; kept in the manifest as `sketch_error`. */
  sketchError?: SketchError | null;
}

export interface Matrix {
  data: Float64Array;
  shape: number[];
}

export interface OpenedStore {
  manifest: KernelManifest;
  kernel: Matrix;
  f0: Matrix;
  targets: Matrix;
  cross?: Matrix;
  f0Test?: Matrix;
  targetsTest?: Matrix;
}

export const MANIFEST = "manifest.json";

/** Field of the content → file. */
const FILES = {
  kernel: "kernel.npy",
  cross: "cross.npy",
  f0: "f0.npy",
  targets: "targets.npy",
  f0Test: "test_f0.npy",
  targetsTest: "test_targets.npy",
} as const;
type Field = keyof typeof FILES;

/**
 * Writes the store. A folder that holds a store of another kernel, whole or unfinished, is refused, naming what differs; one of the
 * same kernel is replaced, and what tiles of it there are. Throws CallError for arrays that do not fit n and C, DataError where
 * another process is at work in the folder.
 */
export async function writeKernelStore(path: string, content: KernelStoreContent): Promise<KernelManifest> {
  const { model, data, options, classes, n, outputs } = content;
  const identity: KernelIdentity = { model, data, options, classes, n, outputs };
  const matrices = arraysOf(content);
  await makeFolder(path);
  const lock = await lockFolder(path);
  try {
    if (await exists(joinPath(path, MANIFEST))) refuseOther(path, await readManifest(path), identity);
    const begun = await readTileManifest(path);
    if (begun)
      refuseOther(path, begun.identity as unknown as KernelIdentity, identity, "an unfinished store");
    const manifest = await writeFiles(path, { ...identity, sketch_error: content.sketchError }, matrices);
    if (begun) await removeAll(joinPath(path, TILES));
    return manifest;
  } finally {
    await lock.release();
  }
}

async function writeFiles(
  path: string,
  said: KernelIdentity & Pick<KernelManifest, "sketch_error">,
  matrices: ReturnType<typeof arraysOf>,
): Promise<KernelManifest> {
  const files: KernelManifest["files"] = {};
  for (const [name, { data, shape }] of Object.entries(matrices)) {
    const file = `${name}.npy`;
    const bytes = writeNpy(data, shape);
    files[file] = { shape, dtype: "float64", bytes: bytes.length, sha256: await sha256(bytes) };
    await writeFileAtomic(joinPath(path, file), bytes);
  }
  const manifest: KernelManifest = { version: STORE_VERSION, ...plain(said), files };
  await writeFileAtomic(joinPath(path, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
  return manifest;
}

/** As JSON will read it back: without undefined. */
export const plain = <T>(value: T): T => JSON.parse(JSON.stringify(value));

export function refuseOther(
  path: string,
  manifest: KernelIdentity,
  identity: Partial<KernelIdentity>,
  what = "a store",
): void {
  const found = differences(manifest, plain(identity));
  if (found.length === 0) return;
  throw new CallError(
    complaint(
      path,
      "a store of the same kernel, or an empty folder",
      `${what} with ${found.join("; ")}`,
      "another folder",
    ),
  );
}

export async function readManifest(path: string): Promise<KernelManifest> {
  const file = joinPath(path, MANIFEST);
  const text = new TextDecoder().decode(await readFile(file));
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new DataError(complaint(file, "JSON", String(error)));
  }
  return checkManifest(file, parsed);
}

/**
 * Opens a store. `expect` (any of model, data, options, classes, n, outputs) refuses one made with other values, naming the
 * differences; `verify` (default true) compares every file with its checksum. Throws CallError where there is no store or
 * another one, DataError where it is damaged.
 */
export async function openKernelStore(
  path: string,
  { expect, verify = true }: { expect?: Partial<KernelIdentity>; verify?: boolean } = {},
): Promise<OpenedStore> {
  if (!(await exists(joinPath(path, MANIFEST)))) {
    throw new CallError(
      complaint(
        path,
        `a kernel store (a folder with ${MANIFEST})`,
        (await exists(path)) ? "none" : "nothing there",
        "ntkit kernel --out, which makes one",
      ),
    );
  }
  const manifest = await readManifest(path);
  if (expect) refuseOther(path, manifest, expect);
  const read = async (field: Field): Promise<Matrix | undefined> => {
    const name = FILES[field];
    const entry = manifest.files[name];
    if (!entry) return undefined;
    const file = joinPath(path, name);
    const bytes = await readFile(file);
    if (bytes.length !== entry.bytes) {
      throw new DataError(
        complaint(file, `${entry.bytes} bytes`, `${bytes.length}`, "making the store anew"),
      );
    }
    if (verify && (await sha256(bytes)) !== entry.sha256) {
      throw new DataError(
        complaint(file, "the bytes of its checksum", "others: the file was changed", "making the store anew"),
      );
    }
    const { data, shape } = readNpy(bytes, file);
    if (!(data instanceof Float64Array) || shape.join() !== entry.shape.join()) {
      throw new DataError(
        complaint(file, `float64 of shape (${entry.shape.join(", ")})`, `(${shape.join(", ")})`),
      );
    }
    return { data, shape };
  };
  const must = async (field: Field): Promise<Matrix> => {
    const matrix = await read(field);
    if (!matrix)
      throw new DataError(complaint(joinPath(path, MANIFEST), `an entry for ${FILES[field]}`, "none"));
    return matrix;
  };
  const store: OpenedStore = {
    manifest,
    kernel: await must("kernel"),
    f0: await must("f0"),
    targets: await must("targets"),
  };
  for (const field of ["cross", "f0Test", "targetsTest"] as const) {
    const matrix = await read(field);
    if (matrix) store[field] = matrix;
  }
  return store;
}
