/** Kernels in one file: what other tools wrote, and what we write for them. */
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { exportKernel, type KernelStoreContent, openKernel, readArrayFile } from "../../src/ntk/index.ts";
import { readNpy } from "../../src/numerics/npy.ts";
import { readNpz, writeNpz } from "../../src/numerics/npz.ts";

const fixtures = join(import.meta.dirname, "../numerics/fixtures/npz.json");
const content: KernelStoreContent = {
  n: 2,
  outputs: 2,
  classes: ["a", "b"],
  kernel: Float64Array.from([4, 1, 1, 1, 1, 4, 1, 1, 1, 1, 4, 1, 1, 1, 1, 4]),
  cross: Float64Array.from([1, 2, 3, 4, 5, 6, 7, 8]),
  f0: Float64Array.from([0.1, 0.2, 0.3, 0.4]),
  targets: Float64Array.from([1, 0, 0, 1]),
  f0Test: Float64Array.from([0.5, 0.6]),
  targetsTest: Float64Array.from([0, 1]),
  groups: { mlp: new Float64Array(16) },
  model: {},
  data: {},
  options: { outputs: "full" },
};

describe("a kernel in one file", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "ntkit-arrays-"));
  });
  const put = (name: string, bytes: Uint8Array) => {
    writeFileSync(join(folder, name), bytes);
    return join(folder, name);
  };

  it("comes from numpy.savez of one array, or of several with a kernel", async () => {
    const fixture = JSON.parse(readFileSync(fixtures, "utf8"));
    for (const name of ["one", "savez", "savez_compressed"]) {
      const { kernel, size } = await openKernel(put(`${name}.npz`, Buffer.from(fixture[name], "base64")));
      expect(size).toBe(3);
      expect([...kernel]).toEqual(fixture.values.kernel.data);
    }
    const sparse = put("sparse.npz", Buffer.from(fixture.sparse, "base64"));
    await expect(openKernel(sparse)).rejects.toThrow(/sparse\.npz.*toarray/);
  });

  it("goes out with all that a store holds, and comes back", async () => {
    const path = join(folder, "kernel.npz");
    await exportKernel(path, content);
    const opened = await openKernel(path);
    expect(opened).toEqual({
      kernel: content.kernel,
      size: 4,
      outputs: 2,
      cross: content.cross,
      f0: { data: content.f0, shape: [2, 2] },
      targets: { data: content.targets, shape: [2, 2] },
      f0Test: { data: content.f0Test, shape: [1, 2] },
      targetsTest: { data: content.targetsTest, shape: [1, 2] },
    });
    expect(Object.keys(await readNpz(readFileSync(path)))).toContain("kernel.mlp");
    await exportKernel(join(folder, "kernel.npy"), content);
    const bare = readNpy(readFileSync(join(folder, "kernel.npy")));
    expect(bare).toEqual({ data: content.kernel, shape: [4, 4] });
  });

  it("of one output has that output's columns; of a sum no targets", async () => {
    const path = join(folder, "one-output.npz");
    const reduced = { ...content, kernel: Float64Array.of(4, 1, 1, 4), cross: null, groups: null };
    await exportKernel(path, { ...reduced, options: { outputs: 1 } });
    const opened = await openKernel(path);
    expect(opened.targets).toEqual({ data: Float64Array.of(0, 1), shape: [2, 1] });
    expect(opened.outputs).toBe(1);
    await exportKernel(path, { ...reduced, options: { outputs: "sum" } });
    expect((await openKernel(path)).targets).toBeUndefined();
  });

  it("says what is wrong with it", async () => {
    const two = writeNpz({
      a: { data: new Float64Array(1), shape: [1] },
      b: { data: new Float64Array(1), shape: [1] },
    });
    await expect(readArrayFile(put("two.npz", two), "targets")).rejects.toThrow(
      /two\.npz: expected one array, or one with the name targets, got a, b; try numpy\.savez\(path, targets=…\)/,
    );
    await expect(readArrayFile(put("k.txt", two), "kernel")).rejects.toThrow(
      /k\.txt: expected a \.npy or \.npz/,
    );
    const nan = { data: Float64Array.of(Number.NaN, 0), shape: [2, 1] };
    const bad = writeNpz({ kernel: { data: Float64Array.of(1, 0, 0, 1), shape: [2, 2] }, targets: nan });
    await expect(openKernel(put("nan.npz", bad))).rejects.toThrow(
      /nan\.npz, targets: expected finite numbers/,
    );
  });
});
