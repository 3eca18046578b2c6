/**
 * The cache folder of Hugging Face's libraries, so that what Python fetched is found here and the other way round:
 *   models--owner--name/refs/REVISION          the commit a branch or tag pointed to
 *   models--owner--name/blobs/ETAG             a file's bytes
 *   models--owner--name/snapshots/COMMIT/FILE  a link to them
 * Layout: https://huggingface.co/docs/huggingface_hub/guides/manage-cache. A blob appears under its name only when it is whole.
 */
import { exists, listFolder, makeFolder, readFile, writeFileAtomic } from "../files.ts";
import { fileSystem } from "../node.ts";
import { baseName, folderOf, joinPath } from "../path.ts";

export interface RepoCache {
  readonly folder: string;
  /** What a branch or tag pointed to when it was last fetched. */
  commitOf(revision: string): Promise<string | undefined>;
  remember(revision: string, commit: string): Promise<void>;
  /** Files at the top of a commit; none where nothing of it was fetched. */
  files(commit: string): Promise<string[]>;
  /** Path of a file where it is in the cache. */
  find(commit: string, file: string): Promise<string | undefined>;
  /** The file's path, after `write` has made its blob unless that is there already. */
  add(commit: string, file: string, etag: string, write: (path: string) => Promise<void>): Promise<string>;
}

export function repoCache(cache: string, repo: string): RepoCache {
  const folder = joinPath(cache, `models--${repo.replace("/", "--")}`);
  const pointer = (commit: string, file: string) => joinPath(folder, "snapshots", commit, file);
  return {
    folder,
    async commitOf(revision) {
      const path = joinPath(folder, "refs", revision);
      if ((await exists(path)) !== "file") return undefined;
      return new TextDecoder().decode(await readFile(path)).trim() || undefined;
    },
    async remember(revision, commit) {
      const path = joinPath(folder, "refs", revision);
      await makeFolder(folderOf(path));
      await writeFileAtomic(path, commit);
    },
    async files(commit) {
      const home = joinPath(folder, "snapshots", commit);
      if ((await exists(home)) !== "folder") return [];
      const kinds = await Promise.all(
        (await listFolder(home)).map(async (name) => [name, await exists(joinPath(home, name))] as const),
      );
      return kinds.filter(([, kind]) => kind === "file").map(([name]) => name);
    },
    async find(commit, file) {
      const path = pointer(commit, file);
      return (await exists(path)) === "file" ? path : undefined;
    },
    async add(commit, file, etag, write) {
      const blob = joinPath(folder, "blobs", etag);
      const path = pointer(commit, file);
      await makeFolder(folderOf(blob));
      await makeFolder(folderOf(path));
      if (!(await exists(blob))) await write(blob);
      await link(blob, path, "../".repeat(file.split("/").length + 1));
      return path;
    },
  };
}

/** `path` → `up`blobs/…, relative, so that the cache can be moved; where links may not be made (Windows), the blob itself moves. */
async function link(blob: string, path: string, up: string): Promise<void> {
  const fs = await fileSystem(path);
  await fs.rm(path, { force: true }); // a link to a blob that is gone
  try {
    await fs.symlink(`${up}blobs/${baseName(blob)}`, path);
  } catch {
    if (!(await exists(path))) await fs.rename(blob, path); // else another process was first
  }
}
