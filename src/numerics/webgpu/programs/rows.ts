/** Softmax, normalisation and their Jacobians: one group of lanes a row, sums by a tree (sums.ts). */
import { LANES, program } from "../program.ts";
import { EXP } from "./elements.ts";
import { TOTAL } from "./sums.ts";

const HEAD = `
      let lane = index % ${LANES};
      let group = index / ${LANES};
      let inside = group < uniforms.count;`;

/** `rows`: [first, columns, from, to] of each row of scores; entries from … to − 1 are the allowed keys. */
export const softmax = program({
  name: "softmax",
  inputs: ["x", "rows"],
  uniforms: { count: "i32" },
  lanes: LANES,
  code: `${EXP}${TOTAL}
    fn main(index : i32) {${HEAD}
      let row = 4 * min(group, uniforms.count - 1);
      let first = rows[row];
      let start = rows[row + 2];
      let end = rows[row + 3];
      var top = -3.4e38;
      for (var j = start + lane; j < end; j += ${LANES}) { top = max(top, x[first + j]); }
      top = largest(lane, top);
      var sum = 0.0;
      for (var j = start + lane; j < end; j += ${LANES}) { sum += exponential(x[first + j] - top); }
      sum = total(lane, sum);
      if (inside) {
        for (var j = lane; j < rows[row + 1]; j += ${LANES}) {
          var p = 0.0;
          if (j >= start && j < end) { p = exponential(x[first + j] - top) / sum; }
          result[first + j] = p;
        }
      }
    }`,
});

/** p∘(d − Σ p d); d: copies of p, `size` numbers each. */
export const softmaxTangent = program({
  name: "softmaxTangent",
  inputs: ["p", "d", "rows"],
  uniforms: { count: "i32", perCopy: "i32", size: "i32" },
  lanes: LANES,
  code: `${TOTAL}
    fn main(index : i32) {${HEAD}
      let row = 4 * (group % uniforms.perCopy);
      let first = rows[row];
      let start = rows[row + 2];
      let end = rows[row + 3];
      let shift = (group / uniforms.perCopy) * uniforms.size;
      var sum = 0.0;
      if (inside) {
        for (var j = start + lane; j < end; j += ${LANES}) { sum = fma(p[first + j], d[shift + first + j], sum); }
      }
      let mean = total(lane, sum);
      if (inside) {
        for (var j = lane; j < rows[row + 1]; j += ${LANES}) {
          let allowed = j >= start && j < end;
          result[shift + first + j] = select(0.0, p[first + j] * (d[shift + first + j] - mean), allowed);
        }
      }
    }`,
});

/**
 * x̂, or 1/√(var + ε) where `inverse` is 1. The mean is taken twice, the second time of what is left: x − m is exact where x lies
 * near m, so a row far from 0 keeps its digits.
 */
export const normalize = program({
  name: "normalize",
  inputs: ["x"],
  uniforms: { count: "i32", features: "i32", centred: "i32", inverse: "i32", epsilon: "f32" },
  lanes: LANES,
  code: `${TOTAL}
    fn main(index : i32) {${HEAD}
      let F = uniforms.features;
      let at = min(group, uniforms.count - 1) * F;
      var mean = 0.0;
      var rest = 0.0;
      if (uniforms.centred == 1) {
        var sum = 0.0;
        for (var f = lane; f < F; f += ${LANES}) { sum += x[at + f]; }
        mean = total(lane, sum) / f32(F);
        sum = 0.0;
        for (var f = lane; f < F; f += ${LANES}) { sum += x[at + f] - mean; }
        rest = total(lane, sum) / f32(F);
      }
      var squares = 0.0;
      for (var f = lane; f < F; f += ${LANES}) {
        let y = (x[at + f] - mean) - rest;
        squares = fma(y, y, squares);
      }
      let scale = 1.0 / sqrt(total(lane, squares) / f32(F) + uniforms.epsilon);
      if (inside) {
        if (uniforms.inverse == 1) {
          if (lane == 0) { result[group] = scale; }
        } else {
          for (var f = lane; f < F; f += ${LANES}) { result[at + f] = ((x[at + f] - mean) - rest) * scale; }
        }
      }
    }`,
});

/** inverse·(d − mean(d) − x̂·mean(d∘x̂)). d: C copies of `rows` rows. */
export const normalizeTangent = program({
  name: "normalizeTangent",
  inputs: ["x", "inverse", "d"],
  uniforms: { count: "i32", rows: "i32", features: "i32", centred: "i32" },
  lanes: LANES,
  code: `${TOTAL}
    fn main(index : i32) {${HEAD}
      let F = uniforms.features;
      let place = min(group, uniforms.count - 1);
      let at = place * F;
      let row = place % uniforms.rows;
      var sum = 0.0;
      var overlap = 0.0;
      for (var f = lane; f < F; f += ${LANES}) {
        sum += d[at + f];
        overlap = fma(d[at + f], x[row * F + f], overlap);
      }
      let mean = select(0.0, total(lane, sum) / f32(F), uniforms.centred == 1);
      let along = total(lane, overlap) / f32(F);
      if (inside) {
        for (var f = lane; f < F; f += ${LANES}) {
          result[at + f] = inverse[row] * (d[at + f] - mean - x[row * F + f] * along);
        }
      }
    }`,
});
