/**
 * Tensors → a safetensors file. Wider types first, then by name (as the reference implementation does), behind a header
 * padded with spaces to a multiple of 8: so every tensor begins at a multiple of its own width. O(bytes).
 */
import { CallError, complaint } from "../errors.ts";
import { sizeOf } from "../numerics/array.ts";
import { DTYPE_BYTES, type StoredDType } from "./dtypes.ts";
import type { StoredTensor } from "./safetensors.ts";

interface TensorShape {
  dtype: StoredDType;
  shape: number[];
}

const bytesOf = ({ dtype, shape }: TensorShape) => sizeOf(shape) * DTYPE_BYTES[dtype];

/** The front of the file, and the names of the tensors in the order of their bytes behind it. */
function layOut(
  where: string,
  tensors: Record<string, TensorShape>,
  metadata: Record<string, string>,
): { front: Uint8Array<ArrayBuffer>; names: string[]; size: number } {
  const entries = Object.entries(tensors).sort(
    ([a, x], [b, y]) => DTYPE_BYTES[y.dtype] - DTYPE_BYTES[x.dtype] || (a < b ? -1 : 1),
  );
  const header: [string, unknown][] = [];
  if (Object.keys(metadata).length > 0) header.push(["__metadata__", metadata]);
  let at = 0;
  for (const [name, { dtype, shape }] of entries) {
    if (name === "__metadata__") throw new CallError(`${where}: no tensor may be called __metadata__`);
    const end = at + bytesOf({ dtype, shape });
    header.push([name, { dtype, shape, data_offsets: [at, end] }]);
    at = end;
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const length = Math.ceil(json.length / 8) * 8;
  const front = new Uint8Array(8 + length).fill(0x20);
  new DataView(front.buffer).setBigUint64(0, BigInt(length), true);
  front.set(json, 8);
  return { front, names: entries.map(([name]) => name), size: front.length + at };
}

function checkBytes(where: string, name: string, tensor: TensorShape, got: number): void {
  const needed = bytesOf(tensor);
  if (got === needed) return;
  const { dtype, shape } = tensor;
  throw new CallError(
    complaint(`${where}: tensor ${name}`, `${needed} bytes for ${dtype} [${shape}]`, String(got)),
  );
}

/** CallError where bytes are not what dtype and shape need. Equal tensors give equal files. */
export function writeSafetensors(
  tensors: Record<string, StoredTensor>,
  metadata: Record<string, string> = {},
): Uint8Array<ArrayBuffer> {
  const { front, names, size } = layOut("writeSafetensors", tensors, metadata);
  for (const name of names) checkBytes("writeSafetensors", name, tensors[name], tensors[name].bytes.length);
  const file = new Uint8Array(size);
  file.set(front);
  let offset = front.length;
  for (const name of names) {
    file.set(tensors[name].bytes, offset);
    offset += tensors[name].bytes.length;
  }
  return file;
}

/**
 * The same file in pieces, for tensors that do not fit in memory together: the front, then what `pieces` gives of one tensor after
 * the other, in their order in the file. Rejects with a CallError after a tensor whose pieces are not what dtype and shape need.
 */
export async function* streamSafetensors(
  tensors: Record<string, TensorShape>,
  pieces: (name: string) => Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  metadata: Record<string, string> = {},
): AsyncGenerator<Uint8Array, void, void> {
  const { front, names } = layOut("streamSafetensors", tensors, metadata);
  yield front;
  for (const name of names) {
    let got = 0;
    for await (const piece of pieces(name)) {
      got += piece.length;
      yield piece;
    }
    checkBytes("streamSafetensors", name, tensors[name], got);
  }
}
