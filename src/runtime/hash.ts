/** SHA-256 in lower-case hex, through Web Crypto: fingerprints of checkpoints and data. Of files in pieces, node:crypto. */
import { CallError } from "../errors.ts";

export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const subtle = globalThis.crypto?.subtle;
  if (!subtle) {
    throw new CallError("fingerprints need Web Crypto, which a page has only over https, localhost or file:");
  }
  const digest = new Uint8Array(await subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export interface Hash {
  update(piece: Uint8Array): void;
  /** In hex, once. */
  digest(): string;
}

/** The same of bytes that come in pieces; Web Crypto knows only the whole. For Node, Deno and Bun, where files are. */
export async function startSha256(): Promise<Hash> {
  const { createHash } = await import("node:crypto");
  const hash = createHash("sha256");
  return {
    update: (piece) => {
      hash.update(piece);
    },
    digest: () => hash.digest("hex"),
  };
}
