import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  readSafetensors,
  readSafetensorsHeader,
  type StoredTensor,
  streamSafetensors,
  widen,
  widenIntegers,
  writeSafetensors,
} from "../../src/checkpoint/index.ts";
import { CallError, DataError } from "../../src/errors.ts";
import { type ByteSource, bytesSource } from "../../src/runtime/index.ts";

/** A file with any header text and `data` bytes of numbers behind it. */
function file(header: string, data = 0, length?: bigint): Uint8Array {
  const json = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + json.length + data);
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}
const read = (bytes: Uint8Array) => readSafetensors(bytesSource("model.safetensors", bytes));
const entry = (dtype: string, shape: unknown, offsets: unknown) =>
  JSON.stringify({ dtype, shape, data_offsets: offsets });

describe("readSafetensors", () => {
  it("reads tensors in any order of the header, scalars, empty ones, and padding behind the JSON", async () => {
    const header = `{"b":${entry("U8", [], [2, 3])},"__metadata__":{"format":"pt"},"a":${entry("F16", [1, 1], [0, 2])},"none":${entry("F32", [0, 7], [2, 2])}}   `;
    const bytes = file(header, 3);
    bytes.set([0x00, 0x3c, 42], bytes.length - 3);
    const { tensors, metadata } = await read(bytes);
    expect(Object.keys(tensors)).toEqual(["a", "none", "b"]);
    expect(tensors["a"]).toEqual({ dtype: "F16", shape: [1, 1], bytes: new Uint8Array([0, 0x3c]) });
    expect(tensors["b"]).toEqual({ dtype: "U8", shape: [], bytes: new Uint8Array([42]) });
    expect(tensors["none"].bytes.length).toBe(0);
    expect(metadata).toEqual({ format: "pt" });
  });

  it.each([
    ["too short for a length", new Uint8Array(5), /only 5 bytes/],
    ["an absurd header length", file("{}", 0, 2n ** 63n), /at most 100000000 bytes/],
    [
      "a header beyond the file",
      file("{}", 0, 90_000_000n),
      /does not fit in a file of 10; the file is truncated/,
    ],
    ["unreadable JSON", file('{"a": 1,'), /safetensors header at line 1, column 9/],
    ["not UTF-8", file("{}").fill(0xff, 8), /UTF-8/],
    ["an array", file("[]"), /header: expected a JSON object, got an array/],
    [
      "a name twice",
      file(`{"a":${entry("U8", [1], [0, 1])},"a":${entry("U8", [1], [0, 1])}}`, 1),
      /"a" comes twice/,
    ],
    ["metadata that is no text", file('{"__metadata__":{"step":3}}'), /__metadata__.step: expected a text/],
    ["metadata that is no object", file('{"__metadata__":"x"}'), /__metadata__: expected a JSON object/],
    ["an entry that is no object", file('{"w":3}'), /tensor w: expected a JSON object, got a number/],
    [
      "an unknown dtype",
      file(`{"w":${entry("Q4", [1], [0, 1])}}`, 1),
      /tensor w: expected a dtype .* got "Q4"/,
    ],
    ["a prototype's name as dtype", file(`{"w":${entry("toString", [1], [0, 1])}}`, 1), /expected a dtype/],
    ["a negative side", file(`{"w":${entry("U8", [-1], [0, 1])}}`, 1), /tensor w: expected a shape/],
    ["a fraction", file(`{"w":${entry("U8", [0.5], [0, 1])}}`, 1), /tensor w: expected a shape/],
    ["no shape", file('{"w":{"dtype":"U8","data_offsets":[0,1]}}', 1), /got nothing/],
    ["offsets that are none", file(`{"w":${entry("U8", [1], [0])}}`, 1), /data_offsets \[begin, end\]/],
    ["offsets the wrong way round", file(`{"w":${entry("U8", [1], [1, 0])}}`, 1), /begin ≤ end/],
    [
      "a wrong size",
      file(`{"w":${entry("F32", [2], [0, 4])}}`, 4),
      /tensor w: expected 8 bytes .* of 4 bytes/,
    ],
    [
      "sides whose product overflows",
      file(`{"w":${entry("U8", [2 ** 52, 2 ** 52, 2 ** 52], [0, 1])}}`, 1),
      /tensor w: expected/,
    ],
    ["a truncated file", file(`{"w":${entry("F32", [2], [0, 8])}}`, 7), /tensor w ends at byte \d+, beyond/],
    [
      "an overlap",
      file(`{"v":${entry("U8", [3], [0, 3])},"w":${entry("U8", [3], [2, 5])}}`, 5),
      /tensor w overlaps tensor v/,
    ],
    [
      "a gap",
      file(`{"v":${entry("U8", [1], [0, 1])},"w":${entry("U8", [1], [2, 3])}}`, 3),
      /before tensor w, belong to no tensor/,
    ],
    ["bytes behind the last", file(`{"w":${entry("U8", [1], [0, 1])}}`, 2), /the last, belong to no tensor/],
  ])("refuses %s", async (_, bytes, reason) => {
    await expect(read(bytes)).rejects.toThrow(DataError);
    await expect(read(bytes)).rejects.toThrow(reason);
    await expect(read(bytes)).rejects.toThrow(/^model.safetensors: /);
  });

  it("never reads, so never allocates, more than the file has", async () => {
    const asked: number[] = [];
    const spy = (bytes: Uint8Array): ByteSource => {
      const source = bytesSource("x", bytes);
      return {
        ...source,
        read(start, end) {
          asked.push(end - start);
          return source.read(start, end);
        },
      };
    };
    const lies = [
      file("{}", 0, 99_999_999n),
      file("{}", 0, 2n ** 64n - 1n),
      file(`{"w":${entry("F64", [2 ** 40], [0, 2 ** 43])}}`),
    ];
    for (const bytes of lies) await expect(readSafetensors(spy(bytes))).rejects.toThrow(DataError);
    expect(Math.max(...asked)).toBeLessThan(100);
  });

  it("keeps messages short where names and values are long", async () => {
    const bytes = file(`{"${"w".repeat(100_000)}":${entry("U8", Array(50_000).fill(1), [0, 2])}}`, 2);
    const message = await read(bytes).then(
      () => "read",
      (error: Error) => error.message,
    );
    expect(message).toMatch(/expected 1 bytes/);
    expect(message.length).toBeLessThan(400);
  });

  it("takes names that objects treat specially", async () => {
    const bytes = file(
      `{"__proto__":${entry("U8", [1], [0, 1])},"constructor":${entry("U8", [1], [1, 2])}}`,
      2,
    );
    expect(Object.keys((await read(bytes)).tensors)).toEqual(["__proto__", "constructor"]);
  });
});

