/**
 * Files of rows and columns: .csv and .tsv (RFC 4180, through papaparse: quoted fields may hold line breaks) and .jsonl (an
 * object a line); parquet.ts reads the same from .parquet. Every row knows its line, so that later complaints can name it. O(bytes).
 */
import Papa from "papaparse";
import { CallError, DataError } from "../errors.ts";

export interface Table {
  name: string;
  /** What `line` counts: lines of a text file, or rows. */
  unit: "line" | "row";
  columns: string[];
  /** `line`: where the row begins, from 1. `cells`: one a column; undefined where a JSON object lacks it. */
  rows: { line: number; cells: unknown[] }[];
}

const READERS: Record<string, (text: string, name: string) => Table> = {
  csv: (text, name) => readDelimited(text, name, ","),
  tsv: (text, name) => readDelimited(text, name, "\t"),
  jsonl: readJsonLines,
  ndjson: readJsonLines,
};

/** What is behind the last dot, in lower case; empty where there is none. */
export const endingOf = (name: string): string => /\.([^./\\]+)$/.exec(name)?.[1].toLowerCase() ?? "";

/** By the ending of `name`. CallError for an ending that is not read; DataError, with the line, for a malformed file. */
export function readTable(bytes: Uint8Array, name: string): Table {
  const ending = endingOf(name);
  if (!Object.hasOwn(READERS, ending)) {
    const known = [...Object.keys(READERS), "parquet"].map((known) => `.${known}`);
    throw new CallError(
      `${name}: expected a file that ends in ${known.join(", ")}, got ${ending ? `.${ending}` : "no ending"}; convert it to .csv`,
    );
  }
  const table = READERS[ending](decode(bytes, name), name);
  if (table.rows.length === 0) throw new DataError(`${name}: expected rows of data, got none`);
  return table;
}

/** UTF-8 without its byte order mark. */
function decode(bytes: Uint8Array, name: string): string {
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    throw new DataError(`${name}: expected UTF-8, got UTF-16; save it as UTF-8`);
  }
  const own = new Uint8Array(bytes); // TextDecoder does not take shared memory
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(own);
  } catch {
    const line = new TextDecoder().decode(own).split("\ufffd", 1)[0].split("\n").length;
    throw new DataError(`${name}, line ${line}: expected UTF-8, got bytes that are not; save it as UTF-8`);
  }
}

function readDelimited(text: string, name: string, delimiter: string): Table {
  let columns: string[] | undefined;
  const rows: Table["rows"] = [];
  let line = 1;
  let at = 0; // where the row being read begins
  Papa.parse<string[]>(text, {
    delimiter,
    step({ data, errors, meta }) {
      const start = line;
      line += lineBreaks(text, at, meta.cursor);
      at = meta.cursor;
      if (errors.length > 0) {
        throw new DataError(
          `${name}, line ${start}: ${errors[0].message}; a quote inside a quoted field has to be doubled`,
        );
      }
      if (data.length === 1 && data[0].trim() === "") return; // an empty line
      if (!columns) {
        columns = data.map((column) => column.trim());
      } else if (data.length !== columns.length) {
        throw new DataError(
          `${name}, line ${start}: expected ${columns.length} fields (${columns.join(", ")}), got ${data.length}; a field with a ${
            delimiter === "\t" ? "tab" : "comma"
          } in it has to be in double quotes`,
        );
      } else {
        rows.push({ line: start, cells: data });
      }
    },
  });
  return { name, unit: "line", columns: columns ?? [], rows };
}

/** Line breaks in text[from, to): \n, \r\n, or a lone \r. */
function lineBreaks(text: string, from: number, to: number): number {
  let count = 0;
  for (let i = from; i < to; i++) {
    const c = text.charCodeAt(i);
    if (c === 10 || (c === 13 && text.charCodeAt(i + 1) !== 10)) count++;
  }
  return count;
}

function readJsonLines(text: string, name: string): Table {
  const columns = new Map<string, number>();
  const objects: { line: number; entries: [string, unknown][] }[] = [];
  text.split("\n").forEach((source, i) => {
    if (source.trim() === "") return;
    const where = `${name}, line ${i + 1}`;
    let value: unknown;
    try {
      value = JSON.parse(source);
    } catch (error) {
      throw new DataError(`${where}: unreadable JSON: ${(error as Error).message}`);
    }
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new DataError(`${where}: expected a JSON object, got ${source.trim().slice(0, 60)}`);
    }
    const entries = Object.entries(value);
    for (const [key] of entries) if (!columns.has(key)) columns.set(key, columns.size);
    objects.push({ line: i + 1, entries });
  });
  const rows = objects.map(({ line, entries }) => {
    const cells: unknown[] = Array(columns.size).fill(undefined);
    for (const [key, cell] of entries) cells[columns.get(key) ?? 0] = cell;
    return { line, cells };
  });
  return { name, unit: "line", columns: [...columns.keys()], rows };
}
