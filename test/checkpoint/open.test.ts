import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { openCheckpoint, type StoredTensor, widen, writeSafetensors } from "../../src/checkpoint/index.ts";
import { CallError, DataError } from "../../src/errors.ts";

const root = mkdtempSync(join(tmpdir(), "ntkit-open-"));
afterAll(() => rmSync(root, { recursive: true }));

const text = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const f32 = (...values: number[]): StoredTensor => ({
  dtype: "F32",
  shape: [values.length],
  bytes: new Uint8Array(new Float32Array(values).buffer),
});
const config = text({ model_type: "gpt_neo" });
const tensors = { "a.weight": f32(1, 2, 3), "b.weight": f32(4) };
const whole = { "config.json": config, "model.safetensors": writeSafetensors(tensors) };
const index = (map: Record<string, unknown>) => text({ metadata: { total_size: 16 }, weight_map: map });
const sharded = {
  "config.json": config,
  "model.safetensors.index.json": index({ "a.weight": "one.safetensors", "b.weight": "two.safetensors" }),
  "one.safetensors": writeSafetensors({ "a.weight": tensors["a.weight"] }),
  "two.safetensors": writeSafetensors({ "b.weight": tensors["b.weight"] }, { format: "pt" }),
};

let folders = 0;
function onDisk(files: Record<string, Uint8Array>): string {
  const folder = join(root, `model-${folders++}`);
  mkdirSync(folder);
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
  return folder;
}

