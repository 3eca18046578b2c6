/**
 * One process at a time in a folder. The lock is a file `.lock-K` with the owner's process and host; the owner is the highest K.
 * A process that died (SIGKILL) leaves its file: whoever finds it dead makes `.lock-(K+1)`, which only one can, then looks again
 * and steps back where a living owner has a higher one. So nobody ever removes a lock that another may just have made.
 */
import { DataError } from "../errors.ts";
import { fileError } from "./files.ts";
import { fileSystem, hostProcess } from "./node.ts";
import { joinPath } from "./path.ts";

export interface Lock {
  release(): Promise<void>;
}

interface Owner {
  pid: number;
  host: string;
}

/** How long a lock may be empty, in ms: between making its file and writing the owner into it. */
const EMPTY_FOR = 2000;
const STARTING = "a process that is just starting";
const NAME = /^\.lock-(\d+)$/;

/** Files that this process holds: its own id in a file says nothing where ids come round again, as in containers. */
const held = new Set<string>();

/** Throws a DataError, naming the owner, where a living process has the folder. */
export async function lockFolder(folder: string): Promise<Lock> {
  const fs = await fileSystem(folder);
  const { hostname } = await import("node:os");
  const { resolve } = await import("node:path");
  const me: Owner = { pid: hostProcess()?.pid ?? 0, host: hostname() };
  const place = (k: number) => resolve(joinPath(folder, `.lock-${k}`));
  const locks = async () => {
    const names = await fs.readdir(folder);
    return names.flatMap((name) => NAME.exec(name)?.[1] ?? []).map(Number);
  };

  /** What is to be said of a living owner of lock k; null where there is none. */
  const livingOwner = async (k: number): Promise<string | null> => {
    if (held.has(place(k))) return "this process";
    const text = await fs.readFile(place(k), "utf8").catch(() => null);
    if (text === null) return null; // released meanwhile
    let owner: Owner;
    try {
      owner = JSON.parse(text);
    } catch {
      const age = Date.now() - ((await fs.stat(place(k)).catch(() => null))?.mtimeMs ?? 0);
      return age < EMPTY_FOR ? STARTING : null;
    }
    if (owner.host !== me.host) return `process ${owner.pid} on ${owner.host}`;
    return owner.pid !== me.pid && (await lives(owner.pid)) ? `process ${owner.pid}` : null;
  };
  const refuse = (owner: string, k: number) =>
    new DataError(
      `${folder}: expected no other process at work in it, got ${owner}; wait for it, or remove ${place(k)} if it is long gone`,
    );

  /** null: somebody was faster, or is about to write who it is; look again. */
  const claim = async (): Promise<number | null> => {
    const found = await locks();
    for (const k of found) {
      const owner = await livingOwner(k);
      if (owner === STARTING) {
        await new Promise((soon) => setTimeout(soon, 50));
        return null;
      }
      if (owner) throw refuse(owner, k);
    }
    const mine = Math.max(-1, ...found) + 1;
    let file: Awaited<ReturnType<typeof fs.open>>;
    try {
      file = await fs.open(place(mine), "wx");
    } catch (error) {
      if ((error as { code?: string }).code === "EEXIST") return null;
      throw error;
    }
    held.add(place(mine));
    try {
      await file.writeFile(JSON.stringify(me));
    } catch (error) {
      await fs.rm(place(mine), { force: true });
      held.delete(place(mine));
      throw error;
    } finally {
      await file.close();
    }
    return mine;
  };

  try {
    for (;;) {
      const mine = await claim();
      if (mine === null) continue;
      const release = async () => {
        await fs.rm(place(mine), { force: true });
        held.delete(place(mine));
      };
      for (const k of await locks()) {
        if (k === mine) continue;
        const owner = await livingOwner(k);
        if (!owner) await fs.rm(place(k), { force: true });
        else if (k > mine) {
          await release();
          throw refuse(owner, k);
        }
      }
      return { release };
    }
  } catch (error) {
    throw error instanceof DataError ? error : fileError(error, folder, "lock it");
  }
}

/** Signal 0 is no signal: it asks whether the process is there. One that may not be signalled is. */
async function lives(pid: number): Promise<boolean> {
  const { kill } = await import("node:process");
  try {
    kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: string }).code === "EPERM";
  }
}
