/** Whether a store is whole: its manifest is of the kernel that is wanted, and its files are those that were written. */
import { exists, fileSize, joinPath, readRange, startSha256 } from "../runtime/index.ts";
import type { KernelManifest } from "./manifest.ts";
import { type KernelIdentity, MANIFEST, readManifest, refuseOther } from "./store.ts";

/** Bytes read at once. */
const PIECE = 2 ** 24;

/** Null where there is none, or something of it is missing or damaged. Throws a CallError where the store is of another kernel. */
export async function completeStore(
  path: string,
  identity: KernelIdentity,
  byGroup: boolean,
): Promise<KernelManifest | null> {
  if (!(await exists(joinPath(path, MANIFEST)))) return null;
  const manifest = await readManifest(path);
  refuseOther(path, manifest, identity);
  const names = Object.keys(manifest.files);
  if (byGroup && !names.some((name) => name.startsWith("kernel.") && name !== "kernel.npy")) return null;
  for (const name of names) {
    const file = joinPath(path, name);
    const { bytes, sha256 } = manifest.files[name];
    if ((await exists(file)) !== "file" || (await fileSize(file)) !== bytes) return null;
    const hash = await startSha256();
    for (let at = 0; at < bytes; at += PIECE)
      hash.update(await readRange(file, at, Math.min(bytes, at + PIECE)));
    if (hash.digest() !== sha256) return null;
  }
  return manifest;
}
