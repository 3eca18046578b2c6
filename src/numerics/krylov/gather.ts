/**
 * Several computations that each apply an operator to one vector at a time, side by side: what they ask for is gathered until all who
 * are still at work have asked, and then applied together, for operators that do several for less than each alone.
 */
import { CallError, complaint } from "../../errors.ts";
import { applyRows, type Operator } from "./operator.ts";

interface Asked {
  x: Float64Array;
  out: Float64Array;
  resolve: () => void;
  reject: (reason: unknown) => void;
}

/**
 * Runs `body` for 0 … count − 1, `width` at a time, each with an operator of its own that stands for `op`: results in that order.
 * Every body gets what it asks in the order of its number, whoever was first. An error of one ends all.
 */
export async function gathered<T>(
  where: string,
  op: Operator,
  count: number,
  width: number,
  body: (index: number, operator: Operator) => Promise<T>,
): Promise<T[]> {
  const results: T[] = [];
  let applications = 0;
  for (let first = 0; first < count; first += width) {
    const size = Math.min(width, count - first);
    const asked = new Map<number, Asked>();
    let atWork = size;
    let failure: { reason: unknown } | null = null;
    const serve = async () => {
      if (asked.size < atWork || asked.size === 0) return;
      const all = [...asked].sort(([a], [b]) => a - b).map(([, request]) => request);
      asked.clear();
      if (failure) {
        for (const { reject } of all) reject(failure.reason);
        return;
      }
      const x = new Float64Array(all.length * op.size);
      const out = new Float64Array(x.length);
      all.forEach((request, row) => {
        x.set(request.x, row * op.size);
      });
      try {
        await applyRows(where, op, x, out, all.length, applications);
        applications += all.length;
        all.forEach(({ out: own, resolve }, row) => {
          own.set(out.subarray(row * op.size, (row + 1) * op.size));
          resolve();
        });
      } catch (error) {
        for (const { reject } of all) reject(error);
      }
    };
    const one = async (index: number): Promise<T> => {
      const apply = (x: Float64Array, out: Float64Array) =>
        new Promise<void>((resolve, reject) => {
          asked.set(index, { x, out, resolve, reject });
          void serve();
        });
      try {
        return await body(index, { size: op.size, apply });
      } catch (reason) {
        failure ??= { reason };
        throw reason;
      } finally {
        atWork--;
        void serve();
      }
    };
    const ended = await Promise.allSettled(Array.from({ length: size }, (_, k) => one(first + k)));
    for (const end of ended) {
      if (end.status === "rejected") throw end.reason;
      results.push(end.value);
    }
  }
  return results;
}

/** Vectors at a time, as asked for. */
export function checkBlock(where: string, block: number): number {
  if (Number.isInteger(block) && block > 0) return block;
  throw new CallError(complaint(where, "block to be a whole number, 1 or more", `${block}`));
}
