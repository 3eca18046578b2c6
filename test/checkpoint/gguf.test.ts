import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readGguf } from "../../src/checkpoint/gguf.ts";
import { openCheckpoint, widen } from "../../src/checkpoint/index.ts";
import { CallError, DataError } from "../../src/errors.ts";
import { bytesSource } from "../../src/runtime/index.ts";
import { floatsPart, tinyLlama, writeGguf } from "../support/gguf.ts";

const read = (bytes: Uint8Array) => readGguf(bytesSource("x.gguf", bytes));
const one = floatsPart("a", [2, 3], [1, 2, 3, 4, 5, 6]);

describe("readGguf", () => {
  it.each([2, 3])("reads metadata and places, version %i", async (version) => {
    const bytes = writeGguf(
      [
        ["t", "é"],
        ["n", 7],
        ["f", 0.5],
        ["b", true],
        ["l", ["x", "y"]],
        ["m", [1, 2]],
      ],
      [one, floatsPart("b", [1], [9])],
      version,
    );
    const { metadata, tensors } = await read(bytes);
    expect(Object.fromEntries(metadata)).toEqual({ t: "é", n: 7, f: 0.5, b: true, l: ["x", "y"], m: [1, 2] });
    const { dtype, shape, start, end } = tensors.get("a")!;
    expect([dtype, shape]).toEqual(["F32", [2, 3]]);
    expect([...widen("F32", bytes.subarray(start, end))]).toEqual([1, 2, 3, 4, 5, 6]);
    const b = tensors.get("b")!;
    expect(widen("F32", bytes.subarray(b.start, b.end))[0]).toBe(9);
  });

  it.each([
    ["another format", new TextEncoder().encode("PK..............................."), /begins with "GGUF"/],
    ["an old version", writeGguf([], [one], 1), /got version 1/],
    ["a twin", writeGguf([], [one, one]), /tensor a comes twice/],
    [
      "a metadata twin",
      writeGguf(
        [
          ["k", 1],
          ["k", 2],
        ],
        [one],
      ),
      /metadata k comes twice/,
    ],
    ["an overlap", writeGguf([], [one, { ...one, name: "b", offset: 0 }]), /tensor b overlaps tensor a/],
    ["an offset beyond the file", writeGguf([], [{ ...one, offset: 3200 }]), /tensor a ends at byte/],
    ["an odd offset", writeGguf([], [{ ...one, offset: 3 }]), /multiple of 32, got 3/],
    ["an unknown type", writeGguf([], [{ ...one, type: 23 }]), /got ggml type 23/],
    [
      "part of a block",
      writeGguf([], [{ ...one, type: 2 }]),
      /rows of a multiple of 32 numbers for Q4_0, got 3/,
    ],
    ["absurd sides", writeGguf([], [{ ...one, shape: [2 ** 40, 2 ** 40] }]), /larger than any file/],
    ["a wrong alignment", writeGguf([["general.alignment", "x"]], [one]), /general.alignment/],
  ])("refuses %s", async (_, bytes, reason) => {
    await expect(read(bytes)).rejects.toThrow(DataError);
    await expect(read(bytes)).rejects.toThrow(reason);
  });

  it("refuses counts that no file could hold before it makes room for them", async () => {
    for (const at of [8, 16]) {
      const bytes = writeGguf([], [one]);
      new DataView(bytes.buffer).setBigUint64(at, 2n ** 62n, true);
      await expect(read(bytes)).rejects.toThrow(/do not fit in a file of/);
    }
  });

  it("refuses every file that is cut short", async () => {
    const bytes = writeGguf([["l", ["x", "y"]]], [one]);
    for (let length = 0; length < bytes.length - 8; length++) {
      await expect(read(bytes.subarray(0, length))).rejects.toThrow(DataError);
    }
  });
});

describe("openCheckpoint of a GGUF file", () => {
  const open = (change: (file: ReturnType<typeof tinyLlama>) => void = () => {}) => {
    const file = tinyLlama();
    change(file);
    return openCheckpoint({ "x.gguf": writeGguf(file.metadata, file.parts) });
  };

  it("speaks of it as config.json does, and puts the rows of q back", async () => {
    const { config, tensors } = await open();
    expect(config).toMatchObject({
      model_type: "llama",
      hidden_size: 8,
      num_key_value_heads: 2,
      head_dim: 4,
      vocab_size: 4,
      rms_norm_eps: 1e-5,
      rope_theta: 1000,
      tie_word_embeddings: true,
    });
    const column = (name: string) => [...widen("F32", tensors[name].bytes)].filter((_, i) => i % 8 === 0);
    const rows = [0, 2, 1, 3, 4, 6, 5, 7];
    expect(column("model.layers.0.self_attn.q_proj.weight")).toEqual(rows.map((row) => 100 + 8 * row));
    expect(column("model.layers.0.self_attn.v_proj.weight")).toEqual(rows.map((_, row) => 200 + 8 * row));
  });

  it.each([
    ["architecture", "general.architecture", "martian", /llama or qwen2, got "martian"/],
    ["kind of value", "llama.block_count", "x", /llama.block_count: expected a number, got "x"/],
    ["heads", "llama.attention.head_count", 3, /rope|heads of even width/],
  ])("refuses an unknown %s", async (_, key, value, reason) => {
    const changed = open(({ metadata }) => {
      metadata.find((entry) => entry[0] === key)![1] = value;
    });
    await expect(changed).rejects.toThrow(reason);
  });

  it("refuses what would be computed wrongly without a word", async () => {
    for (const [key, value, reason] of [
      ["llama.rope.scaling.type", "yarn", /none or linear, got yarn/],
      ["llama.rope.dimension_count", 2, /rotary embedding of 2 of 4 sides/],
      ["llama.attention.sliding_window", 8, /a sliding window/],
    ] as const) {
      await expect(open(({ metadata }) => metadata.push([key, value]))).rejects.toThrow(reason);
    }
    await expect(open(({ parts }) => parts.push({ ...one, name: "blk.0.odd.weight" }))).rejects.toThrow(
      /only tensors of the llama family, got "blk.0.odd.weight"/,
    );
  });

  it("is a DataError, whatever bytes are changed", async () => {
    const file = tinyLlama();
    const good = writeGguf(file.metadata, file.parts);
    const change = fc.record({ at: fc.nat(900), byte: fc.nat(255) });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), fc.nat(40), async (changes, cut) => {
        const bytes = good.slice(0, good.length - (cut < 20 ? 0 : cut * 9));
        for (const { at, byte } of changes) bytes[at] = byte;
        try {
          await openCheckpoint({ "x.gguf": bytes });
        } catch (error) {
          if (!(error instanceof DataError || error instanceof CallError)) throw error;
        }
      }),
      { numRuns: 5000 },
    );
  });
});