describe("headers at random", () => {
  const dtype = fc.oneof(
    fc.constantFrom("F32", "F16", "BF16", "F64", "I64", "U8", "BOOL", "Q8"),
    fc.jsonValue(),
  );
  const whole = fc.oneof(fc.nat(20), fc.integer(), fc.maxSafeNat(), fc.double(), fc.constant(null));
  const tensor = fc.oneof(
    fc.record(
      { dtype, shape: fc.array(whole, { maxLength: 4 }), data_offsets: fc.array(whole, { maxLength: 3 }) },
      { requiredKeys: [] },
    ),
    fc.jsonValue(),
  );
  const header = fc.dictionary(fc.oneof(fc.string(), fc.constantFrom("__metadata__", "w")), tensor);

  /** Either read in full, within the file, or refused with a DataError: nothing else may happen. */
  async function readsOrRefuses(bytes: Uint8Array) {
    try {
      const { tensors } = await readSafetensorsHeader(bytesSource("x", bytes));
      for (const { start, end } of Object.values(tensors))
        expect(end <= bytes.length && start <= end).toBe(true);
      return true;
    } catch (error) {
      expect(error).toBeInstanceOf(DataError);
      return false;
    }
  }

  it("made-up headers", async () => {
    await fc.assert(
      fc.asyncProperty(header, fc.nat(64), async (value, data) => {
        await readsOrRefuses(file(JSON.stringify(value), data));
      }),
      { seed: 1, numRuns: 400 },
    );
  });

  it("bytes that are anything", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        expect(await readsOrRefuses(bytes)).toBe(false);
      }),
      { seed: 2, numRuns: 300 },
    );
  });

  it("a good file with its length, its header or its end damaged", async () => {
    const good = writeSafetensors(
      {
        a: { dtype: "F32", shape: [2, 3], bytes: new Uint8Array(24) },
        b: { dtype: "BF16", shape: [4], bytes: new Uint8Array(8) },
        c: { dtype: "U8", shape: [5], bytes: new Uint8Array(5) },
      },
      { format: "pt" },
    );
    const headerEnd = good.length - 37;
    expect(await readsOrRefuses(good)).toBe(true);
    await fc.assert(
      fc.asyncProperty(fc.nat(headerEnd - 1), fc.nat(255), async (at, byte) => {
        const bytes = good.slice();
        bytes[at] = byte;
        await readsOrRefuses(bytes);
      }),
      { seed: 3, numRuns: 400 },
    );
    for (let length = 0; length < good.length; length++) {
      expect(await readsOrRefuses(good.slice(0, length))).toBe(false);
    }
  });
});

