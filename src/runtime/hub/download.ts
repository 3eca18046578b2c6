/**
 * One file of the hub → one file on disk: streamed, its length and, where the hub tells it (every large file), its SHA-256 checked
 * before it gets its name. A connection that breaks is taken up again where it broke.
 */
import { complaint, DataError } from "../../errors.ts";
import type { LongOptions } from "../../progress.ts";
import { writePiecesAtomic } from "../files.ts";
import { inWords, NoAnswer } from "./request.ts";

const TRIES = 4;

export interface RemoteFile {
  /** For errors and progress. */
  name: string;
  url: string;
  size: number;
  etag: string;
}

/** An ETag as Hugging Face's libraries name blobs: W/"abc" → abc. */
export const blobName = (etag: string): string => etag.replace(/^W\//, "").replace(/[^\w.-]/g, "");

/** DataError where the file ends early, is longer than promised or has another checksum: nothing is written then. */
export async function download(
  path: string,
  file: RemoteFile,
  request: typeof fetch,
  { signal, onProgress }: LongOptions,
): Promise<void> {
  const { createHash } = await import("node:crypto");
  const hash = createHash("sha256");
  const report = (done: number) => onProgress?.({ stage: `fetching ${file.name}`, done, total: file.size });
  await writePiecesAtomic(path, async (append) => {
    let done = 0;
    report(done);
    for (let failures = 0; done < file.size; ) {
      try {
        for await (const piece of piecesFrom(done, file, request)) {
          signal?.throwIfAborted();
          done += piece.length;
          if (done > file.size) break;
          hash.update(piece);
          await append(piece);
          report(done);
        }
        if (done < file.size) throw new Broken("the connection closed");
      } catch (error) {
        signal?.throwIfAborted();
        const again = error instanceof Broken || error instanceof NoAnswer;
        if (!again) throw error;
        if (++failures === TRIES) throw cut(file, done, error.message);
      }
    }
    if (done > file.size) throw cut(file, done, "more came than was promised");
    const [expected, got] = [blobName(file.etag), hash.digest("hex")];
    if (/^[\da-f]{64}$/.test(expected) && got !== expected) {
      throw new DataError(
        complaint(file.name, `bytes with the SHA-256 ${expected}`, got, "again: they changed on the way"),
      );
    }
  });
}

/** A body that ended too soon. */
class Broken extends Error {}

const cut = (file: RemoteFile, done: number, why: string) =>
  new DataError(
    complaint(file.name, `${file.size} bytes`, `${done} (${why})`, "again: files that are whole are kept"),
  );

async function* piecesFrom(start: number, file: RemoteFile, request: typeof fetch) {
  const headers = start > 0 ? { range: `bytes=${start}-` } : undefined;
  const response = await request(file.url, { headers });
  if (start > 0 && response.status !== 206) {
    await response.body?.cancel();
    throw new DataError(
      `${file.name}: the connection broke after ${start} bytes and cannot be taken up again`,
    );
  }
  const reader = response.body?.getReader();
  if (!reader) return;
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((error: unknown) => {
        throw new Broken(inWords(error));
      });
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}
