/** Tables of texts and labels in .parquet files, as one writer writes them in several ways, with spoiled bytes. */
import { gzipSync } from "node:zlib";
import { type ColumnSource, parquetWriteBuffer } from "hyparquet-writer";
import { openDataset } from "../../../src/text/index.ts";
import type { Format } from "./format.ts";
import { chance, pick, spoilBytes } from "./spoil.ts";

const texts = ["a good film", "bad, “very” bad", "two\nlines", "ä", "the last", "a good film", "", null];
const labels: Pick<ColumnSource, "data" | "type">[] = [
  { data: ["pos", "neg", "pos", "neg", "pos", "pos", "pos", "neg"], type: "STRING" },
  { data: [0, 1, 2, 0, 1, 1, 1, 1], type: "INT32" },
  { data: [10n, 9n, 10n, 9n, 10n, 9n, 9n, 9n], type: "INT64" },
  { data: [true, false, true, false, true, true, true, true], type: "BOOLEAN" },
];
const compressors = { GZIP: gzipSync };

interface Layout {
  codec: "UNCOMPRESSED" | "SNAPPY" | "GZIP";
  rowGroupSize?: number;
  /** Of the texts; what the writer thinks best where there is none. */
  encoding?: ColumnSource["encoding"];
}
const LAYOUTS: Layout[] = [
  { codec: "UNCOMPRESSED" },
  { codec: "UNCOMPRESSED", rowGroupSize: 3 },
  { codec: "UNCOMPRESSED", encoding: "DELTA_BYTE_ARRAY" },
  { codec: "SNAPPY", encoding: "DELTA_LENGTH_BYTE_ARRAY" },
  { codec: "SNAPPY" },
  { codec: "GZIP" },
];

/** Good files, none of brotli, whose decoder sets 4 MiB aside for the smallest page: a column of texts, one of them missing, and one of labels, in every layout. */
export const goodParquet = LAYOUTS.flatMap(({ encoding, codec, rowGroupSize }) =>
  labels.map((label) => {
    const columnData: ColumnSource[] = [
      { name: "text", data: texts, type: "STRING", ...(encoding && { encoding }) },
      { name: "label", ...label },
    ];
    return new Uint8Array(
      parquetWriteBuffer({ columnData, codec, compressors, ...(rowGroupSize && { rowGroupSize }) }),
    );
  }),
);

/** Its share of memory (format.ts) lets a file whose codec is spoiled into brotli have that decoder's 4 MiB. */
const BROTLI = 2 ** 16;

export const readTable = (bytes: Uint8Array) => openDataset(bytes, { name: "x.parquet" });

export const parquet: Format = {
  name: "parquet",
  make(random) {
    const good = pick(random, goodParquet);
    const file = new Uint8Array(good);
    // Mostly a byte or two: most of what spoilBytes does is refused at the first look.
    if (chance(random, 0.7)) file[random.integer(file.length)] ^= 1 << random.integer(8);
    const bytes = chance(random, 0.3) ? spoilBytes(random, file) : file;
    return { bytes: bytes.length + BROTLI, read: () => readTable(bytes) };
  },
};
