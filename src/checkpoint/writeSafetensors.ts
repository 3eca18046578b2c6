/**
 * Tensors → a safetensors file. Wider types first, then by name (as the reference implementation does), behind a header
 * padded with spaces to a multiple of 8: so every tensor begins at a multiple of its own width. O(bytes).
 */
import { CallError, complaint } from "../errors.ts";
import { sizeOf } from "../numerics/array.ts";
import { DTYPE_BYTES } from "./dtypes.ts";
import type { StoredTensor } from "./safetensors.ts";

/** CallError where bytes are not what dtype and shape need. Equal tensors give equal files. */
export function writeSafetensors(
  tensors: Record<string, StoredTensor>,
  metadata: Record<string, string> = {},
): Uint8Array<ArrayBuffer> {
  const entries = Object.entries(tensors).sort(
    ([a, x], [b, y]) => DTYPE_BYTES[y.dtype] - DTYPE_BYTES[x.dtype] || (a < b ? -1 : 1),
  );
  const header: [string, unknown][] = [];
  if (Object.keys(metadata).length > 0) header.push(["__metadata__", metadata]);
  let at = 0;
  for (const [name, { dtype, shape, bytes }] of entries) {
    if (name === "__metadata__")
      throw new CallError("writeSafetensors: no tensor may be called __metadata__");
    const needed = sizeOf(shape) * DTYPE_BYTES[dtype];
    if (bytes.length !== needed) {
      throw new CallError(
        complaint(
          `writeSafetensors: tensor ${name}`,
          `${needed} bytes for ${dtype} [${shape}]`,
          String(bytes.length),
        ),
      );
    }
    header.push([name, { dtype, shape, data_offsets: [at, at + needed] }]);
    at += needed;
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const length = Math.ceil(json.length / 8) * 8;
  const file = new Uint8Array(8 + length + at);
  new DataView(file.buffer).setBigUint64(0, BigInt(length), true);
  file.set(json, 8);
  file.fill(0x20, 8 + json.length, 8 + length);
  let offset = 8 + length;
  for (const [, { bytes }] of entries) {
    file.set(bytes, offset);
    offset += bytes.length;
  }
  return file;
}
