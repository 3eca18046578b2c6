/** SHA-256 in lower-case hex, through Web Crypto: fingerprints of checkpoints and data. */
import { CallError } from "../errors.ts";

export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const subtle = globalThis.crypto?.subtle;
  if (!subtle) {
    throw new CallError("fingerprints need Web Crypto, which a page has only over https, localhost or file:");
  }
  const digest = new Uint8Array(await subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
