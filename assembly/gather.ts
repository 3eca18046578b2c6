/** Rows of a table by number, and their transpose: adding rows into a table, in the order of the ids. Ids are checked by the caller. */
import { add } from "./elements";

export function gatherRows(
  table: usize,
  ids: usize,
  out: usize,
  rows: i32,
  features: i32,
): void {
  const bytes = (<usize>features) << 2;
  for (let r = 0; r < rows; ++r) {
    memory.copy(
      out,
      table + <usize>load<i32>(ids + ((<usize>r) << 2)) * bytes,
      bytes,
    );
    out += bytes;
  }
}

export function scatterAddRows(
  target: usize,
  ids: usize,
  x: usize,
  rows: i32,
  features: i32,
): void {
  const bytes = (<usize>features) << 2;
  for (let r = 0; r < rows; ++r) {
    const row = target + <usize>load<i32>(ids + ((<usize>r) << 2)) * bytes;
    add(row, x, row, features, 1, 1);
    x += bytes;
  }
}
