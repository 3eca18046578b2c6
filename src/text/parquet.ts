/**
 * Tables from .parquet files, through hyparquet with hyparquet-compressors (snappy, gzip, brotli, zstd, lz4), which are loaded when
 * there is such a file. Only the columns that are asked for are decoded, once their pages are found sound. O(their bytes).
 */
import { DataError } from "../errors.ts";
import { checkPages } from "./parquetPages.ts";
import type { Table } from "./table.ts";

/** Rows are counted from 1: a parquet file has no lines. `pick`: the columns, of those there are, whose cells are wanted. */
export async function readParquet(
  bytes: Uint8Array,
  name: string,
  pick: (header: Pick<Table, "name" | "columns">) => number[],
): Promise<Table> {
  const [{ parquetMetadataAsync, parquetReadObjects, parquetSchema }, { compressors }] = await Promise.all([
    import("hyparquet"),
    import("hyparquet-compressors"),
  ]);
  const file = {
    byteLength: bytes.length,
    slice: async (start: number, end?: number) => new Uint8Array(bytes.subarray(start, end)).buffer,
  };
  const attempt = async <T>(work: () => T | Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw new DataError(
        `${name}: unreadable parquet: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  };
  const metadata = await attempt(() => parquetMetadataAsync(file));
  const { children } = await attempt(() => parquetSchema(metadata));
  const columns = children.map(({ element }) => String(element.name));
  const picked = pick({ name, columns });
  checkFooter(name, metadata, bytes.length);
  const wanted = picked.map((at) => columns[at]);
  await attempt(() => checkPages(bytes, metadata, wanted, compressors));
  const objects = await attempt(() => parquetReadObjects({ file, metadata, compressors, columns: wanted }));
  const rows = objects.map((object, i) => {
    const cells: unknown[] = Array(columns.length).fill(undefined);
    for (const at of picked) cells[at] = object[columns[at]];
    return { line: i + 1, cells };
  });
  if (rows.length === 0) throw new DataError(`${name}: expected rows of data, got none`);
  return { name, unit: "row", columns, rows };
}

interface Metadata {
  num_rows: bigint;
  row_groups: {
    num_rows: bigint;
    columns: { meta_data?: { num_values: bigint; total_compressed_size: bigint } }[];
  }[];
}

/**
 * A footer that promises more than the file can hold is refused before memory is set aside for it. Fields of a spoiled footer may be
 * of any type, hence Number.
 */
function checkFooter(name: string, { num_rows, row_groups }: Metadata, size: number): void {
  const rows = row_groups.reduce((sum, group) => sum + Number(group.num_rows), 0);
  if (rows !== Number(num_rows)) {
    throw new DataError(`${name}: unreadable parquet: ${num_rows} rows promised, ${rows} in its row groups`);
  }
  for (const { columns } of row_groups) {
    const bytes = columns.reduce(
      (sum, { meta_data }) => sum + Number(meta_data?.total_compressed_size ?? 0),
      0,
    );
    if (!(bytes >= 0 && bytes <= size)) {
      throw new DataError(`${name}: unreadable parquet: a row group of ${bytes} bytes in a file of ${size}`);
    }
  }
}
