/**
 * The symmetric rank-k update a·aᵀ of a (n×k), row-major: every pair of rows' inner product, in float64 throughout.
 * float32 input is widened first, so its products are exact. One triangle is computed (assembly/gram.ts) and mirrored: n²k operations.
 */
import { CallError, complaint } from "../errors.ts";
import { kernels } from "./wasm/load.ts";
import { mirror } from "./wasm/mirror.ts";

/** a·aᵀ: n×n, symmetric to the last bit. Throws a CallError if a has not n·k numbers. NaN and ∞ go through. */
export function syrk(a: Float32Array | Float64Array, { n, k }: { n: number; k: number }): Float64Array {
  for (const [name, side] of Object.entries({ n, k })) {
    if (!Number.isInteger(side) || side < 0) {
      throw new CallError(complaint("syrk", `${name} a whole number, 0 or more`, `${side}`));
    }
  }
  if (a.length !== n * k) {
    throw new CallError(complaint("syrk", `a of ${n}×${k} = ${n * k} numbers`, `${a.length}`));
  }
  const { arena, exports } = kernels();
  const sizes = [8 * n * k, 8 * n * n, exports.productWorkspace()] as const;
  return arena.withScratch(sizes, (rows, sums, workspace) => {
    arena.f64(rows, n * k).set(a);
    arena.f64(sums, n * n).fill(0);
    exports.gramF64(...([n, n, k, rows, k, rows, k] as const), ...([sums, n, 1, workspace] as const));
    const out = arena.f64(sums, n * n).slice();
    mirror(out, n);
    return out;
  });
}
