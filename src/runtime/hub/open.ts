/**
 * A model on the hub as a folder. On Node, Deno and Bun its files are fetched into the cache as they are opened, each once; in a page
 * they are Blobs whose ranges are fetched as they are read. The hub is asked which commit a branch is at; where it does not answer,
 * or with HF_HUB_OFFLINE, what was fetched before serves.
 */
import { CallError, complaint, DataError } from "../../errors.ts";
import { type ByteSource, type Folder, type FolderOptions, fileSource } from "../folder.ts";
import { type RepoCache, repoCache } from "./cache.ts";
import { blobName, download } from "./download.ts";
import { type HubLibrary, hubLibrary } from "./library.ts";
import { parseHubName, staysInside } from "./name.ts";
import { hubFetch, inWords, NoAnswer } from "./request.ts";
import { type HubSettings, hubSettings } from "./settings.ts";

/** What the hub is asked, through @huggingface/hub. */
interface Asked {
  repo: string;
  revision: string;
  file: string | undefined;
  signal: AbortSignal | undefined;
  hubUrl: string;
  fetch: typeof fetch;
  library: HubLibrary | undefined;
}

interface Listing {
  commit: string;
  files: string[];
  open(file: string): Promise<ByteSource>;
}

/**
 * CallError for a name that is none, a model, revision or file that is not there; DataError for one that may not be read, a hub that
 * does not answer with nothing in the cache, and downloads that break. Nothing is fetched before a file is opened.
 */
export async function openHub(source: string, options: FolderOptions): Promise<Folder> {
  const { repo, file, revision = "main" } = parseHubName(source);
  const settings = await hubSettings(options.hub);
  const cache = settings.cache === undefined ? undefined : repoCache(settings.cache, repo);
  const request = hubFetch(settings, source, options.signal);
  const asked = {
    repo,
    revision,
    file,
    signal: options.signal,
    hubUrl: settings.endpoint,
    fetch: request,
    library: options.hub?.library,
  };
  const { commit, files, open } = await list(source, asked, cache, settings, options);
  if (file !== undefined && !files.includes(file)) {
    const there = files.filter((name) => name.endsWith(".gguf"));
    throw new CallError(complaint(source, `a file ${file} in it`, there.join(", ") || "no .gguf file"));
  }
  const names = file === undefined ? files.filter((name) => !name.includes("/")).sort() : [file];
  return {
    name: `hub:${repo}@${commit}`,
    files: names,
    has: (name) => names.includes(name),
    async open(name) {
      return { ...(await open(name)), name: `hub:${repo}/${name}@${commit}` };
    },
  };
}

async function list(
  source: string,
  asked: Asked,
  cache: RepoCache | undefined,
  settings: HubSettings,
  options: FolderOptions,
): Promise<Listing> {
  if (!cache) return fromPage(asked, await ask(asked));
  if (!settings.offline) {
    try {
      return fromHub(asked, await ask(asked), cache, options);
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      const kept = await fromCache(asked, cache);
      if (!kept) throw error;
      return kept;
    }
  }
  const kept = await fromCache(asked, cache);
  if (kept) return kept;
  throw new DataError(
    complaint(
      source,
      `it in ${cache.folder}, as HF_HUB_OFFLINE is set`,
      "nothing there",
      "once without HF_HUB_OFFLINE, which fetches it",
    ),
  );
}

/** The commit a revision is at, and the files in it. */
async function ask(asked: Asked): Promise<{ commit: string; files: string[] }> {
  const { repo, library: _, ...rest } = asked;
  const where = `hub:${repo}`;
  const { listFiles, modelInfo } = await hubLibrary(asked.library);
  const about = { name: repo, ...rest, additionalFields: ["sha" as const, "filePaths" as const] };
  const { sha, filePaths } = await understood(asked, where, modelInfo(about));
  // Both become paths in the cache.
  if (typeof sha !== "string" || !staysInside(sha) || sha.includes("/")) {
    throw new DataError(complaint(where, "a commit from the hub", JSON.stringify(sha) ?? "none"));
  }
  const files = [...filePaths];
  if (files.length === 0) {
    const entries = listFiles({ repo, ...rest, revision: sha, recursive: true });
    for (;;) {
      const next = await understood(asked, where, entries.next());
      if (next.done) break;
      if (next.value.type === "file") files.push(next.value.path);
    }
  }
  return { commit: sha, files: files.filter(staysInside) };
}

function fromHub(
  asked: Asked,
  { commit, files }: { commit: string; files: string[] },
  cache: RepoCache,
  options: FolderOptions,
): Listing {
  return {
    commit,
    files,
    async open(path) {
      const found = await cache.find(commit, path);
      if (found !== undefined) return fileSource(found);
      const { fileDownloadInfo } = await hubLibrary(asked.library);
      const where = `hub:${asked.repo}/${path}`;
      const info = await understood(asked, where, fileDownloadInfo({ ...asked, revision: commit, path }));
      if (!info) throw new CallError(complaint(`hub:${asked.repo}@${commit}`, `a file ${path}`, "none"));
      const file = { ...info, name: where };
      const added = await cache.add(commit, path, blobName(info.etag), (blob) =>
        download(blob, file, asked.fetch, options),
      );
      // Now, not when it was asked: a branch that moved still has its old files until some of the new ones are here.
      if (asked.revision !== commit) await cache.remember(asked.revision, commit);
      return fileSource(added);
    },
  };
}

async function fromCache({ revision, file }: Asked, cache: RepoCache): Promise<Listing | undefined> {
  const commit = (await cache.commitOf(revision)) ?? revision;
  const files = await cache.files(commit);
  if (file?.includes("/") && (await cache.find(commit, file))) files.push(file);
  if (files.length === 0) return undefined;
  return {
    commit,
    files,
    async open(path) {
      const found = await cache.find(commit, path);
      if (found !== undefined) return fileSource(found);
      throw new DataError(complaint(cache.folder, `${path} of commit ${commit} in it`, "none"));
    },
  };
}

function fromPage(asked: Asked, { commit, files }: { commit: string; files: string[] }): Listing {
  return {
    commit,
    files,
    async open(path) {
      const { downloadFile } = await hubLibrary(asked.library);
      // Without xet, whose blobs come through a second service: these are plain ranges of the file.
      const where = `hub:${asked.repo}/${path}`;
      const found = downloadFile({ ...asked, revision: commit, path, xet: false });
      const blob = await understood(asked, where, found);
      if (!blob) throw new CallError(complaint(`hub:${asked.repo}@${commit}`, `a file ${path}`, "none"));
      return blobSource(asked, where, blob);
    },
  };
}

function blobSource(asked: Asked, name: string, blob: Blob): ByteSource {
  return {
    name,
    size: blob.size,
    async read(start, end) {
      if (end > blob.size) {
        throw new DataError(`${name}: expected bytes ${start} to ${end}, got a file of ${blob.size} bytes`);
      }
      if (start === end) return new Uint8Array(0); // no range of HTTP is empty
      const bytes = new Uint8Array(await understood(asked, name, blob.slice(start, end).arrayBuffer()));
      if (bytes.length === end - start) return bytes;
      throw new DataError(complaint(name, `bytes ${start} to ${end}`, `${bytes.length} bytes`, "again"));
    },
  };
}

/** What @huggingface/hub itself makes of an answer that is none of the hub's, as a DataError. */
async function understood<T>({ signal }: Asked, where: string, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof CallError || error instanceof DataError) throw error;
    throw new DataError(`${where}: the hub's answer cannot be read: ${inWords(error)}`);
  }
}
