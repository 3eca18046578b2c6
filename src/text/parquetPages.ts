/**
 * The pages of a parquet file's columns, checked before they are decoded: hyparquet takes counts and lengths at their word, and a
 * run of 2³⁰ repeated values costs a byte to write and minutes to read. Pages have to lie within their chunk, to hold as many values
 * as the footer says, and runs (parquet-format, Encodings.md: RLE / bit-packing hybrid) no more than their page; lengths that share
 * a prefix no longer one than there is. O(bytes of the columns): pages are decompressed once more than to decode them.
 */
import type {
  ColumnMetaData,
  Compressors,
  DataReader,
  FileMetaData,
  PageHeader,
  SchemaTree,
} from "hyparquet";

/** Padding behind the last value of a bit-packed run of no width, generously. */
const PADDING = 512;
/** More parts a block of differences than any writer makes. */
const MOST_PARTS = 2 ** 16;

interface Column {
  meta: ColumnMetaData;
  path: SchemaTree[];
  flat: boolean;
  most: { repetition: number; definition: number };
  compressors: Compressors;
}

/** Throws an Error that says what does not fit, of hyparquet's or its own. `bytes`: the file. */
export async function checkPages(
  bytes: Uint8Array,
  metadata: FileMetaData,
  columns: readonly string[],
  compressors: Compressors,
): Promise<void> {
  const walk = await pageWalk();
  for (const { num_rows, columns: chunks } of metadata.row_groups) {
    for (const { meta_data: meta } of chunks) {
      if (!meta || !columns.includes(meta.path_in_schema[0])) continue;
      walk(bytes, metadata, meta, Number(num_rows), compressors);
    }
  }
}

