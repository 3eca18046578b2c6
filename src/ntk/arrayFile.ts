/** Arrays of other tools from files: one a .npy file, any number by name in a .npz file. All numbers become float64. */
import { CallError, complaint, DataError } from "../errors.ts";
import { readNpy, writeNpy } from "../numerics/npy.ts";
import { type NpyArray, openNpz, writeNpz } from "../numerics/npz.ts";
import { readFile, writeFileAtomic } from "../runtime/index.ts";
import { arraysOf, columnOf } from "./arrays.ts";
import type { KernelStoreContent, Matrix } from "./store.ts";

const asMatrix = ({ data, shape }: NpyArray): Matrix => ({
  data: data instanceof Float64Array ? data : Float64Array.from(data as ArrayLike<number>),
  shape,
});

/**
 * The array `main` of a file and, out of a .npz, all there are beside it. In a .npz the main one has that name or is the only
 * one. Throws a CallError for another kind of file, a DataError for a damaged one or where none can be told to be the main one.
 */
export async function readArrayFile(path: string, main: string): Promise<Record<string, Matrix>> {
  if (path.endsWith(".npy")) return { [main]: asMatrix(readNpy(await readFile(path), path)) };
  if (!path.endsWith(".npz")) {
    throw new CallError(
      complaint(path, "a .npy or .npz file", "another file", "numpy.save or numpy.savez of the array"),
    );
  }
  const { names, read } = openNpz(await readFile(path), path);
  if (names.length === 1) return { [main]: asMatrix(await read(names[0])) };
  if (!names.includes(main)) {
    throw new DataError(
      complaint(
        path,
        `one array, or one with the name ${main}`,
        names.join(", ") || "no arrays",
        `numpy.savez(path, ${main}=…)`,
      ),
    );
  }
  const arrays: Record<string, Matrix> = {};
  for (const name of names) arrays[name] = asMatrix(await read(name));
  return arrays;
}

/**
 * A kernel as one file of any tool's: .npz with the arrays of a store by their names (kernel, cross, f0, targets, test_f0,
 * test_targets, kernel.GROUP, …), or .npy with the kernel alone. Beside the kernel of one output stand that output's columns; beside
 * a sum over outputs, which is the kernel of none of them, no targets. Written aside, then renamed.
 */
export async function exportKernel(path: string, content: KernelStoreContent): Promise<void> {
  const arrays = arraysOf(content);
  const { outputs } = content.options;
  for (const name of ["f0", "targets", "test_f0", "test_targets"]) {
    const array = arrays[name];
    if (array && typeof outputs === "number") arrays[name] = columnOf(array, outputs);
    if (outputs === "sum") delete arrays[name];
  }
  if (path.endsWith(".npy")) {
    const { data, shape } = arrays.kernel;
    await writeFileAtomic(path, writeNpy(data, shape));
  } else await writeFileAtomic(path, writeNpz(arrays));
}
