import { existsSync, lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { CallError, DataError } from "../../../src/errors.ts";
import type { HubLibrary } from "../../../src/runtime/hub/library.ts";
import { openFolder, readAll } from "../../../src/runtime/index.ts";
import { commitOf, type LoopbackHub, loopbackHub } from "../../support/hub.ts";

const text = (value: string) => new TextEncoder().encode(value);
const [OLD, NEW] = [commitOf("old"), commitOf("new")];
const weights = Uint8Array.from({ length: 300_000 }, (_, i) => i % 251);
const tree = {
  "config.json": text('{"model_type": "x"}'),
  "model.safetensors": weights,
  "README.md": text("# hello"),
  "onnx/model.onnx": text("never fetched"),
  "small/x.gguf": text("GGUF small"),
};

let hub: LoopbackHub;
let nobody: string; // an address where nothing answers
let cache: string;
beforeAll(async () => {
  const closed = await loopbackHub({});
  nobody = closed.endpoint;
  await closed.close();
  hub = await loopbackHub({
    "acme/tiny": {
      commits: { [OLD]: { ...tree, "config.json": text("{}") }, [NEW]: tree },
      branches: { main: NEW, "refs/pr/1": OLD },
    },
    "acme/private": { commits: { [NEW]: tree }, branches: { main: NEW }, token: "hf_secret" },
    "acme/gated": { commits: { [NEW]: tree }, branches: { main: NEW }, token: "hf_other", gated: true },
  });
});
afterAll(() => hub.close());
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), "ntkit-hub-"));
  hub.asked.length = 0;
});
afterEach(() => {
  hub.fault = Object.assign(hub.fault, {
    truncate: undefined,
    status: undefined,
    spoil: undefined,
    garble: undefined,
  });
  rmSync(cache, { recursive: true });
});

const open = (name: string, options: object = {}) =>
  openFolder(name, "a model", { hub: { endpoint: hub.endpoint, cache }, ...options });
const read = async (name: string, file: string, options?: object) =>
  readAll(await (await open(name, options)).open(file));
const home = () => join(cache, "models--acme--tiny");

describe("a model on the hub", () => {
  it("may be asked for with a library that is given, as a page's bundler has it", async () => {
    const library: HubLibrary = await import("@huggingface/hub");
    let asked = 0;
    const counting: HubLibrary = {
      ...library,
      modelInfo(query) {
        asked++;
        return library.modelInfo(query);
      },
    };
    const options = { hub: { endpoint: hub.endpoint, cache, library: counting } };
    expect((await open("hub:acme/tiny", options)).has("config.json")).toBe(true);
    expect(asked).toBe(1);
  });

  it("is a folder whose files are fetched when they are opened, each once", async () => {
    const folder = await open("hub:acme/tiny");
    expect(folder.name).toBe(`hub:acme/tiny@${NEW}`);
    expect(folder.files).toEqual(["README.md", "config.json", "model.safetensors"]);
    expect([folder.has("config.json"), folder.has("tokenizer.json")]).toEqual([true, false]);
    expect(hub.asked).toHaveLength(1);
    expect(await readAll(await folder.open("model.safetensors"))).toEqual(weights);
    const source = await folder.open("config.json");
    expect(source.name).toBe(`hub:acme/tiny/config.json@${NEW}`);
    expect(new TextDecoder().decode(await readAll(source))).toBe('{"model_type": "x"}');
    expect(hub.asked.filter(({ path }) => /README|onnx/.test(path))).toEqual([]);

    const before = hub.asked.length;
    expect(await read("hub:acme/tiny", "model.safetensors")).toEqual(weights);
    expect(hub.asked.length - before).toBe(1); // where main is now
  });

  it("lies in the cache as Python's library would put it", async () => {
    await read("hub:acme/tiny", "model.safetensors");
    await read("hub:acme/tiny", "config.json");
    expect(readFileSync(join(home(), "refs/main"), "utf8")).toBe(NEW);
    const blobs = readdirSync(join(home(), "blobs")).sort();
    expect(blobs.map((name) => name.length)).toEqual(expect.arrayContaining([40, 64])); // git's and LFS's names
    const link = join(home(), "snapshots", NEW, "model.safetensors");
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(readlinkSync(link)).toBe(`../../blobs/${blobs.find((name) => name.length === 64)}`);
  });

  it("is read at a branch, a pull request, or a commit", async () => {
    expect(await read("hub:acme/tiny@refs/pr/1", "config.json")).toEqual(text("{}"));
    expect(await read(`hub:acme/tiny@${OLD}`, "config.json")).toEqual(text("{}"));
    expect(readFileSync(join(home(), "refs/refs/pr/1"), "utf8")).toBe(OLD);
    expect(existsSync(join(home(), "refs", OLD))).toBe(false);
    // The weights of both commits are the same blob.
    await read(`hub:acme/tiny@${OLD}`, "model.safetensors");
    const before = hub.asked.filter(({ server }) => server === "files").length;
    await read("hub:acme/tiny", "model.safetensors");
    const last = hub.asked.filter(({ server }) => server === "files").slice(before);
    expect(last.map(({ range }) => range)).toEqual(["bytes=0-0"]);
  });

  it("may be one .gguf file of it, in a folder too", async () => {
    const folder = await open("hub:acme/tiny/small/x.gguf");
    expect(folder.files).toEqual(["small/x.gguf"]);
    expect(await readAll(await folder.open("small/x.gguf"))).toEqual(text("GGUF small"));
    await expect(open("hub:acme/tiny/y.gguf")).rejects.toThrow(
      /expected a file y.gguf in it, got small\/x.gguf/,
    );
  });

  it("is found in the cache where the hub does not answer, and without any request when told to be offline", async () => {
    await read("hub:acme/tiny", "config.json");
    await read("hub:acme/tiny/small/x.gguf", "small/x.gguf");
    const dead = { hub: { endpoint: nobody, cache } };
    expect(await read("hub:acme/tiny", "config.json", dead)).toEqual(tree["config.json"]);
    hub.fault.status = 503;
    expect(await read("hub:acme/tiny", "config.json")).toEqual(tree["config.json"]);
    hub.fault.status = undefined;
    hub.asked.length = 0;
    process.env["HF_HUB_OFFLINE"] = "1";
    try {
      for (const name of ["hub:acme/tiny", `hub:acme/tiny@${NEW}`]) {
        expect(await read(name, "config.json")).toEqual(tree["config.json"]);
      }
      expect(await read("hub:acme/tiny/small/x.gguf", "small/x.gguf")).toEqual(tree["small/x.gguf"]);
      expect((await open("hub:acme/tiny")).has("model.safetensors")).toBe(false);
      await expect(open("hub:acme/other")).rejects.toThrow(/models--acme--other, as HF_HUB_OFFLINE is set/);
    } finally {
      delete process.env["HF_HUB_OFFLINE"];
    }
    expect(hub.asked).toEqual([]);
  });

  it("keeps the old files of a branch that moved until new ones are there", async () => {
    const { branches } = hub.models["acme/tiny"];
    branches["main"] = OLD;
    await read("hub:acme/tiny", "config.json");
    branches["main"] = NEW;
    await open("hub:acme/tiny");
    expect(readFileSync(join(home(), "refs/main"), "utf8")).toBe(OLD);
    expect(await read("hub:acme/tiny", "config.json")).toEqual(tree["config.json"]);
    expect(readFileSync(join(home(), "refs/main"), "utf8")).toBe(NEW);
  });
});

