/**
 * The tiles of a kernel become the files of a store, in pieces: held are some rows of a matrix and one tile. The manifest comes
 * last, then the tiles go; a run that ends in between begins this step again and writes the same.
 */
import { npyHeader } from "../numerics/npy.ts";
import { joinPath, startSha256, writeFileAtomic, writePiecesAtomic } from "../runtime/index.ts";
import { type Band, bandsOf, tileName } from "./bands.ts";
import { type KernelManifest, STORE_VERSION } from "./manifest.ts";
import { type KernelIdentity, MANIFEST, type Matrix, plain } from "./store.ts";
import type { TileStore } from "./tileStore.ts";

/** Bytes of rows that are held at once. */
const SLAB = 2 ** 25;

interface Finish {
  rows: number; // kernel rows of an example
  copies: number; // rows of an example whose signs are counted
  symmetric: boolean;
  targets: Float64Array;
  targetsTest: Float64Array | null;
}

export async function finishStore(
  path: string,
  tiles: TileStore,
  identity: KernelIdentity,
  { rows: R, copies: K, symmetric, targets, targetsTest }: Finish,
): Promise<KernelManifest> {
  const { cut, tiles: entries } = tiles.manifest();
  const train = bandsOf("train", cut.train);
  const test = cut.test ? bandsOf("test", cut.test) : [];
  const { outputs: C, n } = identity;
  const files: KernelManifest["files"] = {};

  const write = async (name: string, shape: [number, number], pieces: AsyncIterable<Float64Array>) => {
    const hash = await startSha256();
    let bytes = 0;
    await writePiecesAtomic(joinPath(path, `${name}.npy`), async (append) => {
      const put = async (piece: Uint8Array) => {
        hash.update(piece);
        bytes += piece.length;
        await append(piece);
      };
      await put(npyHeader("<f8", shape));
      for await (const piece of pieces) {
        await put(new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength));
      }
    });
    files[`${name}.npy`] = { shape, dtype: "float64", bytes, sha256: hash.digest() };
  };
  /** Part of Θ(rows, columns), whichever way round its tile lies. */
  const between = async (rows: Band, columns: Band, array: string) => {
    const straight = tileName(rows, columns);
    if (rows.side === "test" || !symmetric || tiles.has(straight)) {
      return { tile: (await tiles.read(straight))[array], turned: false };
    }
    return { tile: (await tiles.read(tileName(columns, rows)))[array], turned: true };
  };
  const columns = n * R;
  async function* matrix(bands: readonly Band[], array: string): AsyncGenerator<Float64Array> {
    const most = Math.max(1, Math.floor(SLAB / (8 * columns)));
    for (const band of bands) {
      const [start, end] = [band.first * R, band.end * R];
      for (let from = start; from < end; from += most) {
        const height = Math.min(most, end - from);
        const slab = new Float64Array(height * columns);
        for (const other of train) {
          const { tile, turned } = await between(band, other, array);
          copyInto(slab, columns, { tile, turned, from: from - start, height, at: other.first * R });
        }
        yield slab;
      }
    }
  }
  async function* outputsOf(bands: readonly Band[]): AsyncGenerator<Float64Array> {
    for (const band of bands) {
      const columns = band.side === "train" ? band : train[0];
      yield (await tiles.read(tileName(band, columns))).f0.data;
    }
  }
  async function* once(data: Float64Array): AsyncGenerator<Float64Array> {
    yield data;
  }

  const names = Object.keys(await tiles.read(tileName(train[0], train[0]))).filter((name) => name !== "f0");
  for (const name of names) {
    await write(name, [columns, columns], matrix(train, name));
    if (test.length > 0) {
      await write(
        name.replace("kernel", "cross"),
        [(cut.test?.at(-1) ?? 0) * R, columns],
        matrix(test, name),
      );
    }
  }
  await write("f0", [n, C], outputsOf(train));
  await write("targets", [n, C], once(targets));
  const m = cut.test?.at(-1) ?? 0;
  if (m > 0) await write("test_f0", [m, C], outputsOf(test));
  if (targetsTest) await write("test_targets", [m, C], once(targetsTest));

  const zeroSigns: Record<string, number> = {};
  for (const band of train) {
    for (const [name, count] of Object.entries(entries[tileName(band, band)].zeroSigns ?? {})) {
      zeroSigns[name] = (zeroSigns[name] ?? 0) + count / (n * K);
    }
  }
  const signed = Object.keys(zeroSigns).length > 0;
  const manifest: KernelManifest = {
    version: STORE_VERSION,
    ...plain(identity),
    files,
    ...(signed && { zero_signs: zeroSigns }),
  };
  await writeFileAtomic(joinPath(path, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
  await tiles.clear();
  return manifest;
}

interface Piece {
  tile: Matrix;
  /** The tile is the transpose of what is wanted. */
  turned: boolean;
  from: number; // first row wanted
  height: number; // rows wanted
  at: number; // first column in the slab
}

function copyInto(slab: Float64Array, stride: number, { tile, turned, from, height, at }: Piece): void {
  const { data, shape } = tile;
  const width = turned ? shape[0] : shape[1];
  for (let i = 0; i < height; i++) {
    const row = from + i;
    if (!turned) {
      slab.set(data.subarray(row * width, (row + 1) * width), i * stride + at);
      continue;
    }
    for (let j = 0; j < width; j++) slab[i * stride + at + j] = data[j * shape[1] + row];
  }
}
