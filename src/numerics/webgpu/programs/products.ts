/** Matrix products: one, and many small ones by a table. Every group of lanes makes one tile (tile.ts). */
import { program } from "../program.ts";
import { lanesOf, type TileSide, tileCode } from "./tile.ts";

function matmulProgram(side: TileSide) {
  return program({
    name: `matmul${side}`,
    inputs: ["a", "b", "bias"],
    uniforms: {
      m: "i32",
      k: "i32",
      n: "i32",
      aStride: "i32",
      bStride: "i32",
      transposeA: "i32",
      transposeB: "i32",
      biased: "i32",
    },
    lanes: lanesOf(side),
    code: `${tileCode(side)}
    fn main(index : i32) {
      let lane = index % ${lanesOf(side)};
      let group = index / ${lanesOf(side)};
      let across = (uniforms.n + ${side - 1}) / ${side};
      let top = (group / across) * ${side};
      let leftmost = (group % across) * ${side};
      tile(lane, top, leftmost, uniforms.m, uniforms.n, 0, uniforms.k,
        Factor(0, uniforms.aStride, uniforms.transposeA), Factor(0, uniforms.bStride, uniforms.transposeB));
      for (var i = 0; i < 4; i++) {
        let row = top + 4 * (lane / quarter) + i;
        for (var j = 0; j < 4; j++) {
          let column = leftmost + 4 * (lane % quarter) + j;
          if (row < uniforms.m && column < uniforms.n) {
            var value = sums[i][j];
            if (uniforms.biased == 1) { value += bias[column]; }
            result[row * uniforms.n + column] = value;
          }
        }
      }
    }`,
  });
}

/** `table`: nine numbers a product (backend.ts); `tiles`: [product, row of tiles, column of tiles] of each group of lanes. */
function groupedProgram(side: TileSide) {
  return program({
    name: `groupedMatmul${side}`,
    inputs: ["a", "b", "table", "tiles"],
    uniforms: {
      count: "i32",
      firstTile: "i32",
      transposeA: "i32",
      transposeB: "i32",
      adding: "i32",
      alpha: "f32",
    },
    lanes: lanesOf(side),
    code: `${tileCode(side)}
    var<workgroup> steps : i32;
    fn main(index : i32) {
      let lane = index % ${lanesOf(side)};
      let group = index / ${lanesOf(side)};
      let inside = group < uniforms.count;
      let at = 3 * (uniforms.firstTile + min(group, uniforms.count - 1));
      let row = 9 * tiles[at];
      let top = tiles[at + 1] * ${side};
      let leftmost = tiles[at + 2] * ${side};
      let m = table[row + 6];
      let n = table[row + 8];
      if (lane == 0) { steps = select(0, table[row + 7], inside); }
      let k = workgroupUniformLoad(&steps);
      tile(lane, top, leftmost, m, n, 0, k,
        Factor(table[row], table[row + 1], uniforms.transposeA), Factor(table[row + 2], table[row + 3], uniforms.transposeB));
      for (var i = 0; i < 4; i++) {
        let y = top + 4 * (lane / quarter) + i;
        for (var j = 0; j < 4; j++) {
          let x = leftmost + 4 * (lane % quarter) + j;
          if (inside && y < m && x < n) {
            let place = table[row + 4] + y * table[row + 5] + x;
            let value = uniforms.alpha * sums[i][j];
            if (uniforms.adding == 1) { result[place] += value; } else { result[place] = value; }
          }
        }
      }
    }`,
  });
}

/** Tiles of a·bᵀ over one panel of k each: partial p at result[offset + p·rows·columns]. Symmetric: lower tiles, mirrored. */
function gramProgram(side: TileSide) {
  return program({
    name: `gramInto${side}`,
    inputs: ["a", "b"],
    uniforms: {
      rows: "i32",
      columns: "i32",
      k: "i32",
      panel: "i32",
      panels: "i32",
      offset: "i32",
      symmetric: "i32",
    },
    lanes: lanesOf(side),
    code: `${tileCode(side)}
    var<workgroup> range : vec2<i32>;
    fn main(index : i32) {
      let lane = index % ${lanesOf(side)};
      let group = index / ${lanesOf(side)};
      let across = (uniforms.columns + ${side - 1}) / ${side};
      let count = across * ((uniforms.rows + ${side - 1}) / ${side});
      let p = group / count;
      let top = ((group % count) / across) * ${side};
      let leftmost = (group % across) * ${side};
      let inside = p < uniforms.panels && (uniforms.symmetric == 0 || leftmost <= top);
      if (lane == 0) {
        range = select(vec2<i32>(0, 0), vec2<i32>(p * uniforms.panel, min((p + 1) * uniforms.panel, uniforms.k)), inside);
      }
      let steps = workgroupUniformLoad(&range);
      tile(lane, top, leftmost, uniforms.rows, uniforms.columns, steps.x, steps.y,
        Factor(0, uniforms.k, 0), Factor(0, uniforms.k, 1));
      let start = uniforms.offset + p * uniforms.rows * uniforms.columns;
      for (var i = 0; i < 4; i++) {
        let row = top + 4 * (lane / quarter) + i;
        for (var j = 0; j < 4; j++) {
          let column = leftmost + 4 * (lane % quarter) + j;
          if (inside && row < uniforms.rows && column < uniforms.columns) {
            result[start + row * uniforms.columns + column] = sums[i][j];
            if (uniforms.symmetric == 1 && leftmost < top) { result[start + column * uniforms.columns + row] = sums[i][j]; }
          }
        }
      }
    }`,
  });
}

export const matmul = { 16: matmulProgram(16), 32: matmulProgram(32), 64: matmulProgram(64) };
export const groupedMatmul = { 16: groupedProgram(16), 32: groupedProgram(32), 64: groupedProgram(64) };
export const gram = { 16: gramProgram(16), 32: gramProgram(32), 64: gramProgram(64) };