describe("the token", () => {
  const signed = (token: string) => ({ hub: { endpoint: hub.endpoint, cache, token } });

  it("goes to the hub and not to the servers its files are on", async () => {
    expect(await read("hub:acme/private", "model.safetensors", signed("hf_secret"))).toEqual(weights);
    const tokens = (server: string) =>
      hub.asked.filter((one) => one.server === server).map(({ token }) => token);
    expect(new Set(tokens("hub"))).toEqual(new Set(["Bearer hf_secret"]));
    expect(new Set(tokens("files"))).toEqual(new Set([undefined]));
  });

  it("is taken from HF_TOKEN, the hub from HF_ENDPOINT, the cache from HF_HOME or HF_HUB_CACHE", async () => {
    const kept = { ...process.env };
    Object.assign(process.env, { HF_TOKEN: "hf_secret", HF_ENDPOINT: `${hub.endpoint}/`, HF_HOME: cache });
    try {
      const folder = await openFolder("hub:acme/private", "a model");
      await folder.open("config.json");
      expect(existsSync(join(cache, "hub/models--acme--private/refs/main"))).toBe(true);
      process.env["HF_HUB_CACHE"] = join(cache, "elsewhere");
      await (await openFolder("hub:acme/private", "a model")).open("config.json");
      expect(existsSync(join(cache, "elsewhere/models--acme--private/refs/main"))).toBe(true);
      process.env["HF_ENDPOINT"] = "the hub";
      await expect(openFolder("hub:acme/private", "a model")).rejects.toThrow(
        /HF_ENDPOINT: expected an address/,
      );
    } finally {
      for (const name of ["HF_TOKEN", "HF_ENDPOINT", "HF_HOME", "HF_HUB_CACHE"]) {
        if (kept[name] === undefined) delete process.env[name];
        else process.env[name] = kept[name];
      }
    }
  });

  it("that is missing or wrong is said to be", async () => {
    await expect(open("hub:acme/private")).rejects.toThrow(CallError);
    await expect(open("hub:acme/private")).rejects.toThrow(
      /none of that name that anyone without a token may read/,
    );
    await expect(open("hub:acme/gated")).rejects.toThrow(DataError);
    await expect(open("hub:acme/gated", signed("hf_wrong"))).rejects.toThrow(
      /got a refusal \(403\); try accepting its terms at .*\/acme\/gated, then HF_TOKEN/,
    );
  });
});

