/** manifest.json of the tiles of a kernel that is being computed: what it is of, how its texts are cut, which tiles are there. */
import * as v from "valibot";
import { complaint, DataError } from "../errors.ts";
import { exists, joinPath, parseJson, readFile } from "../runtime/index.ts";
import type { Cut } from "./plan.ts";

/** The folder of the tiles, in that of the store. */
export const TILES = "tiles";
export const TILE_VERSION = 1;

const bounds = v.pipe(
  v.array(v.pipe(v.number(), v.integer())),
  v.check(
    (list) => list.length > 1 && list[0] === 0 && list.every((at, k) => k === 0 || at > list[k - 1]),
    "bounds of bands",
  ),
);
const entry = v.object({
  bytes: v.number(),
  sha256: v.string(),
  /** Sign kernels, of a diagonal tile: entries of each tensor whose sign is 0, over all rows. */
  zeroSigns: v.optional(v.record(v.string(), v.number())),
});
const schema = v.object({
  version: v.number(),
  identity: v.record(v.string(), v.unknown()),
  cut: v.object({ train: bounds, test: v.nullable(bounds) }),
  tiles: v.record(v.string(), entry),
});

interface TileEntry {
  bytes: number;
  sha256: string;
  zeroSigns?: Record<string, number>;
}
export interface TileManifest {
  version: number;
  identity: Record<string, unknown>;
  cut: Cut;
  tiles: Record<string, TileEntry>;
}

/** Of the store at `path`; undefined where no tiles were begun. @throws DataError where it is damaged */
export async function readTileManifest(path: string): Promise<TileManifest | undefined> {
  const file = joinPath(path, TILES, "manifest.json");
  if (!(await exists(file))) return undefined;
  const parsed = v.safeParse(schema, parseJson(await readFile(file), file));
  if (!parsed.success) {
    throw new DataError(complaint(file, "a manifest of tiles", parsed.issues[0].message, "another folder"));
  }
  const { version } = parsed.output;
  if (version !== TILE_VERSION) {
    throw new DataError(
      complaint(file, `version ${TILE_VERSION}`, String(version), "the ntkit that wrote it"),
    );
  }
  return parsed.output;
}
