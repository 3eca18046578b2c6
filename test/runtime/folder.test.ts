import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { CallError, DataError } from "../../src/errors.ts";
import { baseName, bytesSource, joinPath, openFolder, readAll, sha256 } from "../../src/runtime/index.ts";
import { folderOf } from "../../src/runtime/path.ts";

const folder = mkdtempSync(join(tmpdir(), "ntkit-folder-"));
writeFileSync(join(folder, "config.json"), "{}");
afterAll(() => rmSync(folder, { recursive: true }));
const bytes = new Uint8Array([0, 1, 2, 3, 4, 5, 6, 7]);

describe("bytesSource", () => {
  const shared = new Uint8Array(new SharedArrayBuffer(8));
  shared.set(bytes);
  it.each([
    ["Blob", new Blob([bytes])],
    ["ArrayBuffer", bytes.buffer],
    ["Uint8Array", new Uint8Array([9, ...bytes]).subarray(1)],
    ["shared memory", shared],
  ])("reads ranges of a %s, and refuses to read beyond it", async (_, value) => {
    const source = bytesSource("x.bin", value);
    expect(source.size).toBe(8);
    expect(await source.read(2, 5)).toEqual(new Uint8Array([2, 3, 4]));
    expect((await readAll(source)).buffer).toBeInstanceOf(ArrayBuffer);
    await expect(source.read(4, 9)).rejects.toThrow(DataError);
  });
});

describe("openFolder", () => {
  it("opens a path", async () => {
    const opened = await openFolder(folder, "config.json");
    expect(opened.files).toEqual(["config.json"]);
    expect(opened.has("config.json")).toBe(true);
    expect(opened.has("constructor")).toBe(false);
    expect(await readAll(await opened.open("config.json"))).toEqual(new Uint8Array([0x7b, 0x7d]));
  });

  it("says what was looked for where there is no folder", async () => {
    await expect(openFolder(join(folder, "none"), "config.json")).rejects.toThrow(
      /none: expected a folder with config.json, got nothing there/,
    );
    await expect(openFolder(join(folder, "config.json"), "weights")).rejects.toThrow(/got a file/);
  });

  it("finds a file of a map by its last part, where that is unambiguous", async () => {
    const opened = await openFolder({ "gpt/config.json": bytes, "a/x": bytes, "b/x": bytes }, "config.json");
    expect((await opened.open("config.json")).name).toBe("gpt/config.json");
    expect(opened.has("x")).toBe(false);
    expect(opened.has("toString")).toBe(false);
    await expect(opened.open("x")).rejects.toThrow(CallError);
  });
});

describe("paths and hashes", () => {
  it("joins and splits", () => {
    expect(joinPath("a", "b", "c.csv")).toBe("a/b/c.csv");
    expect(joinPath("a/", "b")).toBe("a/b");
    expect(joinPath("/", "b")).toBe("/b");
    expect(joinPath("", "b")).toBe("b");
    expect(joinPath("C:\\data\\", "b")).toBe("C:\\data\\b");
    expect(["a/b.csv", "a/", "b", "C:\\x\\y.npy"].map(baseName)).toEqual(["b.csv", "a", "b", "y.npy"]);
    expect(["a/b", "b", "/b", "C:\\x\\y"].map(folderOf)).toEqual(["a", ".", "/", "C:\\x"]);
  });

  it("hashes as FIPS 180 says", async () => {
    expect(await sha256(new TextEncoder().encode("abc"))).toBe(
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    );
  });
});
