/**
 * What every backend asks of the arguments of an operation, once for all backends. Each function throws a CallError that names
 * the operation, or returns the sizes the operation works with. Those of products are in productChecks.ts. Letters as in backend.ts: R rows, F features, C copies.
 */
import { CallError, complaint } from "../errors.ts";
import { sizeOf } from "./array.ts";
import { type DeviceTensor, SCORE_GROUP_FIELDS, type ScoreGroups, type Segments } from "./backend.ts";

export const show = (tensor: { shape: readonly number[] }) => `[${tensor.shape.join(", ")}]`;

export function fail(where: string, expected: string, got: string, hint?: string): never {
  throw new CallError(complaint(where, expected, got, hint));
}

/** A tensor read as a matrix: all axes but the last are rows. A vector is one row, a scalar 1×1. */
export function matrixSides(tensor: { shape: readonly number[] }): { rows: number; columns: number } {
  const { shape } = tensor;
  return { rows: sizeOf(shape.slice(0, -1)), columns: shape.length === 0 ? 1 : shape[shape.length - 1] };
}

/** Sides are non-negative integers; returns their product. */
export function checkShape(where: string, shape: readonly number[]): number {
  for (const side of shape) {
    if (!Number.isInteger(side) || side < 0) fail(where, "non-negative integer sides", show({ shape }));
  }
  return sizeOf(shape);
}

export function checkUpload(data: { length: number }, shape: readonly number[]): number {
  const size = checkShape("upload", shape);
  if (data.length !== size) fail("upload", `${size} numbers for shape ${show({ shape })}`, `${data.length}`);
  return size;
}

/** Numbers of a tensor's own kind and count. */
export function checkWrite(tensor: DeviceTensor, data: Float32Array | Float64Array | Int32Array): void {
  const dtype = data instanceof Int32Array ? "int" : "float";
  if (data.length === tensor.size && dtype === tensor.dtype) return;
  fail("write", `${tensor.size} numbers, ${tensor.dtype}`, `${data.length}, ${dtype}`);
}

export function checkFloat(where: string, ...tensors: DeviceTensor[]): void {
  for (const tensor of tensors) {
    if (tensor.dtype !== "float") fail(where, "a float tensor", `${tensor.dtype} ${show(tensor)}`);
  }
}

function checkInt(where: string, tensor: DeviceTensor): void {
  if (tensor.dtype !== "int") fail(where, "an int tensor", `${tensor.dtype} ${show(tensor)}`);
}

export function checkBlock(
  where: string,
  size: number,
  offset: number,
  stride: number,
  rows: number,
  columns: number,
): void {
  if (rows === 0 || columns === 0) return;
  if (rows > 1 && stride < columns) fail(where, `a row stride of at least ${columns}`, `${stride}`);
  const end = offset + (rows - 1) * stride + columns;
  if (end > size) {
    fail(where, `a ${rows}×${columns} block inside ${size} numbers`, `one that ends at ${end}`);
  }
}

/** Score blocks inside `size` numbers; returns their count. */
function checkScoreGroups(where: string, size: number, groups: ScoreGroups): number {
  const { table, window } = groups;
  if (table.length % SCORE_GROUP_FIELDS !== 0) {
    fail(where, `a table of ${SCORE_GROUP_FIELDS} fields a group`, `${table.length} numbers`);
  }
  if (!Number.isInteger(window) || window < 0) fail(where, "a window of 0 or more positions", `${window}`);
  const count = table.length / SCORE_GROUP_FIELDS;
  for (let g = 0; g < count; g++) {
    const [offset, rows, columns] = table.subarray(g * SCORE_GROUP_FIELDS, (g + 1) * SCORE_GROUP_FIELDS);
    if (offset < 0 || rows < 0 || columns < 0) {
      fail(where, "non-negative fields", `group ${g}: ${offset}, ${rows}, ${columns}`);
    }
    checkBlock(`${where}, group ${g}`, size, offset, columns, rows, columns);
  }
  return count;
}

export function checkSoftmax(scores: DeviceTensor, groups: ScoreGroups): { groups: number } {
  checkFloat("softmax", scores);
  return { groups: checkScoreGroups("softmax", scores.size, groups) };
}

export function checkSoftmaxTangent(
  probabilities: DeviceTensor,
  d: DeviceTensor,
  groups: ScoreGroups,
): { groups: number; copies: number } {
  const where = "softmaxTangent";
  checkFloat(where, probabilities, d);
  const copies = checkCopies(where, d, probabilities);
  return { groups: checkScoreGroups(where, probabilities.size, groups), copies };
}

/** How often `block` fits into `d`; throws unless a whole number. */
function checkCopies(where: string, d: DeviceTensor, block: DeviceTensor): number {
  if (block.size === 0) {
    if (d.size !== 0) fail(where, "copies of an empty block", show(d));
    return 0;
  }
  if (d.size % block.size !== 0) fail(where, `a multiple of ${block.size} numbers ${show(block)}`, show(d));
  return d.size / block.size;
}

export function checkNormalize(
  x: DeviceTensor,
  options: { epsilon: number },
): { rows: number; features: number } {
  checkFloat("normalize", x);
  if (!(options.epsilon >= 0)) fail("normalize", "an epsilon of 0 or more", `${options.epsilon}`);
  const { rows, columns } = matrixSides(x);
  return { rows, features: columns };
}

