/**
 * Files by path, through node:fs/promises (Node, Deno, Bun). In a browser every function throws a CallError.
 * A path that is not there is a wrong call (CallError); a disk that is full or may not be touched is a DataError.
 */
import { CallError, DataError } from "../errors.ts";
import { fileSystem, hostProcess } from "./node.ts";
import { baseName, folderOf, joinPath } from "./path.ts";

const REASONS: Record<string, string> = {
  ENOSPC: "no space is left on the device; free some, or write elsewhere",
  EDQUOT: "the disk quota is used up; free some space, or write elsewhere",
  EACCES: "permission denied; check who owns it, or choose another place",
  EPERM: "the operation is not permitted; check who owns it, or choose another place",
  EROFS: "the file system is read-only; choose another place",
  ENAMETOOLONG: "the name is too long for the file system",
  EMFILE: "too many files are open at once",
  EIO: "the device reports an input/output error",
};
const WRONG_PATHS: Record<string, string> = {
  ENOENT: "there is no such file or folder",
  ENOTDIR: "a part of the path is a file, not a folder",
  EISDIR: "expected a file, got a folder",
  EEXIST: "expected a folder, got a file",
};

/** The error of a file operation in words: names the path, what was being done, and why it failed. */
export function fileError(error: unknown, path: string, doing: string): CallError | DataError {
  const code = (error as { code?: unknown })?.code;
  const wrong = WRONG_PATHS[String(code)];
  if (wrong) return new CallError(`${path}: cannot ${doing}: ${wrong}`);
  const reason = REASONS[String(code)] ?? (error instanceof Error ? error.message : String(error));
  return new DataError(`${path}: cannot ${doing}: ${reason}`);
}

async function attempt<T>(
  path: string,
  doing: string,
  body: (fs: typeof import("node:fs/promises")) => Promise<T>,
): Promise<T> {
  const fs = await fileSystem(path);
  try {
    return await body(fs);
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw fileError(error, path, doing);
  }
}

export function readFile(path: string): Promise<Uint8Array<ArrayBuffer>> {
  return attempt(path, "read it", async (fs) => {
    const { buffer, byteOffset, length } = await fs.readFile(path);
    return new Uint8Array(buffer as ArrayBuffer, byteOffset, length);
  });
}

/** By which a file is known again: whoever changes it changes one of them. */
export interface FileStamp {
  size: number; // bytes
  modified: number; // ms
}

/** Bytes [start, end) of a file; DataError where the file ends before `end`, or is not what it was at `stamp`. */
export function readRange(
  path: string,
  start: number,
  end: number,
  stamp?: FileStamp,
): Promise<Uint8Array<ArrayBuffer>> {
  return attempt(path, "read it", async (fs) => {
    const file = await fs.open(path, "r");
    try {
      if (stamp) checkStamp(path, stamp, await file.stat());
      const bytes = new Uint8Array(end - start);
      let done = 0;
      while (done < bytes.length) {
        const { bytesRead } = await file.read(bytes, done, bytes.length - done, start + done);
        if (bytesRead === 0) {
          throw new DataError(
            `${path}: expected bytes ${start} to ${end}, got a file of ${start + done} bytes`,
          );
        }
        done += bytesRead;
      }
      return bytes;
    } finally {
      await file.close();
    }
  });
}

function checkStamp(path: string, stamp: FileStamp, now: { size: number; mtimeMs: number }): void {
  if (now.size === stamp.size && now.mtimeMs === stamp.modified) return;
  const [had, has] = [stamp, { size: now.size, modified: now.mtimeMs }].map(
    ({ size, modified }) => `${size} bytes of ${new Date(modified).toISOString()}`,
  );
  throw new DataError(`${path}: the file changed while it was in use: it had ${had}, it has ${has}`);
}

/** CallError for a folder. */
export function fileStamp(path: string): Promise<FileStamp> {
  return attempt(path, "measure it", async (fs) => {
    const found = await fs.stat(path);
    if (found.isDirectory()) throw Object.assign(new Error(), { code: "EISDIR" });
    return { size: found.size, modified: found.mtimeMs };
  });
}

/** In bytes; CallError for a folder. */
export const fileSize = async (path: string): Promise<number> => (await fileStamp(path)).size;

/** What is at a path: a file, a folder, or nothing. */
export async function exists(path: string): Promise<"file" | "folder" | false> {
  const fs = await fileSystem(path);
  try {
    return (await fs.stat(path)).isDirectory() ? "folder" : "file";
  } catch {
    return false;
  }
}

/** Names in a folder, sorted. */
export function listFolder(path: string): Promise<string[]> {
  return attempt(path, "list it", async (fs) => (await fs.readdir(path)).sort());
}

/** With the folders above it; one that is there already is fine. */
export function makeFolder(path: string): Promise<void> {
  return attempt(path, "make the folder", async (fs) => {
    await fs.mkdir(path, { recursive: true }).catch((error: { code?: string }) => {
      // On a read-only file system Node says ENOENT of a whole path, and the truth of its last part.
      if (error.code !== "ENOENT") throw error;
      return fs.mkdir(path);
    });
  });
}

/** A file, or a folder with all that is in it; what is not there is fine. */
export function removeAll(path: string): Promise<void> {
  return attempt(path, "remove it", (fs) => fs.rm(path, { recursive: true, force: true }));
}

let asides = 0;

/**
 * All or nothing: written aside in the same folder, forced to disk, then renamed over `path`; a reader sees the old file
 * or the new one, never a half. What was written aside is removed when anything fails.
 */
export function writeFileAtomic(path: string, data: Uint8Array | string): Promise<void> {
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  return writePiecesAtomic(path, (append) => append(bytes));
}

/** The same of a file that comes in pieces, in their order. What `fill` throws is thrown as it is. */
export async function writePiecesAtomic(
  path: string,
  fill: (append: (piece: Uint8Array) => Promise<void>) => Promise<void>,
): Promise<void> {
  const fs = await fileSystem(path);
  const attempted = <T>(step: Promise<T>) =>
    step.catch((error: unknown) => {
      throw fileError(error, path, "write it");
    });
  const aside = joinPath(folderOf(path), `.${baseName(path)}.${hostProcess()?.pid}-${asides++}.part`);
  const file = await attempted(fs.open(aside, "wx"));
  try {
    try {
      await fill(async (piece) => {
        for (let at = 0; at < piece.length; ) {
          at += (await attempted(file.write(piece, at, piece.length - at))).bytesWritten;
        }
      });
      await attempted(file.sync());
    } finally {
      await file.close();
    }
    await attempted(fs.rename(aside, path));
  } catch (error) {
    await fs.rm(aside, { force: true });
    throw error;
  }
}
