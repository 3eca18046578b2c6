/**
 * A kernel that is being computed: the folder tiles/ inside that of the store, with a .npz file a tile and a manifest.json that
 * says what the kernel is of, how the texts are cut, and which tiles are there with their checksums. Both are written aside
 * and renamed, the tile first: a tile that is in the manifest is whole. For one process at a time, which has the lock of `path`.
 */
import { complaint, DataError } from "../errors.ts";
import { openNpz, writeNpz } from "../numerics/npz.ts";
import {
  exists,
  joinPath,
  makeFolder,
  readFile,
  removeAll,
  sha256,
  writeFileAtomic,
} from "../runtime/index.ts";
import type { Cut } from "./plan.ts";
import { type KernelIdentity, MANIFEST, type Matrix, plain, refuseOther } from "./store.ts";
import { readTileManifest, TILE_VERSION, TILES, type TileManifest } from "./tileManifest.ts";

/** Arrays of a tile: kernel, kernel.GROUP, and f0 of its rows. */
export type TileArrays = Record<string, Matrix>;

export interface TileStore {
  manifest(): TileManifest;
  has(tile: string): boolean;
  /** DataError where the file is not what was written. */
  read(tile: string): Promise<TileArrays>;
  write(tile: string, arrays: TileArrays, zeroSigns?: Record<string, number>): Promise<void>;
  /** Everything is elsewhere now: removes the tiles. */
  clear(): Promise<void>;
}

/** What a kernel's tiles are of, beside the kernel: by group or not. */
export interface TileIdentity {
  identity: KernelIdentity;
  byGroup: boolean;
}

/**
 * Opens the tiles of the store at `path`, or begins them with the cut that `choose` gives. Throws a CallError where the tiles there
 * are of another kernel, naming what differs; a DataError where their manifest is damaged.
 */
export async function openTiles(
  path: string,
  { identity, byGroup }: TileIdentity,
  choose: (begun: Cut | undefined) => Cut,
): Promise<TileStore> {
  const folder = joinPath(path, TILES);
  const wanted = { ...plain(identity), by_group: byGroup };
  const file = joinPath(folder, MANIFEST);
  const begun = await readTileManifest(path);
  if (begun)
    refuseOther(path, begun.identity as unknown as KernelIdentity, wanted as Partial<KernelIdentity>);
  const manifest: TileManifest = {
    version: TILE_VERSION,
    identity: wanted,
    cut: choose(begun?.cut),
    tiles: begun?.tiles ?? {},
  };
  await makeFolder(folder);
  const save = () => writeFileAtomic(file, `${JSON.stringify(manifest, null, 1)}\n`);
  if (!begun) await save();
  const place = (tile: string) => joinPath(folder, `${tile}.npz`);
  const bytesOf = async (tile: string) => {
    const bytes = await readFile(place(tile));
    const { bytes: size, sha256: sum } = manifest.tiles[tile];
    if (bytes.length !== size || (await sha256(bytes)) !== sum) {
      throw new DataError(
        complaint(place(tile), "the bytes of its checksum", "others", "removing it: it is computed again"),
      );
    }
    return bytes;
  };
  // A tile whose file somebody removed is to be computed again.
  for (const tile of Object.keys(manifest.tiles))
    if (!(await exists(place(tile)))) delete manifest.tiles[tile];
  return {
    manifest: () => manifest,
    has: (tile) => Object.hasOwn(manifest.tiles, tile),
    async read(tile) {
      const { names, read } = openNpz(await bytesOf(tile), place(tile));
      const arrays: TileArrays = {};
      for (const name of names) arrays[name] = (await read(name)) as Matrix;
      return arrays;
    },
    async write(tile, arrays, zeroSigns) {
      const bytes = writeNpz(arrays);
      await writeFileAtomic(place(tile), bytes);
      manifest.tiles[tile] = {
        bytes: bytes.length,
        sha256: await sha256(bytes),
        ...(zeroSigns && { zeroSigns }),
      };
      await save();
    },
    clear: () => removeAll(folder),
  };
}
