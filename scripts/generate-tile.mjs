// Writes assembly/packedTile.ts: the tile of packed products with its steps written out, which AssemblyScript cannot do itself.
import { writeFileSync } from "node:fs";

/** Rows of a tile and steps written out, by how a step multiplies and adds. */
const SHAPES = { rounded: { rows: 4, steps: 8 }, fused: { rows: 6, steps: 4 } };

const indent = (depth, lines) => lines.map((line) => "  ".repeat(depth) + line);
const rowsOf = (count) => Array.from({ length: count }, (_, row) => row);

/** One step p: c[i, :] += a[i, p] · b[p, :]. Both products of a row come before both sums: the units of AMD's Zen take turns. */
function step(rows, fused, index) {
  const lines = [`b0 = v128.load(b, ${32 * index});`, `b1 = v128.load(b, ${32 * index + 16});`];
  for (const i of rowsOf(rows)) {
    lines.push(`x = splat${i}<T>(a);`);
    if (fused) for (const j of [0, 1]) lines.push(`c${i}${j} = v128.relaxed_madd<T>(x, b${j}, c${i}${j});`);
    else {
      for (const j of [0, 1]) lines.push(`p${j} = v128.mul<T>(x, b${j});`);
      for (const j of [0, 1]) lines.push(`c${i}${j} = v128.add<T>(c${i}${j}, p${j});`);
    }
  }
  return [...lines, `a += ${rows} * sizeof<T>();`];
}

function body(rows, steps, fused) {
  const sums = rowsOf(rows).flatMap((i) => [`c${i}0`, `c${i}1`]);
  return [
    ...sums.map((sum, i) => `let ${sum} = ${i === 0 ? "v128.splat<T>(<T>0)" : "c00"};`),
    ...["b0", "b1", "x", ...(fused ? [] : ["p0", "p1"])].map((name) => `let ${name} = c00;`),
    `for (; k >= ${steps}; k -= ${steps}) {`,
    ...indent(
      1,
      rowsOf(steps).flatMap((index) => step(rows, fused, index)),
    ),
    `  b += ${32 * steps};`,
    "}",
    "for (; k > 0; --k) {",
    ...indent(1, step(rows, fused, 0)),
    "  b += 32;",
    "}",
    ...sums.map((sum, i) => `v128.store(out, ${sum}, ${16 * i});`),
  ];
}

const { rounded, fused } = SHAPES;
writeFileSync(
  "assembly/packedTile.ts",
  `/**
 * Written by scripts/generate-tile.mjs: change that.
 *
 * tileColumns of tile.ts for packed factors: a [step][row], b [step][2 vectors]; out: rows × 2 vectors. The same sums in the same order.
 * Every step is one move of a and fixed offsets from b: an offset in a splat costs engines an instruction, one in a load nothing.
 * ${rounded.rows} rows, multiplied and added: 8 sums + 2 of b + a splat + 2 products in 15 registers. ${fused.rows} rows where that is one operation.
 */
import { ${rowsOf(Math.max(rounded.rows, fused.rows))
    .map((i) => `splat${i}`)
    .join(", ")} } from "./tile";

export const PACKED_ROWS: i32 = ASC_FEATURE_RELAXED_SIMD ? ${fused.rows} : ${rounded.rows};

export function packedTile<T>(k: i32, a: usize, b: usize, out: usize): void {
  if (ASC_FEATURE_RELAXED_SIMD) {
${indent(2, body(fused.rows, fused.steps, true)).join("\n")}
  } else {
${indent(2, body(rounded.rows, rounded.steps, false)).join("\n")}
  }
}
`,
);
