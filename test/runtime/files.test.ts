import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { CallError, DataError } from "../../src/errors.ts";
import { fileError } from "../../src/runtime/files.ts";
import {
  exists,
  fileSize,
  listFolder,
  makeFolder,
  readFile,
  readRange,
  writeFileAtomic,
} from "../../src/runtime/index.ts";

const folder = mkdtempSync(join(tmpdir(), "ntkit-files-"));
const at = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

describe("files", () => {
  it("writes whole files, replaces them, and leaves nothing beside them", async () => {
    await makeFolder(at("a/b"));
    await makeFolder(at("a/b"));
    await writeFileAtomic(at("a/b/x.bin"), new Uint8Array([1, 2, 3, 4, 5]));
    await writeFileAtomic(at("a/b/x.bin"), new Uint8Array([6, 7, 8, 9]));
    await writeFileAtomic(at("a/b/note.txt"), "ä\n");
    expect(await readFile(at("a/b/x.bin"))).toEqual(new Uint8Array([6, 7, 8, 9]));
    expect(await readRange(at("a/b/x.bin"), 1, 3)).toEqual(new Uint8Array([7, 8]));
    expect(await fileSize(at("a/b/note.txt"))).toBe(3);
    expect(await listFolder(at("a/b"))).toEqual(["note.txt", "x.bin"]);
  });

  it("tells a file, a folder and nothing apart", async () => {
    writeFileSync(at("plain"), "");
    expect(await exists(at("plain"))).toBe("file");
    expect(await exists(folder)).toBe("folder");
    expect(await exists(at("nothing"))).toBe(false);
    expect(await exists(join(at("plain"), "under a file"))).toBe(false);
  });

  it("calls a path that is not there a wrong call, by name", async () => {
    for (const call of [readFile, fileSize, listFolder, (path: string) => readRange(path, 0, 1)]) {
      await expect(call(at("nothing"))).rejects.toThrow(CallError);
      await expect(call(at("nothing"))).rejects.toThrow(/nothing: cannot .*no such file/);
    }
    await expect(fileSize(folder)).rejects.toThrow(/expected a file, got a folder/);
    await expect(makeFolder(join(at("plain"), "x"))).rejects.toThrow(/a part of the path is a file/);
    await expect(writeFileAtomic(at("no/such/folder.bin"), "x")).rejects.toThrow(/no\/such\/folder.bin/);
  });

  it("refuses to read beyond the end", async () => {
    writeFileSync(at("short"), "12345");
    await expect(readRange(at("short"), 3, 9)).rejects.toThrow(DataError);
    await expect(readRange(at("short"), 3, 9)).rejects.toThrow(/bytes 3 to 9, got a file of 5 bytes/);
  });

  it("keeps the old file and no leftovers when the last step fails", async () => {
    await makeFolder(at("taken/full")); // a folder in the way: the rename fails after the write
    writeFileSync(at("taken/full/inside"), "kept");
    await expect(writeFileAtomic(at("taken/full"), "new")).rejects.toThrow(/taken\/full: cannot write it/);
    expect(readFileSync(at("taken/full/inside"), "utf8")).toBe("kept");
    expect(readdirSync(at("taken"))).toEqual(["full"]);
  });

  it.each([
    ["ENOSPC", DataError, /no space is left/],
    ["EACCES", DataError, /permission denied/],
    ["EROFS", DataError, /read-only/],
    ["EDQUOT", DataError, /quota/],
    ["ENOENT", CallError, /no such file/],
    ["EISDIR", CallError, /got a folder/],
  ])("puts %s into words", (code, kind, words) => {
    const error = fileError(Object.assign(new Error("raw"), { code }), "/out/record.json", "write it");
    expect(error).toBeInstanceOf(kind);
    expect(error.message).toMatch(words);
    expect(error.message).toMatch(/^\/out\/record.json: cannot write it: /);
  });
});
