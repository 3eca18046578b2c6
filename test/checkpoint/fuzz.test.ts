/** Spoiled weights (test/support/fuzz): read, or refused with a sentence, without a large allocation. At length: scripts/fuzz.mjs. */
import { describe, expect, it } from "vitest";
import { openCheckpoint, writeSafetensors } from "../../src/checkpoint/index.ts";
import { allocatedBytes } from "../support/fuzz/allocations.ts";
import { gguf, runCases, safetensors, shards } from "../support/fuzz/index.ts";
import { tinyLlama, writeGguf } from "../support/gguf.ts";

describe("spoiled files", () => {
  it.each([
    [safetensors, 30_000],
    [shards, 20_000],
    [gguf, 25_000],
  ])("$name", async (format, cases) => {
    const { read, refused } = await runCases(format, 1, cases);
    expect(read).toBeGreaterThan(cases / 10);
    expect(refused).toBeGreaterThan(cases / 4);
  });
});

describe("a header that claims what no file holds", () => {
  const huge = 2 ** 53 - 1;
  const withHeader = (header: unknown) => {
    const json = new TextEncoder().encode(JSON.stringify(header));
    const file = new Uint8Array(8 + json.length + 8);
    new DataView(file.buffer).setBigUint64(0, BigInt(json.length), true);
    file.set(json, 8);
    return { "config.json": new TextEncoder().encode("{}"), "model.safetensors": file };
  };

  it.each([
    ["sides of 2⁵³ − 1", { dtype: "F32", shape: [huge], data_offsets: [0, 8] }, /a.*expected .* bytes/],
    ["an end there", { dtype: "U8", shape: [huge], data_offsets: [0, huge] }, /a.*beyond the file/],
    [
      "sides whose product is no number",
      { dtype: "F32", shape: [huge, huge, huge], data_offsets: [0, 8] },
      /a/,
    ],
  ])("%s: refused by name, less than 100 kB asked for", async (_, entry, message) => {
    const files = withHeader({ a: entry });
    const asked = await allocatedBytes(async () => {
      await expect(openCheckpoint(files)).rejects.toThrow(message);
    });
    expect(asked).toBeLessThan(100_000);
  });

  it("rows of nothing, however many, take no time", async () => {
    const { metadata, parts } = tinyLlama();
    for (const part of parts) if (part.name === "blk.0.attn_q.weight") part.shape = [2 ** 40, 0];
    const { tensors } = await openCheckpoint({ "x.gguf": writeGguf(metadata, parts) });
    expect(tensors["model.layers.0.self_attn.q_proj.weight"].bytes).toHaveLength(0);
  });

  it("a name that stands twice in an index", async () => {
    const index = '{"weight_map":{"a":"x.safetensors","a":"y.safetensors"}}';
    const files = Object.entries({ "config.json": "{}", "model.safetensors.index.json": index });
    const source = Object.fromEntries(files.map(([name, text]) => [name, new TextEncoder().encode(text)]));
    await expect(openCheckpoint(source)).rejects.toThrow(/the key "a" comes twice/);
  });

  it("the measure sees what a reader takes", async () => {
    const bytes = new Uint8Array(40_000);
    const files = {
      "config.json": new TextEncoder().encode("{}"),
      "model.safetensors": writeSafetensors({ a: { dtype: "F32", shape: [10_000], bytes } }),
    };
    expect(await allocatedBytes(async () => void (await openCheckpoint(files)))).toBeGreaterThan(40_000);
    expect(await allocatedBytes(async () => void new Float64Array(1000))).toBe(8000);
    await expect(allocatedBytes(async () => void new Float64Array(2 ** 30))).rejects.toThrow(/at once/);
  });
});
