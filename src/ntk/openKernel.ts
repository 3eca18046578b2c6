/** A kernel from wherever it is: a store of ours, or a bare square .npy or .npz matrix of any other tool. Checked before use. */
import { CallError, complaint, DataError } from "../errors.ts";
import { exists } from "../runtime/index.ts";
import { readArrayFile } from "./arrayFile.ts";
import type { KernelManifest } from "./manifest.ts";
import { type Matrix, openKernelStore } from "./store.ts";

export interface OpenedKernel {
  kernel: Float64Array; // (N × N)
  size: number; // N
  /** Of a store, or of a .npz file that `ntkit kernel --out` wrote. */
  outputs?: number; // kernel rows of an example: C, or 1 where outputs are reduced
  targets?: Matrix; // (n × C)
  f0?: Matrix; // (n × C)
  cross?: Float64Array; // (n_test·C × N)
  targetsTest?: Matrix;
  f0Test?: Matrix;
  manifest?: KernelManifest;
}

/** Entries may differ from their mirror image by this much of the largest diagonal entry (a kernel kept in float32). */
const SYMMETRY = 1e-5;

/**
 * Opens a store folder, a .npy or a .npz file and checks that the kernel is square, finite and symmetric (up to rounding, then made so
 * to the last bit). Throws CallError for a path that is neither, DataError for a matrix that is no kernel.
 */
export async function openKernel(path: string, options: { verify?: boolean } = {}): Promise<OpenedKernel> {
  const kind = await exists(path);
  if (!kind) throw new CallError(complaint(path, "a kernel store, a .npy or a .npz file", "nothing there"));
  if (kind === "folder") {
    const { manifest, kernel, targets, f0, cross, f0Test, targetsTest } = await openKernelStore(
      path,
      options,
    );
    if (manifest.options.kernel === "asymmetric") {
      throw new CallError(
        complaint(
          path,
          "a symmetric kernel: rules and eigenvalues are read from one",
          "a store of the asymmetric kernel",
          "--kernel sgd or signgd; kernel.npy in the store is the matrix itself",
        ),
      );
    }
    const checked = checkKernel(path, kernel);
    return {
      ...checked,
      outputs: checked.size / manifest.n,
      targets,
      f0,
      ...(cross && { cross: finite(`${path}, cross kernel`, cross).data }),
      ...(f0Test && { f0Test }),
      ...(targetsTest && { targetsTest }),
      manifest,
    };
  }
  const arrays = await readArrayFile(path, "kernel");
  const side = checkKernel(path, arrays.kernel);
  const beside = (name: string) => arrays[name] && finite(`${path}, ${name}`, arrays[name]);
  const [targets, f0, cross] = [beside("targets"), beside("f0"), beside("cross")];
  const [targetsTest, f0Test] = [beside("test_targets"), beside("test_f0")];
  const rows = targets && side.size / targets.shape[0];
  return {
    ...side,
    ...(rows && Number.isInteger(rows) && { outputs: rows }),
    ...(targets && { targets }),
    ...(f0 && { f0 }),
    ...(cross && { cross: cross.data }),
    ...(targetsTest && { targetsTest }),
    ...(f0Test && { f0Test }),
  };
}

function finite(where: string, matrix: Matrix): Matrix {
  const at = matrix.data.findIndex((value) => !Number.isFinite(value));
  if (at >= 0) {
    const columns = matrix.shape[1];
    const place = `${matrix.data[at]} at row ${Math.floor(at / columns)}, column ${at % columns}`;
    throw new DataError(complaint(where, "finite numbers", place));
  }
  return matrix;
}

function checkKernel(where: string, matrix: Matrix): { kernel: Float64Array; size: number } {
  const [N] = matrix.shape;
  if (matrix.shape.length !== 2 || matrix.shape[1] !== N || N === 0) {
    throw new DataError(complaint(where, "a square matrix", `shape (${matrix.shape.join(", ")})`));
  }
  const { data } = finite(where, matrix);
  let largest = 0;
  for (let i = 0; i < N; i++) largest = Math.max(largest, Math.abs(data[i * N + i]));
  const kernel = data.slice();
  for (let i = 0; i < N; i++) {
    for (let j = 0; j < i; j++) {
      const [below, above] = [data[i * N + j], data[j * N + i]];
      if (Math.abs(below - above) > SYMMETRY * largest) {
        throw new DataError(
          complaint(
            where,
            "a symmetric matrix",
            `${below} at row ${i}, column ${j} and ${above} at row ${j}, column ${i}`,
          ),
        );
      }
      kernel[i * N + j] = kernel[j * N + i] = (below + above) / 2;
    }
  }
  return { kernel, size: N };
}
