/** Sums: over the lanes of a group, over panels and over rows. Short chains, then chains of their sums, or a tree. */
import { LANES, program } from "../program.ts";

/** fn total(lane, value): Σ of the values of all lanes, by a tree. Every lane of the group calls it. */
export const TOTAL = `
    var<workgroup> shares : array<f32, ${LANES}>;
    fn total(lane : i32, value : f32) -> f32 {
      shares[lane] = value;
      workgroupBarrier();
      for (var step = ${LANES / 2}; step > 0; step /= 2) {
        if (lane < step) { shares[lane] += shares[lane + step]; }
        workgroupBarrier();
      }
      let sum = shares[0];
      workgroupBarrier();
      return sum;
    }
    fn largest(lane : i32, value : f32) -> f32 {
      shares[lane] = value;
      workgroupBarrier();
      for (var step = ${LANES / 2}; step > 0; step /= 2) {
        if (lane < step) { shares[lane] = max(shares[lane], shares[lane + step]); }
        workgroupBarrier();
      }
      let top = shares[0];
      workgroupBarrier();
      return top;
    }`;

/** Rows summed by one lane before the next level. */
export const ROWS_AT_ONCE = 64;

/**
 * Column sums of blocks of ROWS_AT_ONCE rows of x (rows × size): result[offset + block·size + column]. Eight rows at a time.
 * Called again on its own result until one row is left: error (8 + 8)·ε a level.
 */
export const sumBlocks = program({
  name: "sumRows",
  inputs: ["x"],
  uniforms: { rows: "i32", size: "i32", offset: "i32", count: "i32" },
  lanes: LANES,
  code: `
    fn main(index : i32) {
      if (index >= uniforms.count) { return; }
      let first = (index / uniforms.size) * ${ROWS_AT_ONCE};
      let column = index % uniforms.size;
      let end = min(first + ${ROWS_AT_ONCE}, uniforms.rows);
      var sum = 0.0;
      for (var r0 = first; r0 < end; r0 += 8) {
        var few = 0.0;
        for (var r = r0; r < min(r0 + 8, end); r++) { few += x[r * uniforms.size + column]; }
        sum += few;
      }
      result[uniforms.offset + index] = sum;
    }`,
});