describe("writeSafetensors", () => {
  const tensor = (dtype: StoredTensor["dtype"], shape: number[], bytes: number[]): StoredTensor => ({
    dtype,
    shape,
    bytes: new Uint8Array(bytes),
  });

  it("writes what is read again, every tensor aligned to its width", async () => {
    const tensors = {
      "z.bias": tensor("U8", [3], [1, 2, 3]),
      "a.weight": tensor("F16", [2], [4, 5, 6, 7]),
      "b.weight": tensor("F64", [], [0, 0, 0, 0, 0, 0, 0xf0, 0x3f]),
      empty: tensor("I32", [0], []),
    };
    const bytes = writeSafetensors(tensors, { by: "ntkit ä" });
    const again = await read(bytes);
    expect(again.tensors).toEqual(tensors);
    expect(again.metadata).toEqual({ by: "ntkit ä" });
    const { tensors: places } = await readSafetensorsHeader(bytesSource("x", bytes));
    expect(Object.keys(places)).toEqual(["b.weight", "empty", "a.weight", "z.bias"]);
    expect(places["b.weight"].start % 8).toBe(0);
    const reversed = Object.fromEntries(Object.entries(tensors).reverse());
    expect(writeSafetensors(reversed, { by: "ntkit ä" })).toEqual(bytes);
  });

  it("writes no metadata where there is none, and no tensors", async () => {
    expect(await read(writeSafetensors({}))).toEqual({ tensors: {}, metadata: {} });
  });

  it("refuses bytes that do not fit the shape, and the name of the metadata", () => {
    expect(() => writeSafetensors({ w: tensor("F32", [2], [1]) })).toThrow(CallError);
    expect(() => writeSafetensors({ w: tensor("F32", [2], [1]) })).toThrow(/tensor w: expected 8 bytes/);
    expect(() => writeSafetensors({ __metadata__: tensor("U8", [1], [1]) })).toThrow(/__metadata__/);
  });
});

const reference = join(import.meta.dirname, "../../../shared/reference/nano-gpt-neo/reference.safetensors");
if (!existsSync(reference)) console.warn(`safetensors.test.ts: ${reference} is not there: it is not read`);
describe.skipIf(!existsSync(reference))("a file of the reference implementation", () => {
  it("gives token ids and logits as they were written", async () => {
    const { tensors } = await read(readFileSync(reference));
    const ids = tensors["input_ids"];
    expect(ids.dtype).toBe("I64");
    const [n, T] = ids.shape;
    const values = widenIntegers("I64", ids.bytes);
    expect(values.length).toBe(n * T);
    // The first text of snips-train.csv: "Put the joy division …", tokens.json.
    expect([...values.slice(0, 6)]).toEqual([48, 306, 263, 2347, 2259, 2363]);
    const logits = tensors["last_logits"];
    expect(logits.shape).toEqual([8, 4096]);
    expect(widen(logits.dtype as "F64", logits.bytes).every(Number.isFinite)).toBe(true);
  });
});

describe("streamSafetensors", () => {
  const tensors: Record<string, StoredTensor> = {
    b: { dtype: "BF16", shape: [3], bytes: Uint8Array.of(1, 2, 3, 4, 5, 6) },
    a: { dtype: "F32", shape: [1], bytes: Uint8Array.of(7, 8, 9, 10) },
    none: { dtype: "U8", shape: [0], bytes: new Uint8Array(0) },
  };
  async function joined(pieces: (name: string) => Iterable<Uint8Array> | AsyncIterable<Uint8Array>) {
    const bytes: number[] = [];
    for await (const piece of streamSafetensors(tensors, pieces, { format: "pt" })) bytes.push(...piece);
    return Uint8Array.from(bytes);
  }

  it("gives the bytes of writeSafetensors, however the tensors come", async () => {
    const whole = writeSafetensors(tensors, { format: "pt" });
    expect(await joined((name) => [tensors[name].bytes])).toEqual(whole);
    async function* byByte(name: string) {
      for (const byte of tensors[name].bytes) yield Uint8Array.of(byte);
    }
    expect(await joined(byByte)).toEqual(whole);
  });

  it("refuses pieces that are too few or too many, and names the tensor", async () => {
    const oneMore = joined((name) => [tensors[name].bytes, new Uint8Array(1)]);
    await expect(oneMore).rejects.toThrow(/tensor a: expected 4 bytes for F32 \[1\], got 5/);
    await expect(joined(() => [])).rejects.toThrow(/tensor a: expected 4 bytes for F32 \[1\], got 0/);
  });
});
