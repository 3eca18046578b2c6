/** One process in a folder: the living are respected, the dead make way. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { lockFolder } from "../../src/runtime/index.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ntkit-lock-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const leave = (k: number, owner: object | string) =>
  writeFileSync(join(folder, `.lock-${k}`), typeof owner === "string" ? owner : JSON.stringify(owner));

describe("lockFolder", () => {
  it("is for one at a time, and can be had again", async () => {
    const lock = await lockFolder(folder);
    await expect(lockFolder(folder)).rejects.toThrow(/no other process at work in it, got this process/);
    await lock.release();
    expect(readdirSync(folder)).toEqual([]);
    await (await lockFolder(folder)).release();
  });

  it("takes over from the dead, and from whoever died before saying who it was", async () => {
    const dead = spawnSync(process.execPath, ["-e", ""]).pid;
    leave(0, { pid: dead, host: hostname() });
    leave(4, "");
    const long = new Date(Date.now() - 60_000);
    utimesSync(join(folder, ".lock-4"), long, long);
    const lock = await lockFolder(folder);
    expect(readdirSync(folder)).toEqual([".lock-5"]);
    await lock.release();
    // Ids come round again: one of ours that we do not hold is of a process before us.
    leave(0, { pid: process.pid, host: hostname() });
    await (await lockFolder(folder)).release();
  });

  it("respects the living and other hosts, by name", async () => {
    leave(0, { pid: process.ppid, host: hostname() });
    await expect(lockFolder(folder)).rejects.toThrow(`got process ${process.ppid}; wait for it, or remove`);
    leave(0, { pid: 1, host: "elsewhere" });
    const call = lockFolder(folder);
    await expect(call).rejects.toThrow("process 1 on elsewhere");
    await expect(call).rejects.toMatchObject({ name: "DataError" });
    expect(readdirSync(folder)).toEqual([".lock-0"]);
  });

  it("goes to one of many that come at once after a death", async () => {
    const dead = spawnSync(process.execPath, ["-e", ""]).pid;
    leave(0, { pid: dead, host: hostname() });
    const all = await Promise.allSettled(Array.from({ length: 8 }, () => lockFolder(folder)));
    expect(all.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });
});