describe("downloads that break", () => {
  const nothingHalf = () => {
    const blobs = join(home(), "blobs");
    expect(existsSync(blobs) ? readdirSync(blobs) : []).toEqual([]);
    expect(existsSync(join(home(), "snapshots", NEW, "model.safetensors"))).toBe(false);
  };

  it("are taken up where they broke", async () => {
    hub.fault.truncate = { file: "model.safetensors", after: 100_000, times: 2 };
    expect(await read("hub:acme/tiny", "model.safetensors")).toEqual(weights);
    const ranges = hub.asked.filter(({ server }) => server === "files").map(({ range }) => range);
    expect(ranges[0]).toBe("bytes=0-0");
    expect(ranges.slice(2).every((range) => /^bytes=\d+-$/.test(range ?? ""))).toBe(true);
    expect(ranges).toHaveLength(4);
  });

  it("leave nothing behind when they cannot be finished", async () => {
    hub.fault.truncate = { file: "model.safetensors", after: 10, times: 99 };
    await expect(read("hub:acme/tiny", "model.safetensors")).rejects.toThrow(DataError);
    await expect(read("hub:acme/tiny", "model.safetensors")).rejects.toThrow(
      /hub:acme\/tiny\/model.safetensors: expected 300000 bytes, got \d+ .*; try again/,
    );
    nothingHalf();
    hub.fault.truncate = undefined;
    expect(await read("hub:acme/tiny", "model.safetensors")).toEqual(weights);
  });

  it("are noticed by their checksum", async () => {
    hub.fault.spoil = "model.safetensors";
    await expect(read("hub:acme/tiny", "model.safetensors")).rejects.toThrow(
      /expected bytes with the SHA-256 [\da-f]{64}/,
    );
    nothingHalf();
  });

  it("can be aborted, and say how far they are", async () => {
    const seen: number[] = [];
    const controller = new AbortController();
    const onProgress = ({ stage, done, total }: { stage: string; done: number; total: number }) => {
      expect([stage, total]).toEqual(["fetching hub:acme/tiny/model.safetensors", 300_000]);
      seen.push(done);
    };
    await read("hub:acme/tiny", "model.safetensors", { onProgress });
    expect([seen[0], seen.at(-1)]).toEqual([0, 300_000]);
    expect([...seen].sort((a, b) => a - b)).toEqual(seen);
    rmSync(home(), { recursive: true });
    const reason = new Error("enough");
    const stop = () => controller.abort(reason);
    await expect(
      read("hub:acme/tiny", "model.safetensors", { signal: controller.signal, onProgress: stop }),
    ).rejects.toBe(reason);
    nothingHalf();
    await expect(open("hub:acme/tiny", { signal: controller.signal })).rejects.toBe(reason);
  });
});

describe("a hub that cannot help", () => {
  it.each([
    [
      "hub:acme/none",
      CallError,
      /hub:acme\/none: expected a model on http.*, got none of that name .*\(401\)/,
    ],
    ["hub:acme/tiny@nowhere", CallError, /hub:acme\/tiny@nowhere: expected a branch, tag or commit/],
    ["hub:tiny", CallError, /expected hub:owner\/name/],
    ["hub:acme/../x", CallError, /expected hub:owner\/name/],
    ["hub:../..", CallError, /expected hub:owner\/name/],
    ["hub:acme/tiny@../../x", CallError, /expected hub:owner\/name/],
    ["hub:acme/tiny@", CallError, /expected hub:owner\/name/],
    ["hub:acme/tiny/../x.gguf", CallError, /expected hub:owner\/name/],
  ])("says so of %s", async (name, kind, reason) => {
    await expect(open(name)).rejects.toThrow(kind);
    await expect(open(name)).rejects.toThrow(reason);
  });

  it("says that there is no network, a limit, or something that is no hub", async () => {
    const dead = { hub: { endpoint: nobody, cache } };
    await expect(open("hub:acme/tiny", dead)).rejects.toThrow(DataError);
    await expect(open("hub:acme/tiny", dead)).rejects.toThrow(
      /expected an answer from http:.*, got none \(ECONNREFUSED\); try/,
    );
    hub.fault.status = 429;
    await expect(open("hub:acme/tiny")).rejects.toThrow(/got status 429; try again later/);
    hub.fault.status = 418;
    await expect(open("hub:acme/tiny")).rejects.toThrow(/got status 418/);
    hub.fault.status = undefined;
    hub.fault.garble = true;
    await expect(open("hub:acme/tiny")).rejects.toThrow(
      /hub:acme\/tiny: the hub's answer cannot be read: .*JSON/,
    );
  });

  it("is never asked about anything but a hub: name", async () => {
    await expect(open("acme/tiny")).rejects.toThrow(/expected a folder/);
    expect(hub.asked).toEqual([]);
  });
});
