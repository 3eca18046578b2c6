/** Checks at the doors of the theory room: the first thing every public function does with what it is given. */
import { CallError, complaint, DataError } from "../errors.ts";

/** `value` must be a finite number of at least `least` (above it, where `strict`). */
export function requireNumber(
  where: string,
  name: string,
  value: number,
  least = -Infinity,
  strict = false,
): void {
  if (typeof value === "number" && Number.isFinite(value) && (strict ? value > least : value >= least))
    return;
  const bound = least === -Infinity ? "" : strict ? ` above ${least}` : ` of at least ${least}`;
  throw new CallError(complaint(where, `${name} to be a finite number${bound}`, String(value)));
}

export function requireInteger(where: string, name: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw new CallError(complaint(where, `${name} to be an integer of at least ${least}`, String(value)));
}

export function requireLength(where: string, name: string, array: ArrayLike<number>, length: number): void {
  if (array && array.length === length) return;
  throw new CallError(complaint(where, `${name} to hold ${length} numbers`, `${array?.length ?? "nothing"}`));
}

/** Throws DataError on the first NaN or infinite entry. Cost: one pass. */
export function requireFinite(where: string, name: string, array: ArrayLike<number>): void {
  for (let i = 0; i < array.length; i++) {
    if (!Number.isFinite(array[i])) {
      throw new DataError(
        complaint(
          where,
          `finite numbers in ${name}`,
          `${array[i]} at position ${i}`,
          "looking at what made it",
        ),
      );
    }
  }
}
