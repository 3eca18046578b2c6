/** Labelled text from a file: which columns, which rows, which classes. */
import { CallError, DataError } from "../errors.ts";
import { randomStream } from "../random.ts";
import { readParquet } from "./parquet.ts";
import { endingOf, readTable, type Table } from "./table.ts";

export interface Dataset {
  name: string;
  columns: { text: string; label: string; textPair?: string };
  /** Columns that were not named by the caller but recognised by their names. */
  guessed: ("text" | "label")[];
  texts: string[]; // (n)
  pairs?: string[]; // (n), with a textPair column
  labels: string[]; // (n)
  /** The labels there are, sorted: by value where all are whole numbers, else by code unit. */
  classes: string[]; // (C)
  /** Line of the file where each row begins, from 1; the number of the row where the file has no lines. */
  lines: number[]; // (n)
  unit: "line" | "row";
  /** Rows left out because their text is empty. */
  skipped: number;
  warnings: string[];
}

export interface DatasetOptions {
  /** Name of the file, whose ending says how to read it: .csv, .tsv, .jsonl, .parquet. */
  name: string;
  /** Column of the text; where absent, one with a usual name. */
  text?: string;
  label?: string;
  /** Column of a second text, for pairs. */
  textPair?: string;
  /** At most so many rows in all, and of each class: the first of the file or, with `seed`, drawn without replacement. */
  limit?: number;
  perClass?: number;
  seed?: number;
  /** Held-out text may be all of one class; training text may not. */
  allowOneClass?: boolean;
}

const USUAL_NAMES = {
  text: ["text", "sentence", "content", "utterance", "question", "review", "document", "body", "tweet"],
  label: ["label", "class", "category", "intent", "target", "sentiment", "labels", "coarse_label"],
};

/**
 * Rows stay in the order of the file. Rows with an empty text are left out, counted and warned about.
 * CallError: a column that is not there (lists those that are), none or several to guess from, an ending that is not read.
 * DataError, with the line or row: a malformed file, an empty label, no text at all, a single class (unless allowed).
 */
export async function openDataset(bytes: Uint8Array, options: DatasetOptions): Promise<Dataset> {
  if (endingOf(options.name) !== "parquet") return readDataset(bytes, options);
  const wanted = (header: Header) => {
    const { text, label, textPair } = findColumns(header, options);
    return textPair === undefined ? [text, label] : [text, label, textPair];
  };
  return choose(await readParquet(bytes, options.name, wanted), options);
}

/** The same at once, for every kind of file but .parquet. */
export function readDataset(bytes: Uint8Array, options: DatasetOptions): Dataset {
  return choose(readTable(bytes, options.name), options);
}

/** The labelled rows of a table that are asked for. */
function choose(table: Table, options: DatasetOptions): Dataset {
  for (const count of ["limit", "perClass"] as const) {
    const value = options[count];
    if (value !== undefined && !(Number.isInteger(value) && value > 0)) {
      throw new CallError(`readDataset: expected ${count} to be a positive whole number, got ${value}`);
    }
  }
  const { text, label, textPair } = findColumns(table, options);
  const all = readRows(table, text, label, textPair);
  const warnings: string[] = [];
  const skipped = table.rows.length - all.length;
  if (all.length === 0) {
    throw new DataError(`${table.name}: expected text in column ${table.columns[text]}, got none in any row`);
  }
  if (skipped > 0) warnings.push(`${table.name}: ${skipped} rows with an empty text were left out`);

  const rows = draw(all, options);
  const classes = sortedClasses(rows.map((row) => row.label));
  if (classes.length === 1 && !options.allowOneClass) {
    throw new DataError(
      `${table.name}: all ${rows.length} rows have the label ${classes[0]}: nothing to tell apart; expected at least two classes`,
    );
  }
  if (options.perClass !== undefined) {
    const counts = countBy(rows.map((row) => row.label));
    const short = classes.filter((name) => (counts.get(name) ?? 0) < (options.perClass ?? 0));
    if (short.length > 0) {
      warnings.push(
        `${table.name}: fewer than ${options.perClass} rows of ${short.map((name) => `${name} (${counts.get(name)})`).join(", ")}`,
      );
    }
  }
  return {
    name: table.name,
    columns: {
      text: table.columns[text],
      label: table.columns[label],
      ...(textPair !== undefined && { textPair: table.columns[textPair] }),
    },
    guessed: (["text", "label"] as const).filter((what) => options[what] === undefined),
    texts: rows.map((row) => row.text),
    ...(textPair !== undefined && { pairs: rows.map((row) => row.pair) }),
    labels: rows.map((row) => row.label),
    classes,
    lines: rows.map((row) => row.line),
    unit: table.unit,
    skipped,
    warnings,
  };
}