async function pageWalk() {
  const [
    { parquetHeader },
    { decompressPage },
    { deltaBinaryUnpack },
    { readRleBitPackedHybrid },
    schema,
    thrift,
  ] = await Promise.all([
    import("hyparquet/src/column.js"),
    import("hyparquet/src/datapage.js"),
    import("hyparquet/src/delta.js"),
    import("hyparquet/src/encoding.js"),
    import("hyparquet/src/schema.js"),
    import("hyparquet/src/thrift.js"),
  ]);
  const { readVarInt } = thrift;
  const decompressed = (stored: Uint8Array, size: number, { meta, compressors }: Column) =>
    decompressPage(stored, size, meta.codec, compressors);
  return walk;

  function walk(
    bytes: Uint8Array,
    metadata: FileMetaData,
    meta: ColumnMetaData,
    rows: number,
    compressors: Compressors,
  ): void {
    const path = schema.getSchemaPath(metadata.schema, meta.path_in_schema);
    const column: Column = {
      ...{ meta, path, flat: schema.isFlatColumn(path), compressors },
      most: {
        repetition: schema.getMaxRepetitionLevel(path),
        definition: schema.getMaxDefinitionLevel(path),
      },
    };
    const promised = Number(meta.num_values);
    // One value a row, or at least one where rows hold lists.
    if (column.flat ? promised !== rows : !(promised >= rows)) {
      throw new Error(`${promised} values promised for ${rows} rows`);
    }
    const start = Number(meta.dictionary_page_offset || meta.data_page_offset);
    const end = start + Number(meta.total_compressed_size);
    if (!(start >= 0 && end >= start && end <= bytes.length)) {
      throw new Error(`a column from byte ${start} to ${end} of ${bytes.length}`);
    }
    const chunk = bytes.slice(start, end);
    const reader = readerOf(chunk);
    let values = 0;
    while (reader.offset < chunk.length - 1 && !(column.flat && values >= promised)) {
      const header = parquetHeader(reader);
      const stored = header.compressed_page_size;
      count("bytes of a page", stored, chunk.length - reader.offset);
      count("bytes of a page once decompressed", header.uncompressed_page_size, wholeSize(meta));
      values += checkPage(
        chunk.subarray(reader.offset, reader.offset + stored),
        header,
        column,
        promised - values,
      );
      reader.offset += stored;
    }
    if (values !== promised)
      throw new Error(`${values} values in the pages of a column, ${promised} promised`);
  }

  /** How many values of the column are in a page. `left`: how many may be. */
  function checkPage(stored: Uint8Array, header: PageHeader, column: Column, left: number): number {
    const {
      data_page_header: first,
      data_page_header_v2: second,
      dictionary_page_header: dictionary,
    } = header;
    if (header.type === "DICTIONARY_PAGE") {
      count("values of a dictionary", dictionary?.num_values, header.uncompressed_page_size);
      return 0;
    }
    if (header.type === "DATA_PAGE" && first) {
      count("values of a page", first.num_values, left);
      const page = readerOf(decompressed(stored, header.uncompressed_page_size, column));
      if (column.most.repetition > 0) checkRuns(page, width(column.most.repetition), first.num_values);
      const nulls = column.most.definition > 0 ? nullsOf(page, column.most.definition, first.num_values) : 0;
      checkValues(page, first.encoding, first.num_values - nulls, column.meta.type);
      return first.num_values;
    }
    if (header.type === "DATA_PAGE_V2" && second) {
      const { num_values, num_nulls, num_rows, is_compressed } = second;
      const [repetition, definition] = [
        second.repetition_levels_byte_length,
        second.definition_levels_byte_length,
      ];
      count("values of a page", num_values, left);
      count("missing values of a page", num_nulls, num_values);
      count("rows of a page", num_rows, num_values);
      count("bytes of levels", repetition, stored.length);
      count("bytes of levels", definition, stored.length - repetition);
      const levels = readerOf(stored);
      if (column.most.repetition > 0)
        checkRuns(levels, width(column.most.repetition), num_values, repetition);
      levels.offset = repetition;
      if (column.most.definition > 0)
        checkRuns(levels, width(column.most.definition), num_values, definition);
      const size = header.uncompressed_page_size - repetition - definition;
      const rest = stored.subarray(repetition + definition);
      const page = is_compressed === false ? rest : decompressed(rest, size, column);
      checkValues(readerOf(page), second.encoding, num_values - num_nulls, column.meta.type);
      return num_values;
    }
    throw new Error(`unsupported page type ${header.type}`);
  }

  function nullsOf(page: DataReader, most: number, values: number): number {
    const { offset } = page;
    checkRuns(page, width(most), values);
    page.offset = offset;
    const levels: number[] = Array(values);
    readRleBitPackedHybrid(page, width(most), levels);
    return levels.reduce((nulls, level) => nulls + (level === most ? 0 : 1), 0);
  }

  function checkValues(page: DataReader, encoding: string, values: number, type: string): void {
    switch (encoding) {
      case "PLAIN_DICTIONARY":
      case "RLE_DICTIONARY":
        checkRuns(page, page.view.getUint8(page.offset++), values, page.view.byteLength - page.offset);
        break;
      case "RLE":
        if (type !== "BOOLEAN") throw new Error(`runs of ${type}`);
        checkRuns(page, 1, values);
        break;
      case "DELTA_BINARY_PACKED":
      case "DELTA_LENGTH_BYTE_ARRAY":
        checkDifferences(page);
        break;
      case "DELTA_BYTE_ARRAY": {
        const prefixes = lengths(page, values);
        const suffixes = lengths(page, values);
        prefixes.reduce((before, prefix, i) => {
          count("bytes taken from the value before", prefix, before);
          return prefix + count("bytes of a value", suffixes[i], page.view.byteLength);
        }, 0);
      }
    }
  }

  /** Whole numbers kept as differences, in blocks of parts with a width each; moves on behind them. */
  function lengths(page: DataReader, values: number): Int32Array {
    checkDifferences(page);
    const found = new Int32Array(values);
    deltaBinaryUnpack(page, values, found);
    return found;
  }

  function checkDifferences(page: DataReader): void {
    const { offset } = page;
    readVarInt(page); // values of a block
    const parts = readVarInt(page);
    if (parts === 0) throw new Error("a block of differences without parts");
    count("parts of a block of differences", parts, MOST_PARTS);
    page.offset = offset;
  }

  /**
   * Runs of `values` levels or places in a dictionary, `bits` wide; moves on behind them. A bit-packed run of some width ends with the
   * bytes at the latest; one of none and a repeated value do not.
   */
  function checkRuns(page: DataReader, bits: number, values: number, length?: number): void {
    let bytes = length;
    if (bytes === undefined) {
      bytes = page.view.getUint32(page.offset, true);
      page.offset += 4;
    }
    const end = page.offset + count("bytes of runs", bytes, page.view.byteLength - page.offset);
    for (let seen = 0; seen < values; ) {
      const header = readVarInt(page);
      const packed = (header & 1) === 1;
      const run = packed ? (header >> 1) * 8 : header >>> 1;
      count("values of a run", run, values - seen + (packed ? PADDING : 0));
      page.offset += packed ? (run / 8) * bits : (bits + 7) >> 3;
      seen += run;
    }
    page.offset = end;
  }
}

const readerOf = (bytes: Uint8Array): DataReader => ({
  view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
  offset: 0,
});

/** Bits of a level. */
const width = (most: number) => 32 - Math.clz32(most);

/** Header and data of all pages of a chunk, decompressed. */
const wholeSize = (meta: ColumnMetaData) => Number(meta.total_uncompressed_size);

/** `value` where it is a whole number from 0 to `most`. */
function count(what: string, value: unknown, most: number): number {
  if (!(typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= most)) {
    throw new Error(`${what}: expected 0 to ${most}, got ${typeof value === "number" ? value : "none"}`);
  }
  return value;
}
