/** Rows of tables and sums over segments of rows: one lane a number of the result, no atomics, so always the same bits. */
import { LANES, program } from "../program.ts";

export const gatherRows = program({
  name: "gatherRows",
  inputs: ["table", "ids"],
  uniforms: { count: "i32", features: "i32" },
  lanes: LANES,
  code: `
    fn main(index : i32) {
      if (index >= uniforms.count) { return; }
      let F = uniforms.features;
      result[index] = table[ids[index / F] * F + index % F];
    }`,
});

/** `places`: [id, first, end] of each id that occurs; `order`: rows sorted by id, those of one id in their order. */
export const scatterAddRows = program({
  name: "scatterAddRowsInto",
  inputs: ["x", "places", "order"],
  uniforms: { count: "i32", features: "i32" },
  lanes: LANES,
  code: `
    fn main(index : i32) {
      if (index >= uniforms.count) { return; }
      let F = uniforms.features;
      let place = 3 * (index / F);
      let f = index % F;
      let at = places[place] * F + f;
      var sum = result[at];
      for (var r = places[place + 1]; r < places[place + 2]; r++) { sum += x[order[r] * F + f]; }
      result[at] = sum;
    }`,
});

/** scale_s · Σ rows of segment s, eight rows at a time. `table`: [start, end); x: copies of `rows` rows. */
export const segmentSum = program({
  name: "segmentSum",
  inputs: ["x", "table", "scale"],
  uniforms: { count: "i32", segments: "i32", rows: "i32", features: "i32" },
  lanes: LANES,
  code: `
    fn main(index : i32) {
      if (index >= uniforms.count) { return; }
      let F = uniforms.features;
      let segment = (index / F) % uniforms.segments;
      let shift = ((index / F) / uniforms.segments) * uniforms.rows;
      let end = table[2 * segment + 1];
      var sum = 0.0;
      for (var r0 = table[2 * segment]; r0 < end; r0 += 8) {
        var few = 0.0;
        for (var r = r0; r < min(r0 + 8, end); r++) { few += x[(shift + r) * F + index % F]; }
        sum += few;
      }
      result[index] = scale[segment] * sum;
    }`,
});

/** `starts` (rows + 1) into `segmentsOf`: the segments that hold a row. */
export const segmentSpread = program({
  name: "segmentSpread",
  inputs: ["d", "starts", "segmentsOf", "scale"],
  uniforms: { count: "i32", segments: "i32", rows: "i32", features: "i32" },
  lanes: LANES,
  code: `
    fn main(index : i32) {
      if (index >= uniforms.count) { return; }
      let F = uniforms.features;
      let row = (index / F) % uniforms.rows;
      let shift = ((index / F) / uniforms.rows) * uniforms.segments;
      var sum = 0.0;
      for (var s = starts[row]; s < starts[row + 1]; s++) {
        let segment = segmentsOf[s];
        sum = fma(scale[segment], d[(shift + segment) * F + index % F], sum);
      }
      result[index] = sum;
    }`,
});
