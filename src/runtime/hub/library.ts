/**
 * @huggingface/hub, loaded when a hub model is first named. By a name that bundlers do not follow: what it resolves to is made for
 * Node, and a page that never names a hub model should not have to bundle it. A page that does gives the library itself.
 */
import { CallError, complaint } from "../../errors.ts";

const NAME = "@huggingface/hub";

interface Query {
  hubUrl: string;
  fetch: typeof fetch;
  revision: string;
}

/** What is used of it; written out, so that users of our types need not have its own. */
export interface HubLibrary {
  modelInfo(
    query: Query & { name: string; additionalFields: ("sha" | "filePaths")[] },
  ): Promise<{ sha: string; filePaths: string[] }>;
  listFiles(
    query: Query & { repo: string; recursive: boolean },
  ): AsyncGenerator<{ type: string; path: string }>;
  fileDownloadInfo(
    query: Query & { repo: string; path: string },
  ): Promise<{ size: number; etag: string; url: string } | null>;
  downloadFile(query: Query & { repo: string; path: string; xet: boolean }): Promise<Blob | null>;
}

/** @throws CallError where it cannot be loaded. */
export async function hubLibrary(given?: HubLibrary): Promise<HubLibrary> {
  if (given) return given;
  try {
    return (await import(/* @vite-ignore */ NAME)) as HubLibrary;
  } catch (error) {
    const hint =
      'the option hub: { library: await import("@huggingface/hub") }, or an import map for that name';
    throw new CallError(complaint("hub models", `the package ${NAME}`, String(error), hint));
  }
}
