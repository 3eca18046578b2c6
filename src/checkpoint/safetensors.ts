/**
 * Safetensors: 8 bytes with the length H of the header (little-endian), H bytes of JSON
 * { name: { dtype, shape, data_offsets: [begin, end] }, "__metadata__": { text: text } }, then the numbers, raw.
 * Offsets count from the end of the header; tensors may neither overlap nor leave gaps.
 * Format: https://github.com/huggingface/safetensors#format. Reading the header costs O(H); H is checked before it is read,
 * and every range before any number is, so that a lying file is refused at once and allocates nothing.
 */
import { DataError } from "../errors.ts";
import { sizeOf } from "../numerics/array.ts";
import { asObject, type ByteSource, parseJson } from "../runtime/index.ts";
import { DTYPE_BYTES, type StoredDType } from "./dtypes.ts";

/** The format's own limit on H. */
const LARGEST_HEADER = 100_000_000;

export interface StoredTensor {
  dtype: StoredDType;
  shape: number[];
  bytes: Uint8Array;
}

/** Where a tensor is: bytes [start, end) of the file. */
export interface TensorPlace {
  dtype: StoredDType;
  shape: number[];
  start: number;
  end: number;
}

export interface SafetensorsHeader {
  /** In the order of their bytes. */
  tensors: Record<string, TensorPlace>;
  metadata: Record<string, string>;
}

/** DataError, naming the file and the tensor, for anything that is not as the format says. */
export async function readSafetensorsHeader(source: ByteSource): Promise<SafetensorsHeader> {
  const { name, size } = source;
  if (size < 8) throw new DataError(`${name}: expected a safetensors file, got only ${size} bytes`);
  const length = Number(new DataView((await source.read(0, 8)).buffer).getBigUint64(0, true));
  if (length > LARGEST_HEADER) {
    throw new DataError(
      `${name}: expected a safetensors header of at most ${LARGEST_HEADER} bytes, got a length of ${length}; is it another format?`,
    );
  }
  if (8 + length > size) {
    throw new DataError(
      `${name}: the header of ${length} bytes does not fit in a file of ${size}; the file is truncated`,
    );
  }
  const json = parseJson(await source.read(8, 8 + length), name, {
    what: "safetensors header",
    uniqueKeys: true,
  });
  const { __metadata__: metadata = {}, ...entries } = asObject(json, `${name}: header`);
  const places = Object.entries(entries).map(
    ([tensor, entry]) => [tensor, readEntry(`${name}: tensor ${short(tensor)}`, entry, 8 + length)] as const,
  );
  places.sort(([, a], [, b]) => a.start - b.start || a.end - b.end);
  checkRanges(name, places, 8 + length, size);
  return { tensors: Object.fromEntries(places), metadata: readMetadata(name, metadata) };
}

function readMetadata(name: string, metadata: unknown): Record<string, string> {
  const entries = asObject(metadata, `${name}: __metadata__`);
  for (const [key, value] of Object.entries(entries)) {
    if (typeof value !== "string") {
      throw new DataError(`${name}: __metadata__.${key}: expected a text, got a ${typeof value}`);
    }
  }
  return entries as Record<string, string>;
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function readEntry(where: string, entry: unknown, dataStart: number): TensorPlace {
  const { dtype, shape, data_offsets: offsets } = asObject(entry, where);
  if (typeof dtype !== "string" || !Object.hasOwn(DTYPE_BYTES, dtype)) {
    const known = Object.keys(DTYPE_BYTES).join(", ");
    throw new DataError(`${where}: expected a dtype of ${known}, got ${excerpt(dtype)}`);
  }
  if (!Array.isArray(shape) || !shape.every(isCount)) {
    throw new DataError(`${where}: expected a shape of whole numbers, got ${excerpt(shape)}`);
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount) || offsets[0] > offsets[1]) {
    throw new DataError(
      `${where}: expected data_offsets [begin, end] with begin ≤ end, got ${excerpt(offsets)}`,
    );
  }
  const needed = sizeOf(shape) * DTYPE_BYTES[dtype as StoredDType];
  const got = offsets[1] - offsets[0];
  if (needed !== got) {
    throw new DataError(
      `${where}: expected ${needed} bytes for ${dtype} of shape ${excerpt(shape)}, got data_offsets of ${got} bytes`,
    );
  }
  return {
    dtype: dtype as StoredDType,
    shape: shape as number[],
    start: dataStart + offsets[0],
    end: dataStart + offsets[1],
  };
}

/** A lying header may hold texts of megabytes: what an error quotes of them stays printable. */
const short = (text: string) => (text.length > 80 ? `${text.slice(0, 80)}…` : text);
const excerpt = (value: unknown) => short(JSON.stringify(value) ?? "nothing");

/** Places in order of their bytes have to cover [dataStart, size) exactly. */
function checkRanges(
  name: string,
  places: (readonly [string, TensorPlace])[],
  dataStart: number,
  size: number,
): void {
  let at = dataStart;
  let before = "";
  for (const [tensor, { start, end }] of places) {
    if (end > size) {
      throw new DataError(
        `${name}: tensor ${short(tensor)} ends at byte ${end}, beyond the file's ${size}; the file is truncated or its header lies`,
      );
    }
    if (start < at) throw new DataError(`${name}: tensor ${short(tensor)} overlaps tensor ${short(before)}`);
    if (start > at) {
      throw new DataError(
        `${name}: bytes ${at} to ${start}, before tensor ${short(tensor)}, belong to no tensor`,
      );
    }
    at = end;
    before = tensor;
  }
  if (at < size) throw new DataError(`${name}: bytes ${at} to ${size}, the last, belong to no tensor`);
}

/** All tensors and the metadata of a file. */
export async function readSafetensors(
  source: ByteSource,
): Promise<{ tensors: Record<string, StoredTensor>; metadata: Record<string, string> }> {
  const { tensors, metadata } = await readSafetensorsHeader(source);
  const read: [string, StoredTensor][] = [];
  for (const [name, { dtype, shape, start, end }] of Object.entries(tensors)) {
    read.push([name, { dtype, shape, bytes: await source.read(start, end) }]);
  }
  return { tensors: Object.fromEntries(read), metadata };
}
