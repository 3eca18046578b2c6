/** What a store or an exported file holds of a kernel, by array name: the name of its .npy file, or its name in a .npz. */
import { CallError, complaint } from "../errors.ts";
import type { KernelStoreContent, Matrix } from "./store.ts";

/** Column c of (n × C) as (n × 1); a matrix of one column is itself. */
export function columnOf({ data, shape }: Matrix, c: number): Matrix {
  const C = shape.length > 1 ? shape[1] : 1;
  return C === 1 ? { data, shape } : { data: data.filter((_, k) => k % C === c), shape: [shape[0], 1] };
}

/** Throws a CallError for arrays that do not fit n and C. */
export function arraysOf(content: KernelStoreContent): Record<string, Matrix> {
  const { n, outputs: C, kernel } = content;
  const side = kernel.length === n * n ? n : n * C;
  const arrays: Record<string, Matrix> = {};
  const put = (name: string, data: Float64Array, columns: number, rows = data.length / columns) => {
    if (rows * columns !== data.length || !Number.isInteger(rows)) {
      throw new CallError(
        complaint(
          `kernel store, ${name}`,
          `rows of ${columns} numbers, ${rows} of them`,
          `${data.length} numbers`,
        ),
      );
    }
    arrays[name] = { data, shape: [rows, columns] };
  };
  const { cross, f0, targets, f0Test, targetsTest, groups, crossGroups } = content;
  put("kernel", kernel, side, side);
  if (cross) put("cross", cross, side);
  put("f0", f0, C, n);
  put("targets", targets, C, n);
  if (f0Test) put("test_f0", f0Test, C);
  if (targetsTest) put("test_targets", targetsTest, C);
  for (const [group, data] of Object.entries(groups ?? {})) put(`kernel.${group}`, data, side, side);
  for (const [group, data] of Object.entries(crossGroups ?? {})) put(`cross.${group}`, data, side);
  return arrays;
}
