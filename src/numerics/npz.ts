/**
 * NumPy's .npz files: a zip archive with one .npy file an array. Read: members stored or deflated (numpy.savez and
 * savez_compressed, ZIP64 included); written: stored, as numpy.savez does. Formats: APPNOTE.TXT 6.3.10 of PKWARE, RFC 1952.
 * Not behind the door of ntkit/numerics, which is kept small. O(bytes).
 */
import { CallError, complaint, DataError } from "../errors.ts";
import { type NpyData, readNpy, writeNpy } from "./npy.ts";

export interface NpyArray {
  data: NpyData;
  shape: number[];
}

export interface NpzFile {
  /** Names of the arrays, without ".npy". */
  names: string[];
  /** CallError for a name that is not there, DataError for a member that is damaged or of another kind. */
  read(name: string): Promise<NpyArray>;
}

interface Member {
  method: number;
  encrypted: boolean;
  crc: number;
  packed: number; // bytes in the file
  size: number; // bytes of the .npy file
  header: number; // where its local header begins
}

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const END64 = 0x06064b50;
const LOCATOR64 = 0x07064b50;
/** The end record is the last 22 bytes, but for a comment of at most this many. */
const LONGEST_COMMENT = 0xffff;
const MAX32 = 0xffffffff;
const STORED = 0;
const DEFLATED = 8;

/**
 * The directory of an archive; arrays are unpacked as they are asked for. DataError, naming the file, for what is not such an
 * archive, and for a sparse matrix of scipy.sparse.save_npz.
 */
export function openNpz(bytes: Uint8Array, file = "npz"): NpzFile {
  const members = directory(bytes, file);
  const names = [...members.keys()];
  if (["format", "shape", "data"].every((name) => members.has(name))) {
    throw new DataError(
      complaint(
        file,
        "dense arrays (numpy.savez)",
        "a sparse matrix (scipy.sparse.save_npz)",
        "numpy.save of matrix.toarray()",
      ),
    );
  }
  return {
    names,
    async read(name) {
      const member = members.get(name);
      if (!member) throw new CallError(complaint(file, `an array ${name}`, names.join(", ") || "no arrays"));
      const where = `${file}, ${name}`;
      return readNpy(await unpack(bytes, member, where), where);
    },
  };
}

function directory(bytes: Uint8Array, file: string): Map<string, Member> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const broken = (what: string) => new DataError(complaint(file, "a .npz file (a zip archive)", what));
  let end = bytes.length - 22;
  const first = Math.max(0, end - LONGEST_COMMENT);
  while (end >= first && view.getUint32(end, true) !== END) end--;
  if (end < first) throw broken("bytes without a directory at their end: another format, or cut short");
  let after = end;
  let count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  if ((at === MAX32 || count === 0xffff) && end >= 20 && view.getUint32(end - 20, true) === LOCATOR64) {
    const end64 = Number(view.getBigUint64(end - 12, true));
    if (end64 + 56 > bytes.length || view.getUint32(end64, true) !== END64)
      throw broken("a damaged directory");
    after = end64;
    count = Number(view.getBigUint64(end64 + 32, true));
    at = Number(view.getBigUint64(end64 + 48, true));
  }
  const members = new Map<string, Member>();
  for (let m = 0; m < count; m++) {
    if (!(at + 46 <= bytes.length) || view.getUint32(at, true) !== CENTRAL)
      throw broken("a damaged directory");
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((o) => view.getUint16(at + o, true));
    const next = at + 46 + nameLength + extraLength + commentLength;
    if (next > bytes.length) throw broken("a directory cut short");
    const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength));
    const extra = new DataView(view.buffer, view.byteOffset + at + 46 + nameLength, extraLength);
    const [packed, size, header] = sizesOf(view, at, extra);
    const array = name.replace(/\.npy$/, "");
    if (members.has(array)) throw broken(`two arrays ${array}`);
    members.set(array, {
      method: view.getUint16(at + 10, true),
      encrypted: (view.getUint16(at + 8, true) & 1) === 1,
      crc: view.getUint32(at + 16, true),
      packed,
      size,
      header,
    });
    at = next;
  }
  if (at !== after) throw broken("a directory of another length");
  return members;
}

/** Packed size, size and place of a member of the directory; those that do not fit 32 bits are in its ZIP64 field. */
function sizesOf(view: DataView, at: number, extra: DataView): number[] {
  let field = 0;
  while (field + 4 <= extra.byteLength && extra.getUint16(field, true) !== 1) {
    field += 4 + extra.getUint16(field + 2, true);
  }
  let place = field + 4;
  const read = (offset: number) => {
    const value = view.getUint32(at + offset, true);
    if (value !== MAX32 || place + 8 > extra.byteLength) return value;
    place += 8;
    return Number(extra.getBigUint64(place - 8, true));
  };
  const size = read(24); // first in the ZIP64 field
  const packed = read(20);
  return [packed, size, read(42)];
}

