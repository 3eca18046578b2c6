/**
 * GGUF, versions 2 and 3, little-endian: "GGUF", version (u32), number of tensors and of metadata entries (u64); entries: name, type
 * (u32), value; tensors: name, number of sides (u32), sides (u64, the fastest first), type (u32), offset (u64); then, at the next
 * multiple of general.alignment (32), the numbers. Texts: length (u64), UTF-8. Format: https://github.com/ggml-org/ggml/docs/gguf.md.
 * The front of the file is read in growing pieces; every count is held against the bytes there are before anything is allocated,
 * every range before any number is read. O(header).
 */
import { DataError } from "../errors.ts";
import { sizeOf } from "../numerics/array.ts";
import type { ByteSource } from "../runtime/index.ts";
import { BLOCKS, isQuantized } from "./dequantize/index.ts";
import { DTYPE_BYTES } from "./dtypes.ts";
import type { WeightDType } from "./widen.ts";

const FIRST_PIECE = 2 ** 20;
/** Real headers, vocabulary and merges included, are below 32 MiB. */
const LARGEST_HEADER = 2 ** 27;
const LARGEST_ARRAY = 2 ** 22;
const MOST_SIDES = 4;
const DEEPEST = 3;

const TYPES: Record<number, WeightDType> = {
  0: "F32",
  1: "F16",
  2: "Q4_0",
  3: "Q4_1",
  6: "Q5_0",
  7: "Q5_1",
  8: "Q8_0",
  12: "Q4_K",
  13: "Q5_K",
  14: "Q6_K",
  28: "F64",
  30: "BF16",
};

export type GgufValue = number | boolean | string | GgufValue[];

export interface GgufTensor {
  dtype: WeightDType;
  /** The slowest side first, as everywhere else. */
  shape: number[];
  start: number;
  end: number;
}

export interface GgufHeader {
  metadata: Map<string, GgufValue>;
  tensors: Map<string, GgufTensor>;
}

/** Thrown inside only: the piece read so far ends before the header does. */
class Short extends Error {}

/** DataError, naming the file and the tensor or entry, for anything that is not as the format says. */
export async function readGguf(source: ByteSource): Promise<GgufHeader> {
  const { name, size } = source;
  for (let length = Math.min(size, FIRST_PIECE); ; length = Math.min(size, 4 * length, LARGEST_HEADER)) {
    const piece = await source.read(0, length);
    try {
      return parse(new Reader(piece, name, size));
    } catch (error) {
      if (!(error instanceof Short)) throw error;
      if (length === size) throw new DataError(`${name}: the header does not end; the file is truncated`);
      if (length >= LARGEST_HEADER) {
        throw new DataError(
          `${name}: expected a GGUF header of at most ${LARGEST_HEADER} bytes, got a longer one`,
        );
      }
    }
  }
}

function parse(reader: Reader): GgufHeader {
  const { name, size } = reader;
  const magic = reader.size < 4 ? "" : String.fromCharCode(...reader.take(4));
  if (magic !== "GGUF") throw new DataError(`${name}: expected a GGUF file, which begins with "GGUF"`);
  const version = reader.u32();
  if (version !== 2 && version !== 3) {
    const why = version > 0xffff ? "a big-endian file" : `version ${version}`;
    throw new DataError(`${name}: expected GGUF version 2 or 3, little-endian, got ${why}`);
  }
  const tensorCount = reader.count("tensors", 24);
  const entryCount = reader.count("metadata entries", 13);
  const metadata = new Map<string, GgufValue>();
  for (let i = 0; i < entryCount; i++) {
    const key = reader.text("a metadata name");
    if (metadata.has(key)) throw new DataError(`${name}: metadata ${short(key)} comes twice`);
    metadata.set(key, reader.value(reader.u32(), short(key), 0));
  }
  const alignment = metadata.get("general.alignment") ?? 32;
  if (typeof alignment !== "number" || !Number.isInteger(alignment) || alignment < 1 || alignment > 2 ** 20) {
    throw new DataError(
      `${name}: general.alignment: expected a positive integer, got ${short(`${alignment}`)}`,
    );
  }
  const found = new Map<string, GgufTensor>();
  for (let i = 0; i < tensorCount; i++) {
    const tensor = reader.text("a tensor name");
    if (found.has(tensor)) throw new DataError(`${name}: tensor ${short(tensor)} comes twice`);
    found.set(tensor, readPlace(reader, `${name}: tensor ${short(tensor)}`, alignment));
  }
  const dataStart = Math.ceil(reader.at / alignment) * alignment;
  const tensors = new Map(
    [...found].map(([key, place]) => [
      key,
      { ...place, start: dataStart + place.start, end: dataStart + place.end },
    ]),
  );
  checkRanges(name, tensors, size);
  return { metadata, tensors };
}