export function checkNormalizeTangent(
  normalized: DeviceTensor,
  inverse: DeviceTensor,
  d: DeviceTensor,
): { rows: number; features: number; copies: number } {
  const where = "normalizeTangent";
  checkFloat(where, normalized, inverse, d);
  const { rows, columns } = matrixSides(normalized);
  if (inverse.size !== rows) fail(where, `${rows} inverse deviations`, show(inverse));
  return { rows, features: columns, copies: checkCopies(where, d, normalized) };
}

/** x (C·R × heads·2H), cos and sin (R × H). */
export function checkRotate(
  x: DeviceTensor,
  cos: DeviceTensor,
  sin: DeviceTensor,
): { rows: number; half: number; heads: number; copies: number } {
  const where = "rotate";
  checkFloat(where, x, cos, sin);
  const [sides, angles] = [matrixSides(x), matrixSides(cos)];
  const half = angles.columns;
  if (cos.size !== sin.size) fail(where, `as many sines as cosines ${show(cos)}`, show(sin));
  if (half === 0 || sides.columns % (2 * half) !== 0) {
    fail(where, `rows of a multiple of ${2 * half} numbers`, show(x));
  }
  if (sides.rows > 0 && (angles.rows === 0 || sides.rows % angles.rows !== 0)) {
    fail(where, `a multiple of ${angles.rows} rows`, show(x));
  }
  const copies = angles.rows === 0 ? 0 : sides.rows / angles.rows;
  return { rows: angles.rows, half, heads: sides.columns / (2 * half), copies };
}

/** b repeats along the leading axes of a; returns how often. */
export function checkRepeating(where: string, a: DeviceTensor, b: DeviceTensor): number {
  checkFloat(where, a, b);
  return checkCopies(where, a, b);
}

export function checkAddInto(target: DeviceTensor, x: DeviceTensor): void {
  checkFloat("addInto", target, x);
  if (target.size !== x.size) fail("addInto", `as many numbers as the target ${show(target)}`, show(x));
}

/** table V×F, ids R. */
export function checkGatherRows(
  table: DeviceTensor,
  ids: DeviceTensor,
): { rows: number; features: number; vocabulary: number } {
  checkFloat("gatherRows", table);
  checkInt("gatherRows", ids);
  const { rows, columns } = matrixSides(table);
  return { rows: ids.size, features: columns, vocabulary: rows };
}

/** target V×F, ids R, rows R×F. */
export function checkScatterRows(
  target: DeviceTensor,
  ids: DeviceTensor,
  rows: DeviceTensor,
): { rows: number; features: number; vocabulary: number } {
  const where = "scatterAddRowsInto";
  checkFloat(where, target, rows);
  checkInt(where, ids);
  const sides = matrixSides(target);
  if (rows.size !== ids.size * sides.columns) {
    fail(where, `${ids.size} rows of ${sides.columns} numbers`, show(rows));
  }
  return { rows: ids.size, features: sides.columns, vocabulary: sides.rows };
}

/** Every id names a row of a table of `vocabulary` rows. */
export function checkIds(where: string, ids: Int32Array, vocabulary: number): void {
  for (let r = 0; r < ids.length; r++) {
    if (ids[r] < 0 || ids[r] >= vocabulary) {
      fail(where, `ids from 0 to ${vocabulary - 1}`, `${ids[r]} at position ${r}`);
    }
  }
}

function checkSegments(where: string, segments: Segments): number {
  const { table, rows, scale } = segments;
  if (table.length % 2 !== 0) fail(where, "a table of start and end rows", `${table.length} numbers`);
  const count = table.length / 2;
  if (scale && scale.length !== count) fail(where, `${count} scales`, `${scale.length}`);
  for (let s = 0; s < count; s++) {
    const start = table[2 * s];
    const end = table[2 * s + 1];
    if (start < 0 || end < start || end > rows) {
      fail(where, `segments inside 0 … ${rows}`, `segment ${s}: ${start} … ${end}`);
    }
  }
  return count;
}

function checkCopiesOfRows(where: string, x: DeviceTensor, rows: number): number {
  const sides = matrixSides(x);
  if (rows === 0 ? sides.rows !== 0 : sides.rows % rows !== 0) {
    fail(where, `a multiple of ${rows} rows`, show(x));
  }
  return rows === 0 ? 0 : sides.rows / rows;
}

/** x (C·R × F) with R = segments.rows. */
export function checkSegmentSum(
  x: DeviceTensor,
  segments: Segments,
): { copies: number; segments: number; features: number } {
  checkFloat("segmentSum", x);
  const count = checkSegments("segmentSum", segments);
  const copies = checkCopiesOfRows("segmentSum", x, segments.rows);
  return { copies, segments: count, features: matrixSides(x).columns };
}

/** d (C·S × F). */
export function checkSegmentSpread(
  d: DeviceTensor,
  segments: Segments,
): { copies: number; segments: number; features: number } {
  checkFloat("segmentSpread", d);
  const count = checkSegments("segmentSpread", segments);
  const copies = checkCopiesOfRows("segmentSpread", d, count);
  return { copies, segments: count, features: matrixSides(d).columns };
}
