/** What is wrong with a call of the pool, said before anything is copied. */
import { CallError, complaint } from "../../errors.ts";
import type { Numbers } from "./blocks.ts";

/** What `matmul` takes and the pool does not (alpha, beta, bias, views) is not to be passed over in silence. */
export function checkOptions(where: string, rest: object): void {
  const unknown = Object.keys(rest);
  if (unknown.length === 0) return;
  throw new CallError(complaint(where, "sides, transposes, out and signal", unknown.join(", ")));
}

export function checkSides(where: string, sides: Record<string, number>): void {
  for (const [name, side] of Object.entries(sides)) {
    if (!Number.isInteger(side) || side < 0) {
      throw new CallError(complaint(where, `${name} a whole number, 0 or more`, `${side}`));
    }
  }
}

export function checkKinds(where: string, arrays: readonly unknown[], kinds: readonly string[]): void {
  const got = arrays.map((array) => Object.prototype.toString.call(array).slice(8, -1));
  if (kinds.includes(got[0]) && got.every((kind) => kind === got[0])) return;
  const expected = kinds.map((kind) => (arrays.length > 1 ? `two ${kind}` : `a ${kind}`)).join(" or ");
  throw new CallError(complaint(where, expected, got.join(" and ")));
}

/** Numbers from one block to the next: 0 where one block serves all. */
export function blockStep(
  where: string,
  name: string,
  data: Numbers,
  [rows, columns]: readonly number[],
  batch: number,
): number {
  const size = rows * columns;
  if (data.length === batch * size) return size;
  if (data.length === size) return 0;
  const expected = `${name} of ${batch === 1 ? "" : `${batch}×`}${rows}×${columns} = ${batch * size} numbers`;
  throw new CallError(complaint(where, expected, `${data.length}`));
}

/** `out`, if it will do; a fresh array where there is none. */
export function placeFor<A extends Numbers>(
  where: string,
  Kind: new (length: number) => A,
  length: number,
  out: A | undefined,
  operands: readonly Numbers[],
): A {
  if (!out) {
    try {
      return new Kind(length);
    } catch {
      const got = `${length} numbers, which the system refused`;
      throw new CallError(complaint(where, "a result that fits in memory", got, "smaller products"));
    }
  }
  if (!(out instanceof Kind) || out.length !== length) {
    const got = `a ${Object.prototype.toString.call(out).slice(8, -1)} of ${out.length}`;
    throw new CallError(complaint(where, `out: a ${Kind.name} of ${length}`, got));
  }
  const end = out.byteOffset + out.byteLength;
  for (const { buffer, byteOffset, byteLength } of operands) {
    if (buffer === out.buffer && byteOffset < end && out.byteOffset < byteOffset + byteLength) {
      throw new CallError(complaint(where, "out apart from the operands", "one that overlaps them"));
    }
  }
  return out;
}
