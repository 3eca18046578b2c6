/**
 * The two ways a call can go wrong. A leaf: every room may import it, it imports nothing.
 *
 * `CallError`: the call was wrong (an option, a path or a column that does not exist): exit status 2.
 * `DataError`: the call was right, what it found is unfit (a truncated file, NaN in a weight): exit status 1.
 * Both say what was expected, what came and what to try.
 */
export class CallError extends Error {
  override readonly name = "CallError";
}

export class DataError extends Error {
  override readonly name = "DataError";
}

/** One sentence in the house form: "<where>: expected …, got …; try …". */
export function complaint(where: string, expected: string, got: string, hint?: string): string {
  return `${where}: expected ${expected}, got ${got}${hint ? `; try ${hint}` : ""}`;
}
