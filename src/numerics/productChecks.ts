/** What every backend asks of the factors of a product: as backendChecks.ts, from which `fail` and the checks of one tensor come. */
import type { DeviceTensor, MatmulOptions, ProductGroups } from "./backend.ts";
import { PRODUCT_GROUP_FIELDS } from "./backend.ts";
import { checkBlock, checkFloat, checkShape, fail, matrixSides, show } from "./backendChecks.ts";

/** op(a) m×k, op(b) k×n, bias n. */
export function checkMatmul(
  a: DeviceTensor,
  b: DeviceTensor,
  options: MatmulOptions = {},
): { m: number; k: number; n: number } {
  checkFloat("matmul", a, b);
  const left = matrixSides(a);
  const right = matrixSides(b);
  const [m, k] = options.transposeA ? [left.columns, left.rows] : [left.rows, left.columns];
  const [inner, n] = options.transposeB ? [right.columns, right.rows] : [right.rows, right.columns];
  if (k !== inner) {
    const marks = [options.transposeA ? " transposed" : "", options.transposeB ? " transposed" : ""];
    fail("matmul", "equal inner sides", `${show(a)}${marks[0]} times ${show(b)}${marks[1]}`);
  }
  if (options.bias) {
    checkFloat("matmul", options.bias);
    if (options.bias.size !== n) fail("matmul", `a bias of ${n} numbers`, show(options.bias));
  }
  return { m, k, n };
}

/** Every group lies inside its blocks. `fills`: the groups' outputs lie one after the other and make up the whole output. */
export function checkGroupedMatmul(
  a: DeviceTensor,
  b: DeviceTensor,
  groups: ProductGroups,
  shape: readonly number[],
  options: { transposeA?: boolean; transposeB?: boolean } = {},
): { groups: number; size: number; fills: boolean } {
  const where = "groupedMatmul";
  checkFloat(where, a, b);
  const size = checkShape(where, shape);
  const { table } = groups;
  if (table.length % PRODUCT_GROUP_FIELDS !== 0) {
    fail(where, `a table of ${PRODUCT_GROUP_FIELDS} fields a group`, `${table.length} numbers`);
  }
  const count = table.length / PRODUCT_GROUP_FIELDS;
  let filled = 0;
  for (let g = 0; g < count; g++) {
    const row = table.subarray(g * PRODUCT_GROUP_FIELDS, (g + 1) * PRODUCT_GROUP_FIELDS);
    for (const field of row)
      if (field < 0) fail(where, "non-negative fields", `group ${g}: ${row.join(", ")}`);
    const [aOffset, aStride, bOffset, bStride, outOffset, outStride, m, k, n] = row;
    const [aRows, aColumns] = options.transposeA ? [k, m] : [m, k];
    const [bRows, bColumns] = options.transposeB ? [n, k] : [k, n];
    checkBlock(`${where}, left of group ${g}`, a.size, aOffset, aStride, aRows, aColumns);
    checkBlock(`${where}, right of group ${g}`, b.size, bOffset, bStride, bRows, bColumns);
    checkBlock(`${where}, output of group ${g}`, size, outOffset, outStride, m, n);
    const follows = outOffset === filled && (m <= 1 || outStride === n);
    filled = follows ? filled + m * n : Number.NaN;
  }
  return { groups: count, size, fills: filled === size };
}

/** a rows×k and b columns×k for an accumulator rows×columns; b null stands for a. */
export function checkGram(
  accumulator: { rows: number; columns: number },
  a: DeviceTensor,
  b: DeviceTensor | null,
): { k: number } {
  const where = "gramInto";
  const left = matrixSides(a);
  const right = matrixSides(b ?? a);
  checkFloat(where, a, ...(b ? [b] : []));
  if (left.rows !== accumulator.rows || right.rows !== accumulator.columns) {
    fail(
      where,
      `${accumulator.rows} rows on the left and ${accumulator.columns} on the right`,
      `${left.rows} and ${right.rows}`,
    );
  }
  if (left.columns !== right.columns) {
    fail(where, "rows of equal length", `${left.columns} and ${right.columns}`);
  }
  return { k: left.columns };
}