describe("openCheckpoint", () => {
  it("reads a folder, a map, shards and blobs to the same weights and fingerprint", async () => {
    const blobs = Object.fromEntries(Object.entries(whole).map(([name, bytes]) => [name, new Blob([bytes])]));
    const all = await Promise.all(
      [onDisk(whole), whole, onDisk(sharded), sharded, blobs].map((x) => openCheckpoint(x)),
    );
    for (const { config, tensors: read, fingerprint, ignored } of all) {
      expect(config).toEqual({ model_type: "gpt_neo" });
      expect(read).toEqual(tensors);
      expect(fingerprint).toBe(all[0].fingerprint);
      expect(fingerprint).toMatch(/^[\da-f]{64}$/);
      expect(ignored).toEqual([]);
    }
    expect(all[1].source).toBe("files given");
    expect(all[0].source).toBe(join(root, "model-0"));
    expect(all[0]).not.toHaveProperty("tokenizerJson");
  });

  it("has another fingerprint for other bytes, names, shapes or types", async () => {
    const prints = new Set<string>();
    const a = tensors["a.weight"];
    for (const variant of [
      tensors,
      { "a.weight": f32(1, 2, 3.5), "b.weight": f32(4) },
      { "a.weight": a, "c.weight": f32(4) },
      { "a.weight": { ...a, shape: [3, 1] }, "b.weight": f32(4) },
      { "a.weight": { ...a, dtype: "F16" as const, shape: [6] }, "b.weight": f32(4) },
    ]) {
      prints.add(
        (await openCheckpoint({ ...whole, "model.safetensors": writeSafetensors(variant) })).fingerprint,
      );
    }
    expect(prints.size).toBe(5);
  });

  it("shares the weights on request, each aligned", async () => {
    const odd = { x: { dtype: "F16" as const, shape: [1], bytes: new Uint8Array([0, 0x3c]) }, y: f32(2.5) };
    const files = { ...whole, "model.safetensors": writeSafetensors(odd) };
    const { tensors: read, fingerprint } = await openCheckpoint(files, { share: true });
    expect(read["x"].bytes.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(read["y"].bytes.buffer).toBe(read["x"].bytes.buffer);
    expect(read["y"].bytes.byteOffset % 8).toBe(0);
    expect([widen("F16", read["x"].bytes)[0], widen("F32", read["y"].bytes)[0]]).toEqual([1, 2.5]);
    expect(fingerprint).toBe((await openCheckpoint(files)).fingerprint);
  });

  it("hands on the tokenizer, and leaves integer masks in the file", async () => {
    const {
      tokenizerJson,
      tokenizerConfig,
      tensors: read,
      ignored,
    } = await openCheckpoint({
      ...whole,
      "model.safetensors": writeSafetensors({
        w: f32(1),
        "attn.bias": { dtype: "BOOL", shape: [2], bytes: new Uint8Array(2) },
      }),
      "tokenizer.json": text({ model: {} }),
      "tokenizer_config.json": text({ pad_token: "x" }),
    });
    expect(tokenizerJson).toEqual({ model: {} });
    expect(tokenizerConfig).toEqual({ pad_token: "x" });
    expect(Object.keys(read)).toEqual(["w"]);
    expect(ignored).toEqual(["attn.bias"]);
  });

  it("calls a folder that is not there a wrong call, and says what was looked for", async () => {
    await expect(openCheckpoint(join(root, "none"))).rejects.toThrow(CallError);
    await expect(openCheckpoint(join(root, "none"))).rejects.toThrow(
      /none: expected a folder with config.json, tokenizer.json and model.safetensors .* got nothing there/,
    );
    await expect(openCheckpoint(join(onDisk(whole), "config.json"))).rejects.toThrow(/got a file/);
  });

  it("names missing files and what there is instead", async () => {
    const bare = onDisk({ "config.json": config, "pytorch_model.bin": new Uint8Array(3) });
    await expect(openCheckpoint(bare)).rejects.toThrow(DataError);
    await expect(openCheckpoint(bare)).rejects.toThrow(
      /expected model.safetensors in it, got config.json, pytorch_model.bin/,
    );
    await expect(openCheckpoint({})).rejects.toThrow(/expected config.json in it, got no files/);
    const { "two.safetensors": _, ...rest } = sharded;
    await expect(openCheckpoint(rest)).rejects.toThrow(/expected two.safetensors in it/);
  });

  it("says where JSON is unreadable", async () => {
    const broken = onDisk({ ...whole, "config.json": new TextEncoder().encode('{\n "a": 1,\n}') });
    await expect(openCheckpoint(broken)).rejects.toThrow(/config.json: unreadable JSON at line 3, column 1/);
    const list = { ...whole, "tokenizer.json": text([]) };
    await expect(openCheckpoint(list)).rejects.toThrow(
      /tokenizer.json: expected a JSON object, got an array/,
    );
  });

  it.each([
    [
      "a tensor no shard has",
      { "a.weight": "one.safetensors", "z.weight": "two.safetensors" },
      /promises tensor z.weight in two.safetensors/,
    ],
    ["a path out of the folder", { "a.weight": "../one.safetensors" }, /expected the name of a file/],
    ["no name", { "a.weight": 3 }, /expected the name of a file, got 3/],
  ])("refuses an index with %s", async (_, map, reason) => {
    const files = { ...sharded, "model.safetensors.index.json": index(map) };
    await expect(openCheckpoint(files)).rejects.toThrow(DataError);
    await expect(openCheckpoint(files)).rejects.toThrow(reason);
  });

  it("names all shards, all tensors that are missing, and tensors in another shard, at once", async () => {
    const { "one.safetensors": _1, "two.safetensors": _2, ...none } = sharded;
    await expect(openCheckpoint(none)).rejects.toThrow(/expected one.safetensors, two.safetensors in it/);
    const map = { "a.weight": "one.safetensors", y: "two.safetensors", z: "two.safetensors" };
    await expect(openCheckpoint({ ...sharded, "model.safetensors.index.json": index(map) })).rejects.toThrow(
      /promises tensor y in two.safetensors, tensor z in two.safetensors, which the shards lack/,
    );
    const swapped = { "a.weight": "two.safetensors", "b.weight": "one.safetensors" };
    await expect(
      openCheckpoint({ ...sharded, "model.safetensors.index.json": index(swapped) }),
    ).rejects.toThrow(/tensor a.weight in two.safetensors, which is in one.safetensors, tensor b.weight in/);
  });

  it("refuses a tensor in two shards, and 8-bit floats", async () => {
    const twice = { ...sharded, "two.safetensors": writeSafetensors(tensors) };
    await expect(openCheckpoint(twice)).rejects.toThrow(/tensor a.weight is in one.safetensors as well/);
    const eight: StoredTensor = { dtype: "F8_E4M3", shape: [1], bytes: new Uint8Array(1) };
    await expect(
      openCheckpoint({ ...whole, "model.safetensors": writeSafetensors({ w: eight }) }),
    ).rejects.toThrow(/tensor w: expected F64, F32, F16 or BF16 weights, got F8_E4M3/);
  });

  it("names the file that is cut short", async () => {
    const bytes = whole["model.safetensors"];
    const cut = onDisk({ ...whole, "model.safetensors": bytes.subarray(0, bytes.length - 3) });
    await expect(openCheckpoint(cut)).rejects.toThrow(/model.safetensors: tensor b.weight ends at byte/);
  });
});