function readPlace(reader: Reader, where: string, alignment: number): GgufTensor {
  const sides = reader.u32();
  if (sides > MOST_SIDES) throw new DataError(`${where}: expected at most ${MOST_SIDES} sides, got ${sides}`);
  const fastestFirst = Array.from({ length: sides }, () => reader.u64());
  const type = reader.u32();
  const start = reader.u64();
  const dtype = TYPES[type];
  if (!dtype) {
    const known = Object.values(TYPES).join(", ");
    throw new DataError(`${where}: expected a type of ${known}, got ggml type ${type}`);
  }
  const shape = fastestFirst.reverse();
  const { numbers, bytes } = isQuantized(dtype) ? BLOCKS[dtype] : { numbers: 1, bytes: DTYPE_BYTES[dtype] };
  const row = shape.at(-1) ?? 1;
  const needed = (sizeOf(shape) / numbers) * bytes;
  if (row % numbers !== 0) {
    throw new DataError(
      `${where}: expected rows of a multiple of ${numbers} numbers for ${dtype}, got ${row}`,
    );
  }
  if (!Number.isSafeInteger(needed + start)) {
    throw new DataError(`${where}: ${dtype} [${shape.join(", ")}] at ${start} is larger than any file`);
  }
  if (start % alignment !== 0) {
    throw new DataError(`${where}: expected an offset that is a multiple of ${alignment}, got ${start}`);
  }
  return { dtype, shape, start, end: start + needed };
}

function checkRanges(name: string, tensors: Map<string, GgufTensor>, size: number): void {
  const places = [...tensors].sort(([, a], [, b]) => a.start - b.start || a.end - b.end);
  let before: [string, GgufTensor] | undefined;
  for (const [tensor, place] of places) {
    if (place.end > size) {
      throw new DataError(
        `${name}: tensor ${short(tensor)} ends at byte ${place.end}, beyond the file's ${size}; the file is truncated or its header lies`,
      );
    }
    if (before && place.start < before[1].end) {
      throw new DataError(`${name}: tensor ${short(tensor)} overlaps tensor ${short(before[0])}`);
    }
    before = [tensor, place];
  }
}

const short = (text: string) =>
  JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text).slice(1, -1);

/** Bytes of the scalar types of metadata, by number; 8 is text, 9 is an array. */
const SCALARS = [1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8];

class Reader {
  at = 0;
  readonly name: string;
  readonly size: number;
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly decoder = new TextDecoder();

  constructor(bytes: Uint8Array<ArrayBuffer>, name: string, size: number) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.name = name;
    this.size = size;
  }

  /** The place of the next `length` bytes. */
  private next(length: number): number {
    const start = this.at;
    if (start + length > this.bytes.length) throw new Short();
    this.at += length;
    return start;
  }

  take(length: number): Uint8Array {
    const start = this.next(length);
    return this.bytes.subarray(start, start + length);
  }

  u32 = () => this.view.getUint32(this.next(4), true);
  u64 = () => Number(this.view.getBigUint64(this.next(8), true));

  /** A number of things that take at least `each` bytes. */
  count(what: string, each: number): number {
    const count = this.u64();
    if (count * each > this.size - this.at) {
      throw new DataError(
        `${this.name}: ${count} ${what} do not fit in a file of ${this.size} bytes; it is truncated or lies`,
      );
    }
    return count;
  }

  text(what: string): string {
    return this.decoder.decode(this.take(this.count(`bytes of ${what}`, 1)));
  }

  value(type: number, key: string, depth: number): GgufValue {
    if (type === 8) return this.text(`metadata ${key}`);
    if (type === 9) return this.array(key, depth);
    const width = SCALARS[type];
    if (!width) throw new DataError(`${this.name}: metadata ${key}: expected a known type, got ${type}`);
    const at = this.next(width);
    switch (type) {
      case 0:
        return this.view.getUint8(at);
      case 1:
        return this.view.getInt8(at);
      case 2:
        return this.view.getUint16(at, true);
      case 3:
        return this.view.getInt16(at, true);
      case 4:
        return this.view.getUint32(at, true);
      case 5:
        return this.view.getInt32(at, true);
      case 6:
        return this.view.getFloat32(at, true);
      case 7:
        return this.view.getUint8(at) !== 0;
      case 10:
        return Number(this.view.getBigUint64(at, true));
      case 11:
        return Number(this.view.getBigInt64(at, true));
      default:
        return this.view.getFloat64(at, true);
    }
  }

  private array(key: string, depth: number): GgufValue[] {
    const type = this.u32();
    const each = type === 8 ? 8 : type === 9 ? 12 : SCALARS[type];
    if (!each) throw new DataError(`${this.name}: metadata ${key}: expected a known type, got ${type}`);
    const count = this.count(`entries of metadata ${key}`, each);
    if (count > LARGEST_ARRAY || depth > DEEPEST) {
      throw new DataError(
        `${this.name}: metadata ${key}: expected at most ${LARGEST_ARRAY} entries, nested ${DEEPEST} deep, got more`,
      );
    }
    const values: GgufValue[] = [];
    for (let i = 0; i < count; i++) values.push(this.value(type, key, depth + 1));
    return values;
  }
}