interface Row {
  line: number;
  text: string;
  pair: string;
  label: string;
}

type Header = Pick<Table, "name" | "columns">;

function findColumns(header: Header, { text, label, textPair }: DatasetOptions) {
  return {
    text: findColumn(header, "text", text),
    label: findColumn(header, "label", label),
    textPair: textPair === undefined ? undefined : findColumn(header, "text", textPair),
  };
}

/** Index of the column called `wanted`, or else of the only one with a usual name. */
function findColumn({ name, columns }: Header, what: "text" | "label", wanted: string | undefined): number {
  const listed = columns.join(", ");
  if (wanted !== undefined) {
    const at = columns.indexOf(wanted);
    if (at < 0) throw new CallError(`${name}: expected a column ${wanted}, got ${listed}`);
    if (columns.lastIndexOf(wanted) !== at) {
      throw new CallError(`${name}: expected one column ${wanted}, got several: ${listed}`);
    }
    return at;
  }
  const usual = columns.filter((column) => USUAL_NAMES[what].includes(column.toLowerCase()));
  // "text" and "label" themselves win over look-alikes.
  const best = usual.includes(what) ? usual.filter((column) => column === what) : usual;
  if (best.length === 1) return columns.indexOf(best[0]);
  throw new CallError(
    best.length === 0
      ? `${name}: cannot tell which column is the ${what}: none has a usual name; name one of ${listed}`
      : `${name}: cannot tell which column is the ${what}: ${best.join(", ")} might be; name one`,
  );
}

/** The rows that have text. */
function readRows(table: Table, text: number, label: number, textPair: number | undefined): Row[] {
  const rows: Row[] = [];
  for (const { line, cells } of table.rows) {
    const read = (column: number) => cellText(cells[column], table, column, line);
    const row = {
      line,
      text: read(text),
      pair: textPair === undefined ? "" : read(textPair),
      label: read(label).trim(),
    };
    if (row.text.trim() === "" || (textPair !== undefined && row.pair.trim() === "")) continue;
    if (row.label === "") {
      throw new DataError(
        `${table.name}, ${table.unit} ${line}: expected a label in column ${table.columns[label]}, got nothing; label the row or remove it`,
      );
    }
    rows.push(row);
  }
  return rows;
}

function cellText(value: unknown, { name, unit, columns }: Table, column: number, line: number): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "object") {
    const got = JSON.stringify(value, (_, part) => (typeof part === "bigint" ? Number(part) : part)).slice(
      0,
      60,
    );
    throw new DataError(
      `${name}, ${unit} ${line}: expected text or a number in ${columns[column]}, got ${got}`,
    );
  }
  return String(value);
}

/** perClass of each class, then limit in all; drawn with a seed, else the first; in the order of the file. */
function draw(rows: Row[], { limit, perClass, seed }: DatasetOptions): Row[] {
  let chosen = seed === undefined ? rows : randomStream(seed).shuffle(rows);
  if (perClass !== undefined) {
    const taken = new Map<string, number>();
    chosen = chosen.filter(({ label }) => {
      const count = (taken.get(label) ?? 0) + 1;
      taken.set(label, count);
      return count <= perClass;
    });
  }
  if (limit !== undefined) chosen = chosen.slice(0, limit);
  return seed === undefined ? chosen : [...chosen].sort((a, b) => a.line - b.line);
}

/** The distinct labels: "2" before "10", "B" before "a". */
function sortedClasses(labels: readonly string[]): string[] {
  const classes = [...new Set(labels)];
  const whole = classes.every((label) => /^-?\d{1,15}$/.test(label));
  const byCodeUnit = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
  return classes.sort(whole ? (a, b) => Number(a) - Number(b) || byCodeUnit(a, b) : byCodeUnit);
}

export function countBy(labels: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return counts;
}

/** The rows at `indices`, in their order, with the classes of the whole. */
export function subset(dataset: Dataset, indices: readonly number[]): Dataset {
  const pick = <T>(values: T[]) => indices.map((i) => values[i]);
  return {
    ...dataset,
    texts: pick(dataset.texts),
    ...(dataset.pairs && { pairs: pick(dataset.pairs) }),
    labels: pick(dataset.labels),
    lines: pick(dataset.lines),
  };
}