async function unpack(bytes: Uint8Array, member: Member, where: string): Promise<Uint8Array> {
  const { method, encrypted, crc, packed, size, header } = member;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const broken = (what: string) => new DataError(complaint(where, "a member of a .npz file", what));
  if (encrypted) throw broken("one that is encrypted");
  if (method !== STORED && method !== DEFLATED)
    throw broken(`compression method ${method}; numpy uses 0 and 8`);
  if (!(header + 30 <= bytes.length) || view.getUint32(header, true) !== LOCAL)
    throw broken("a damaged header");
  const start = header + 30 + view.getUint16(header + 26, true) + view.getUint16(header + 28, true);
  if (!(start + packed <= bytes.length)) throw broken("a file that is cut short");
  const body = bytes.subarray(start, start + packed);
  if (method === STORED) {
    if (packed !== size || crc32(body) !== crc) throw broken("bytes that do not fit their checksum");
    return body;
  }
  return inflate(body, crc, size, () => broken("deflated bytes that are damaged"));
}

/** As a gzip member (which checks checksum and size): raw deflate is not known to every DecompressionStream, gzip is. */
async function inflate(
  body: Uint8Array,
  crc: number,
  size: number,
  broken: () => DataError,
): Promise<Uint8Array> {
  const frame = new Uint8Array(18 + body.length);
  frame.set([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
  frame.set(body, 10);
  const view = new DataView(frame.buffer);
  view.setUint32(10 + body.length, crc, true);
  view.setUint32(14 + body.length, size % 2 ** 32, true);
  const parts: Uint8Array[] = [];
  let done = 0;
  const reader = new Blob([frame]).stream().pipeThrough(new DecompressionStream("gzip")).getReader();
  try {
    for (;;) {
      const next = await reader.read();
      if (next.done) break;
      done += next.value.length;
      if (done > size) throw broken();
      parts.push(next.value);
    }
  } catch {
    await reader.cancel().catch(() => {});
    throw broken();
  }
  if (done !== size) throw broken();
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Every array of a .npz file, by name; errors as of `openNpz`. */
export async function readNpz(bytes: Uint8Array, file = "npz"): Promise<Record<string, NpyArray>> {
  const { names, read } = openNpz(bytes, file);
  const arrays: Record<string, NpyArray> = {};
  for (const name of names) arrays[name] = await read(name);
  return arrays;
}

/** A .npz file as numpy.savez writes it. CallError where data is not of its shape, or past the 4 GiB of a plain zip archive. */
export function writeNpz(arrays: Record<string, NpyArray>): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  const central: Uint8Array[] = [];
  let at = 0;
  const push = (...more: Uint8Array[]) => {
    for (const part of more) {
      parts.push(part);
      at += part.length;
    }
  };
  for (const [name, { data, shape }] of Object.entries(arrays)) {
    const body = writeNpy(data, shape);
    const path = new TextEncoder().encode(`${name}.npy`);
    const common = commonHeader(crc32(body), body.length, path.length);
    const entry = record(46, (view) => {
      view.setUint32(0, CENTRAL, true);
      view.setUint16(4, 20, true);
      view.setUint32(42, at, true);
    });
    entry.set(common, 6);
    central.push(entry, path);
    const header = record(30, (view) => view.setUint32(0, LOCAL, true));
    header.set(common, 4);
    push(header, path, body);
    if (at > MAX32) {
      throw new CallError(
        complaint("writeNpz", "at most 4 GiB", `${at} bytes`, "a .npy file for each array"),
      );
    }
  }
  const count = central.length / 2;
  const start = at;
  push(...central);
  const size = at - start;
  push(
    record(22, (view) => {
      view.setUint32(0, END, true);
      view.setUint16(8, count, true);
      view.setUint16(10, count, true);
      view.setUint32(12, size, true);
      view.setUint32(16, start, true);
    }),
  );
  const file = new Uint8Array(at);
  let to = 0;
  for (const part of parts) {
    file.set(part, to);
    to += part.length;
  }
  return file;
}

function record(length: number, fill: (view: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(length);
  fill(new DataView(bytes.buffer));
  return bytes;
}

/** What a local header and an entry of the directory have in common: version 2.0, stored, 1 January 1980, UTF-8 names. */
const commonHeader = (crc: number, size: number, nameLength: number) =>
  record(26, (view) => {
    view.setUint16(0, 20, true);
    view.setUint16(2, 0x0800, true);
    view.setUint16(8, 0x21, true);
    view.setUint32(10, crc, true);
    view.setUint32(14, size, true);
    view.setUint32(18, size, true);
    view.setUint16(22, nameLength, true);
  });

let table: Uint32Array | undefined;

/** CRC-32 of ISO 3309, reflected. */
function crc32(bytes: Uint8Array): number {
  table ??= Uint32Array.from({ length: 256 }, (_, byte) => {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
    return value;
  });
  let crc = MAX32;
  for (let i = 0; i < bytes.length; i++) crc = table[(crc ^ bytes[i]) & 255] ^ (crc >>> 8);
  return ~crc >>> 0;
}
