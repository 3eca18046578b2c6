/**
 * The symmetric rank-k update C = beta·C + alpha·A·Aᵀ (or Aᵀ·A), in float64 throughout: every pair of rows' inner product.
 * float32 input is widened first, so its products are exact. One triangle is computed (assembly/gram.ts) and mirrored: n²k operations.
 *
 * Working space: 8 n (k + n) bytes and 2.2 MiB of panels in the memory shared by plain functions.
 */
import { CallError, complaint } from "../errors.ts";
import { blockOf, checkWhole, copyIn, type Floats } from "./products/block.ts";
import { kernels } from "./wasm/load.ts";
import { mirror } from "./wasm/mirror.ts";

export interface SyrkOptions {
  /** a holds n×k numbers, row-major; k×n with `transpose`. */
  n: number;
  k: number;
  /** aᵀ·a of a stored k×n. */
  transpose?: boolean;
  /** Factor of the product (1). */
  alpha?: number;
  /** Factor of what `out` holds (0: it is not read). Its lower triangle is taken for all of it. */
  beta?: number;
  /** (n×n) float64: where the result goes, and what is returned; a fresh array where absent. */
  out?: Float64Array;
  /** `both` (default): symmetric to the last bit. `lower`: above the diagonal, `out` keeps what it held and a fresh array 0. */
  triangle?: "both" | "lower";
  /** a inside a longer array: its first number (0), and the numbers from one stored row to the next (no gap). */
  offsetA?: number;
  strideA?: number;
}

/**
 * beta·out + alpha·a·aᵀ: n×n. NaN and ∞ go through.
 * @throws CallError if an array is not as long as its sides say, or a view leaves its array.
 */
export function syrk(a: Floats, options: SyrkOptions): Float64Array {
  const { n, k, transpose = false, alpha = 1, beta = 0, out, triangle = "both" } = options;
  checkWhole("syrk", "n", n);
  checkWhole("syrk", "k", k);
  if (triangle !== "both" && triangle !== "lower") {
    throw new CallError(complaint("syrk", "the triangle both or lower", `${triangle satisfies never}`));
  }
  const place = { offset: options.offsetA, stride: options.strideA };
  const block = blockOf("syrk", "a", a, transpose ? [k, n] : [n, k], place);
  if (out) blockOf("syrk", "out", out, [n, n]);
  const { arena, exports } = kernels();
  const sizes = [8 * n * k, 8 * n * n, exports.productWorkspace()] as const;
  return arena.withScratch(sizes, (rows, sums, workspace) => {
    copyIn(block, arena.f64(rows, n * k));
    if (out && beta !== 0) arena.f64(sums, n * n).set(out);
    else if (beta !== 0) arena.f64(sums, n * n).fill(0);
    exports.syrkF64(
      ...([n, k, alpha, rows, block.columns, Number(transpose)] as const),
      ...([beta, sums, n, workspace] as const),
    );
    const result = arena.f64(sums, n * n);
    if (triangle === "lower") {
      const target = out ?? new Float64Array(n * n);
      for (let i = 0; i < n; i++) target.set(result.subarray(i * n, i * n + i + 1), i * n);
      return target;
    }
    if (out) out.set(result);
    const target = out ?? result.slice();
    mirror(target, n);
    return target;
  });
}
