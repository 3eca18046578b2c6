import { brotliCompressSync, gzipSync, zstdCompressSync } from "node:zlib";
import { parquetWriteBuffer } from "hyparquet-writer";
import { describe, expect, it } from "vitest";
import { CallError, DataError } from "../../src/errors.ts";
import { openDataset, readDataset } from "../../src/text/index.ts";

const texts = ["a good film", "bad, “very” bad", "two\nlines", "ä", "the last"];
const labels = ["pos", "neg", "pos", "neg", "pos"];
const write = (columnData: Parameters<typeof parquetWriteBuffer>[0]["columnData"], more: object = {}) =>
  new Uint8Array(parquetWriteBuffer({ columnData, ...more }));
const columns = [
  { name: "text", data: texts, type: "STRING" as const },
  { name: "label", data: labels, type: "STRING" as const },
];
const read = (bytes: Uint8Array, more: object = {}) => openDataset(bytes, { name: "train.parquet", ...more });

describe("parquet files", () => {
  it("give the dataset that the same rows give as JSON lines", async () => {
    const lines = texts.map((text, i) => JSON.stringify({ text, label: labels[i] })).join("\n");
    const { lines: at, unit, ...same } = await read(write(columns));
    const {
      lines: _,
      unit: __,
      ...expected
    } = readDataset(new TextEncoder().encode(lines), { name: "train.parquet.jsonl" });
    expect(same).toEqual({ ...expected, name: "train.parquet" });
    expect([at, unit]).toEqual([[1, 2, 3, 4, 5], "row"]);
  });

  it("may be compressed, in several row groups, and on shared memory", async () => {
    const compressors = {
      GZIP: gzipSync,
      BROTLI: brotliCompressSync,
      ...(zstdCompressSync && { ZSTD: zstdCompressSync }),
    };
    for (const codec of ["UNCOMPRESSED", "SNAPPY", ...Object.keys(compressors)]) {
      const bytes = write(columns, { codec, compressors, rowGroupSize: 2 });
      const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
      shared.set(bytes);
      const { texts: found, labels: named } = await read(shared);
      expect([codec, found, named]).toEqual([codec, texts, labels]);
    }
  });

  it("may hold numbers and truth values as labels, other columns beside, and pairs", async () => {
    for (const [data, type, expected] of [
      [[0, 1, 2, 0, 1], "INT32", ["0", "1", "2"]],
      [[10n, 9n, 10n, 9n, 10n], "INT64", ["9", "10"]],
      [[true, false, true, false, true], "BOOLEAN", ["false", "true"]],
    ] as const) {
      const vectors = { name: "vector", data: texts.map((_, i) => [i, i + 0.5]) };
      const bytes = write([
        vectors,
        { name: "hypothesis", data: [...texts].reverse() },
        columns[0],
        { name: "label", data: [...data], type },
      ]);
      const { classes, pairs } = await read(bytes, { textPair: "hypothesis" });
      expect([classes, pairs]).toEqual([expected, [...texts].reverse()]);
    }
  });

  it("leave out rows without text, and name the row of a missing label and of a list", async () => {
    const data = [null, ...texts.slice(1)];
    const { skipped, lines } = await read(write([{ name: "text", data, type: "STRING" }, columns[1]]));
    expect([skipped, lines]).toEqual([1, [2, 3, 4, 5]]);
    const unlabelled = [...labels.slice(0, 3), null, "pos"];
    await expect(
      read(write([columns[0], { name: "label", data: unlabelled, type: "STRING" }])),
    ).rejects.toThrow(/train.parquet, row 4: expected a label in column label, got nothing/);
    await expect(read(write([columns[0], { name: "label", data: texts.map(() => [1n]) }]))).rejects.toThrow(
      /train.parquet, row 1: expected text or a number in label, got \[1\]/,
    );
  });

  it("name a column that is not there and list those that are", async () => {
    await expect(read(write(columns), { label: "intent" })).rejects.toThrow(CallError);
    await expect(read(write(columns), { label: "intent" })).rejects.toThrow(
      "train.parquet: expected a column intent, got text, label",
    );
  });

  it("that are cut short, spoiled or something else are refused by name", async () => {
    const bytes = write(columns);
    const spoiled = new Uint8Array(bytes);
    spoiled.fill(0xff, 4, 60);
    for (const wrong of [
      bytes.subarray(0, bytes.length - 9),
      bytes.subarray(100),
      spoiled,
      new Uint8Array(3),
      texts.join("\n"),
    ]) {
      const content = typeof wrong === "string" ? new TextEncoder().encode(wrong) : wrong;
      await expect(read(content)).rejects.toThrow(DataError);
      await expect(read(content)).rejects.toThrow(/^train.parquet: unreadable parquet/);
    }
    await expect(
      read(
        write([
          { ...columns[0], data: [] },
          { ...columns[1], data: [] },
        ]),
      ),
    ).rejects.toThrow(/got none/);
  });
});
