/** All that Krylov methods know of a matrix. */
import { complaint, DataError } from "../../errors.ts";
import { checkFinite, checkSize } from "../dense/check.ts";
import { symmetricTiles } from "./symmetricTiles.ts";

export interface Operator {
  /** n of the n×n matrix. */
  readonly size: number;
  /** out (n) ← A x (n). Neither array may be kept: the caller uses them again. */
  apply(x: Float64Array, out: Float64Array): void | Promise<void>;
  /** out (count×n) ← the rows of x (count×n), each times A: for operators that do several for less than each alone. */
  applyBlock?(x: Float64Array, out: Float64Array, count: number): void | Promise<void>;
}

/** A matrix as an operator: it holds memory of the kernels until `free()`. */
export interface MatrixOperator extends Operator {
  apply(x: Float64Array, out: Float64Array): void;
  applyBlock(x: Float64Array, out: Float64Array, count: number): void;
  /** Gives the memory back, at once instead of when the operator is collected. Further calls of `free` do nothing. */
  free(): void;
}

/** Who forgets `free()` gets the memory back when the operator is collected. */
const forgotten = new FinalizationRegistry<() => void>((free) => free());

/**
 * The symmetric part of a matrix (n×n, row-major) as an operator; copied once into the memory of the kernels, one triangle of it.
 * Cost 2 n² an application; space 4 n² bytes.
 * @throws DataError where `a` is not finite or not symmetric, CallError where its length is not n².
 */
export function matrixOperator(a: Float64Array, n: number): MatrixOperator {
  checkSize("matrixOperator", "n", n);
  checkFinite("matrixOperator", "a", a, n, n);
  const { apply, free } = symmetricTiles("matrixOperator", a, n);
  const operator: MatrixOperator = {
    size: n,
    apply: (x, out) => apply(x, out, 1),
    applyBlock: apply,
    free,
  };
  forgotten.register(operator, free);
  return operator;
}

/**
 * out (count×n) ← the rows of x (count×n), each times A, and a look at what came.
 * @param done applications before these: it names the one that failed
 * @throws DataError where the operator gives NaN or infinity
 */
export async function applyRows(
  where: string,
  operator: Operator,
  x: Float64Array,
  out: Float64Array,
  count: number,
  done: number,
): Promise<void> {
  const n = operator.size;
  if (count > 1 && operator.applyBlock) await operator.applyBlock(x, out, count);
  else {
    for (let row = 0; row < count; row++) {
      const part = (rows: Float64Array) => (count === 1 ? rows : rows.subarray(row * n, row * n + n));
      await operator.apply(part(x), part(out));
    }
  }
  for (let i = 0; i < count * n; i++) {
    if (Number.isFinite(out[i])) continue;
    const got = `${out[i]} in coordinate ${i % n} of application ${done + Math.floor(i / n) + 1}`;
    throw new DataError(complaint(where, "an operator that gives finite numbers", got));
  }
}
