/**
 * Rademacher signs ±1 with a place each: sign (row, column) of the matrix a key names, whoever asks and in whatever order.
 * 64 columns of a row are one value of philox.ts.
 */
import { philox } from "./philox.ts";

/** Columns of one generated value. */
const SIGN_COLUMNS = 64;

/** FNV-1a of a name and a seed: which matrix. */
export function signKey(seed: number, name: string): number {
  let hash = 0x811c9dc5;
  for (const character of `${seed} ${name}`) {
    hash = Math.imul(hash ^ character.codePointAt(0)!, 0x01000193);
  }
  return hash;
}

/** Signs of `rows` and of columns first … first + width − 1; first is a multiple of SIGN_COLUMNS. (rows.length × width) */
export function signPanel(key: number, rows: ArrayLike<number>, first: number, width: number): Float32Array {
  const signs = new Float32Array(rows.length * width);
  const words = new Int32Array(2);
  let at = 0;
  for (let r = 0; r < rows.length; r++) {
    for (let column = 0; column < width; column += SIGN_COLUMNS) {
      philox(rows[r], (first + column) / SIGN_COLUMNS, key, words);
      const end = Math.min(SIGN_COLUMNS, width - column);
      for (let b = 0; b < end; b++) signs[at++] = 1 - 2 * ((words[b >> 5] >>> (b & 31)) & 1);
    }
  }
  return signs;
}

/** first, first + 1, …, end − 1. */
export const span = (first: number, end: number): Int32Array =>
  Int32Array.from({ length: end - first }, (_, i) => first + i);
