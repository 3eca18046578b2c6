/**
 * NumPy's .npy files: "\x93NUMPY", version, header length, a Python dictionary { descr, fortran_order, shape }, then the
 * numbers, raw. Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html. O(bytes).
 */
import { CallError, DataError } from "../errors.ts";
import { sizeOf } from "./array.ts";

export type NpyData = Float64Array | Float32Array | Int32Array | Uint8Array;

interface Kind {
  bytes: number;
  read(buffer: ArrayBuffer): NpyData;
}

/** Kinds that are read, in either byte order. int64 becomes float64, exactly or not at all; smaller integers the next that holds them. */
const KINDS: Record<string, Kind> = {
  "<f8": { bytes: 8, read: (buffer) => new Float64Array(buffer) },
  "<f4": { bytes: 4, read: (buffer) => new Float32Array(buffer) },
  "<i8": { bytes: 8, read: (buffer) => Float64Array.from(Array.from(new BigInt64Array(buffer), exact)) },
  "<u8": { bytes: 8, read: (buffer) => Float64Array.from(Array.from(new BigUint64Array(buffer), exact)) },
  "<i4": { bytes: 4, read: (buffer) => new Int32Array(buffer) },
  "<u4": { bytes: 4, read: (buffer) => Float64Array.from(new Uint32Array(buffer)) },
  "<i2": { bytes: 2, read: (buffer) => Int32Array.from(new Int16Array(buffer)) },
  "<u2": { bytes: 2, read: (buffer) => Int32Array.from(new Uint16Array(buffer)) },
  "|i1": { bytes: 1, read: (buffer) => Int32Array.from(new Int8Array(buffer)) },
  "|u1": { bytes: 1, read: (buffer) => new Uint8Array(buffer) },
  "|b1": { bytes: 1, read: (buffer) => new Uint8Array(buffer) },
};

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

/**
 * The numbers, row-major whatever their order in the file, with their shape ([] for a scalar). int64 and uint32 are given as
 * float64, shorter integers as int32, bool as 0 and 1. DataError, naming the file, for what is not such a file, is cut short, or holds other kinds of numbers.
 */
export function readNpy(bytes: Uint8Array, name = "npy"): { data: NpyData; shape: number[] } {
  if (bytes.length < 10 || !MAGIC.every((byte, i) => bytes[i] === byte)) {
    throw new DataError(`${name}: expected a .npy file, got bytes that do not begin as one`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = bytes[6];
  if (version < 1 || version > 3) {
    throw new DataError(`${name}: expected .npy version 1, 2 or 3, got ${version}.${bytes[7]}`);
  }
  const lengthBytes = version === 1 ? 2 : 4;
  const start = 8 + lengthBytes;
  const length =
    bytes.length < start ? Number.NaN : lengthBytes === 2 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (!(start + length <= bytes.length)) {
    throw new DataError(`${name}: the file of ${bytes.length} bytes is cut short in its header`);
  }
  const header = new TextDecoder(version === 3 ? "utf-8" : "latin1").decode(
    bytes.subarray(start, start + length),
  );
  const { kind, bigEndian, fortran, shape } = readHeader(header, name);
  const needed = sizeOf(shape) * kind.bytes;
  const got = bytes.length - start - length;
  if (needed !== got) {
    throw new DataError(
      `${name}: expected ${needed} bytes of numbers for shape (${shape.join(", ")}), got ${got}`,
    );
  }
  // A copy that begins at 0, as views of wider kinds need. (slice is not one: Node's Buffer overrides it with a view.)
  const own = new Uint8Array(bytes.subarray(start + length));
  if (bigEndian)
    for (let at = 0; at < own.length; at += kind.bytes) own.subarray(at, at + kind.bytes).reverse();
  const data = kind.read(own.buffer);
  return { data: fortran ? rowMajor(data, shape) : data, shape };
}

interface Header {
  kind: Kind;
  bigEndian: boolean;
  fortran: boolean;
  shape: number[];
}

function readHeader(header: string, name: string): Header {
  const descr = /'descr'\s*:\s*(?:'([^']*)'|(\[))/.exec(header);
  const fortran = /'fortran_order'\s*:\s*(True|False)/.exec(header);
  const shape = /'shape'\s*:\s*\(([\d\s,L]*)\)/.exec(header);
  if (!descr || !fortran || !shape) {
    throw new DataError(
      `${name}: expected a header with descr, fortran_order and shape, got ${header.slice(0, 100)}`,
    );
  }
  const written = descr[1] ?? "a structured type";
  // One byte has no order, and NumPy writes it so; "=" and no mark mean the writer's, which no file can say.
  const key = /^[<>]?[iub]1$/.test(written) ? `|${written.slice(-2)}` : written.replace(">", "<");
  if (!Object.hasOwn(KINDS, key)) {
    const known = Object.keys(KINDS).join(", ");
    throw new DataError(`${name}: expected numbers of kind ${known}, got ${written}; save it as float64`);
  }
  const sides = shape[1].split(",").filter((side) => side.trim() !== "");
  return {
    kind: KINDS[key],
    bigEndian: written.startsWith(">") && key.startsWith("<"),
    fortran: fortran[1] === "True",
    shape: sides.map((side) => Number.parseInt(side, 10)),
  };
}

function exact(value: bigint): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) {
    throw new DataError(`npy: expected integers within ±(2^53 − 1), got ${value}; save them as float64`);
  }
  return number;
}

/** Column-major → row-major: element (i_1, …, i_r) lies at Σ i_a Π_{b<a} s_b in the file. */
function rowMajor<D extends NpyData>(data: D, shape: number[]): D {
  const out = data.slice() as D;
  const stride = shape.map((_, axis) => sizeOf(shape.slice(0, axis)));
  const index = shape.map(() => 0);
  let from = 0;
  for (let to = 0; to < out.length; to++) {
    out[to] = data[from];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += stride[axis];
      if (++index[axis] < shape[axis]) break;
      from -= stride[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return out;
}

/** A .npy file, version 1, as NumPy writes it: the numbers begin at a multiple of 64. CallError where data is not of `shape`. */
export function writeNpy(data: NpyData, shape: readonly number[]): Uint8Array<ArrayBuffer> {
  if (sizeOf(shape) !== data.length) {
    throw new CallError(
      `writeNpy: expected ${sizeOf(shape)} numbers for shape [${shape.join(", ")}], got ${data.length}`,
    );
  }
  const header = npyHeader(descrOf(data), shape);
  const file = new Uint8Array(header.length + data.byteLength);
  file.set(header);
  file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), header.length);
  return file;
}

/** What stands before the numbers, for files that are written in pieces. */
export function npyHeader(descr: string, shape: readonly number[]): Uint8Array<ArrayBuffer> {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const dictionary = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const start = Math.ceil((10 + dictionary.length + 1) / 64) * 64;
  const file = new Uint8Array(start);
  file.set([...MAGIC, 1, 0]);
  new DataView(file.buffer).setUint16(8, start - 10, true);
  file.set(new TextEncoder().encode(`${dictionary.padEnd(start - 11, " ")}\n`), 10);
  return file;
}

function descrOf(data: NpyData): string {
  if (data instanceof Float64Array) return "<f8";
  if (data instanceof Float32Array) return "<f4";
  return data instanceof Int32Array ? "<i4" : "|u1";
}
