/** Checkpoints and tokenizers by their name on the hub: the files a folder would have, and only those that are needed. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openCheckpoint, type StoredTensor, writeSafetensors } from "../../src/checkpoint/index.ts";
import { CallError, DataError } from "../../src/errors.ts";
import { loadTokenizer } from "../../src/text/index.ts";
import { tinyLlama, writeGguf } from "../support/gguf.ts";
import { commitOf, type LoopbackHub, loopbackHub } from "../support/hub.ts";
import { id, wordPiece } from "../text/fixtures/wordPiece.ts";

const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const f32 = (...values: number[]): StoredTensor => ({
  dtype: "F32",
  shape: [values.length],
  bytes: new Uint8Array(new Float32Array(values).buffer),
});
const tensors = { "a.weight": f32(1, 2, 3), "b.weight": f32(4) };
const config = { "config.json": json({ model_type: "gpt_neo" }) };
const words = { "tokenizer.json": json(wordPiece()), "tokenizer_config.json": json({ pad_token: "[SEP]" }) };
const whole = { ...config, ...words, "model.safetensors": writeSafetensors(tensors) };
const sharded = {
  ...config,
  ...words,
  "model.safetensors.index.json": json({
    weight_map: { "a.weight": "1.safetensors", "b.weight": "2.safetensors" },
  }),
  "1.safetensors": writeSafetensors({ "a.weight": tensors["a.weight"] }),
  "2.safetensors": writeSafetensors({ "b.weight": tensors["b.weight"] }),
  "3.safetensors": writeSafetensors({ "c.weight": f32(5) }),
  "vocab.txt": json("not needed"),
};
const { metadata, parts } = tinyLlama();
const gguf = writeGguf(metadata, parts);
const HEAD = commitOf("head");
const model = (files: Record<string, Uint8Array>) => ({
  commits: { [HEAD]: files },
  branches: { main: HEAD },
});

let hub: LoopbackHub;
let cache: string;
beforeAll(async () => {
  cache = mkdtempSync(join(tmpdir(), "ntkit-hub-"));
  hub = await loopbackHub({
    "acme/whole": model(whole),
    "acme/sharded": model(sharded),
    "acme/gguf": model({ ...config, "x.gguf": gguf, "README.md": json("") }),
    "acme/two": model({ "q4.gguf": gguf, "q8.gguf": gguf }),
    "acme/pickled": model({ ...config, "pytorch_model.bin": json("") }),
  });
});
afterAll(async () => {
  await hub.close();
  rmSync(cache, { recursive: true });
});
beforeEach(() => {
  hub.asked.length = 0;
});
const open = (name: string) => openCheckpoint(name, { hub: { endpoint: hub.endpoint, cache } });
const fetched = () =>
  new Set(hub.asked.map(({ path }) => /\/resolve\/[^/]+\/(.+)$/.exec(path)?.[1]).filter(Boolean));

describe("openCheckpoint of a hub name", () => {
  it("reads what the folder would give, whole or sharded", async () => {
    const local = await openCheckpoint(whole);
    for (const name of ["whole", "sharded"]) {
      const { source, ...read } = await open(`hub:acme/${name}`);
      const { source: _, ...expected } = local;
      expect(read).toEqual(expected);
      expect(source).toBe(`hub:acme/${name}@${HEAD}`);
    }
  });

  it("fetches only what is needed, what is small first", async () => {
    rmSync(join(cache, "models--acme--sharded"), { recursive: true, force: true });
    await open("hub:acme/sharded");
    expect([...fetched()]).toEqual([
      ...["config.json", "tokenizer.json", "tokenizer_config.json"],
      ...["model.safetensors.index.json", "1.safetensors", "2.safetensors"],
    ]);
  });

  it("takes the only .gguf file, or the one that is named", async () => {
    const expected = (await openCheckpoint({ "x.gguf": gguf })).fingerprint;
    expect((await open("hub:acme/gguf")).fingerprint).toBe(expected);
    const { fingerprint, source } = await open("hub:acme/two/q8.gguf");
    expect([fingerprint, source]).toEqual([expected, `hub:acme/two/q8.gguf@${HEAD}`]);
    await expect(open("hub:acme/two")).rejects.toThrow(CallError);
    await expect(open("hub:acme/two")).rejects.toThrow(
      /expected one .gguf file, got q4.gguf, q8.gguf; try .* like hub:acme\/two\/q4.gguf$/,
    );
  });

  it("says what a model without safetensors has instead, before any weight is fetched", async () => {
    await expect(open("hub:acme/pickled")).rejects.toThrow(DataError);
    await expect(open("hub:acme/pickled")).rejects.toThrow(
      /expected model.safetensors in it, got config.json, pytorch_model.bin; .* pickled weights \(.bin\) are not read/,
    );
    expect(fetched().has("pytorch_model.bin")).toBe(false);
  });
});

describe("loadTokenizer of a hub name", () => {
  it("fetches the tokenizer's files alone", async () => {
    rmSync(join(cache, "models--acme--whole"), { recursive: true, force: true });
    const tokenizer = await loadTokenizer("hub:acme/whole", { hub: { endpoint: hub.endpoint, cache } });
    expect(tokenizer.encode("a good film")).toEqual(["a", "good", "film"].map(id));
    expect(tokenizer.padId).toBe(id("[SEP]"));
    expect([...fetched()]).toEqual(["tokenizer.json", "tokenizer_config.json"]);
  });
});
