/** Kernels on disk: what is written is read again, and what is not the same or not whole is refused by name. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openKernel, openKernelStore, writeKernelStore } from "../../src/ntk/index.ts";
import { openTiles } from "../../src/ntk/tileStore.ts";
import { writeNpy } from "../../src/numerics/npy.ts";
import { lockFolder } from "../../src/runtime/index.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ntkit-store-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function symmetric(N: number): Float64Array {
  return Float64Array.from({ length: N * N }, (_, k) => {
    const [i, j] = [Math.floor(k / N), k % N];
    return 1 / (1 + i + j) + (i === j ? 1 : 0);
  });
}
const ramp = (size: number) => Float64Array.from({ length: size }, (_, k) => k + 0.5);

const content = {
  kernel: symmetric(6),
  f0: ramp(6),
  targets: ramp(6),
  cross: ramp(4 * 6),
  f0Test: ramp(4),
  targetsTest: ramp(4),
  n: 3,
  outputs: 2,
  classes: ["no", "yes"],
  model: { source: "model", fingerprint: "abc" },
  data: { source: "train.csv", fingerprint: "def", testSource: undefined },
  options: {
    kernel: "sgd",
    outputs: "full",
    parameters: "all",
    seed: 1,
    readout: { kind: "head", pool: "mean" },
  },
};

describe("a kernel store", () => {
  it("gives back what was written", async () => {
    const path = join(folder, "deep", "store");
    const manifest = await writeKernelStore(path, content);
    expect(readdirSync(path).sort()).toEqual([
      "cross.npy",
      "f0.npy",
      "kernel.npy",
      "manifest.json",
      "targets.npy",
      "test_f0.npy",
      "test_targets.npy",
    ]);
    const store = await openKernelStore(path);
    expect(store.manifest).toEqual(manifest);
    expect(store.manifest).toMatchObject({ version: 1, n: 3, outputs: 2, classes: ["no", "yes"] });
    expect(store.kernel).toEqual({ data: content.kernel, shape: [6, 6] });
    expect(store.cross).toEqual({ data: content.cross, shape: [4, 6] });
    expect(store.targets.shape).toEqual([3, 2]);
    expect(store.f0Test).toEqual({ data: content.f0Test, shape: [2, 2] });
    expect(manifest.files["kernel.npy"]).toMatchObject({
      shape: [6, 6],
      dtype: "float64",
      bytes: 128 + 8 * 36,
    });
    expect(manifest.files["kernel.npy"].sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  it("may be without held-out texts", async () => {
    const path = join(folder, "store");
    await writeKernelStore(path, { ...content, cross: null, f0Test: null, targetsTest: undefined });
    const store = await openKernelStore(path);
    expect(store.cross).toBeUndefined();
    expect(readdirSync(path).sort()).toEqual(["f0.npy", "kernel.npy", "manifest.json", "targets.npy"]);
  });

  it("is replaced by the same kernel and refused to another, naming what differs", async () => {
    const path = join(folder, "store");
    await writeKernelStore(path, content);
    await writeKernelStore(path, content);
    const others = [
      [{ model: { source: "model", fingerprint: "xyz" } }, /model\.fingerprint "abc" instead of "xyz"/],
      [{ data: { ...content.data, fingerprint: "new" } }, /data\.fingerprint "def" instead of "new"/],
      [{ options: { ...content.options, seed: 2 } }, /options\.seed 1 instead of 2/],
      [{ options: { ...content.options, sketch: 5 } }, /options\.sketch nothing instead of 5/],
      [{ options: { kernel: "sgd" } }, /options\.seed 1 instead of nothing/],
      [
        { options: { ...content.options, readout: { kind: "head", pool: "last" } } },
        /options\.readout\.pool "mean" instead of "last"/,
      ],
    ] as const;
    for (const [change, message] of others) {
      const call = writeKernelStore(path, { ...content, ...change });
      await expect(call).rejects.toThrow(message);
      await expect(call).rejects.toMatchObject({ name: "CallError" });
      await expect(openKernelStore(path, { expect: change })).rejects.toThrow(message);
    }
    await openKernelStore(path, { expect: { model: content.model, n: 3 } });
  });

  it.each([
    [{ kernel: ramp(35) }, /kernel: expected rows of 6 numbers/],
    [{ f0: ramp(5) }, /f0: expected rows of 2 numbers, 3 of them/],
    [{ cross: ramp(25) }, /cross: expected rows of 6 numbers/],
  ])("refuses arrays that do not fit: %o", async (change, message) => {
    const call = writeKernelStore(join(folder, "store"), { ...content, ...change });
    await expect(call).rejects.toThrow(message);
    await expect(call).rejects.toMatchObject({ name: "CallError" });
  });

  it("notices an unfinished store: another kernel's is refused, the same one's tiles go when it is whole", async () => {
    const { model, data, options, classes, n, outputs } = content;
    const identity = { model, data, options, classes, n, outputs };
    const cut = { train: [0, 2, 3], test: null };
    const tiles = await openTiles(folder, { identity, byGroup: false }, () => cut);
    await tiles.write("train0-train0", { kernel: { data: ramp(4), shape: [2, 2] } });
    const other = { ...content, options: { ...options, seed: 2 } };
    await expect(writeKernelStore(folder, other)).rejects.toThrow(
      /an unfinished store with options\.seed 1 instead of 2/,
    );
    expect(readdirSync(join(folder, "tiles")).sort()).toEqual(["manifest.json", "train0-train0.npz"]);
    expect(readdirSync(folder)).toEqual(["tiles"]);
    await writeKernelStore(folder, content);
    expect(readdirSync(folder)).not.toContain("tiles");
    expect((await openKernelStore(folder)).kernel.data).toEqual(content.kernel);
  });

  it("leaves a folder alone that another process works in", async () => {
    const lock = await lockFolder(folder);
    await expect(writeKernelStore(folder, content)).rejects.toMatchObject({ name: "DataError" });
    await lock.release();
    await writeKernelStore(folder, content);
  });

  it("notices damage: a changed byte, a cut file, a file gone, a manifest that is none", async () => {
    const path = join(folder, "store");
    const file = (name: string) => join(path, name);
    const damage = async (name: string, bytes: Uint8Array | string) => {
      await writeKernelStore(path, content);
      writeFileSync(file(name), bytes);
      return expect(openKernelStore(path)).rejects;
    };
    await writeKernelStore(path, content);
    const whole = readFileSync(file("kernel.npy"));
    const changed = Uint8Array.from(whole);
    changed[200] ^= 1;
    await (await damage("kernel.npy", changed)).toThrow(/kernel\.npy: expected the bytes of its checksum/);
    await openKernelStore(path, { verify: false });
    await (await damage("kernel.npy", whole.subarray(0, 300))).toThrow(/expected 416 bytes, got 300/);
    await (await damage("manifest.json", "{")).toThrow(/manifest\.json: expected JSON/);
    await writeKernelStore(join(folder, "other"), content);
    const manifest = JSON.parse(readFileSync(join(folder, "other", "manifest.json"), "utf8"));
    const bad = async (value: unknown) => {
      writeFileSync(file("manifest.json"), JSON.stringify(value));
      const call = openKernelStore(path);
      await expect(call).rejects.toMatchObject({ name: "DataError" });
      return expect(call).rejects;
    };
    await (await bad({ ...manifest, version: 9 })).toThrow(/expected version 1, got 9/);
    await (await bad({ ...manifest, n: "three" })).toThrow(/a kernel store's manifest, got n: /);
    await (await bad({ ...manifest, files: {} })).toThrow(/an entry for kernel\.npy, got none/);
    rmSync(file("f0.npy"));
    writeFileSync(file("manifest.json"), JSON.stringify(manifest));
    await expect(openKernelStore(path)).rejects.toThrow(/f0\.npy/);
  });

  it("says where there is none", async () => {
    await expect(openKernelStore(join(folder, "nowhere"))).rejects.toThrow(/kernel store.*got nothing there/);
    await expect(openKernelStore(folder)).rejects.toThrow(/kernel store.*got none/);
    await expect(openKernelStore(folder)).rejects.toMatchObject({ name: "CallError" });
  });
});

describe("openKernel", () => {
  const npy = (data: Float64Array | Float32Array, shape: number[], name = "theta.npy") => {
    writeFileSync(join(folder, name), writeNpy(data, shape));
    return join(folder, name);
  };

  it("takes a store with all that lies beside the kernel", async () => {
    const path = join(folder, "store");
    await writeKernelStore(path, content);
    const opened = await openKernel(path);
    expect(opened).toMatchObject({ size: 6, outputs: 2, kernel: content.kernel, cross: content.cross });
    expect(opened.targets?.shape).toEqual([3, 2]);
    expect(opened.manifest?.model).toEqual(content.model);
  });

  it("takes a bare matrix, float32 too, and makes rounding symmetric", async () => {
    expect(await openKernel(npy(symmetric(5), [5, 5]))).toEqual({ kernel: symmetric(5), size: 5 });
    const rough = Float32Array.from(symmetric(5));
    rough[1] += 1e-6;
    const { kernel } = await openKernel(npy(rough, [5, 5]));
    expect(kernel).toBeInstanceOf(Float64Array);
    expect(kernel[1]).toBe(kernel[5]);
    expect(kernel[1]).toBeCloseTo(0.5, 5);
  });

  it.each([
    ["a row vector", new Float64Array(4), [4], /expected a square matrix, got shape \(4\)/],
    ["a rectangle", new Float64Array(6), [2, 3], /a square matrix, got shape \(2, 3\)/],
    ["nothing", new Float64Array(0), [0, 0], /a square matrix/],
    ["NaN", Float64Array.of(1, 0, 0, Number.NaN), [2, 2], /finite numbers, got NaN at row 1, column 1/],
    ["∞", Float64Array.of(1, Number.POSITIVE_INFINITY, 0, 1), [2, 2], /Infinity at row 0, column 1/],
    [
      "asymmetry",
      Float64Array.of(1, 0.5, 0.4, 1),
      [2, 2],
      /symmetric.*0\.4 at row 1, column 0 and 0\.5 at row 0, column 1/,
    ],
  ])("refuses %s", async (_, data, shape, message) => {
    const call = openKernel(npy(data, shape));
    await expect(call).rejects.toThrow(message);
    await expect(call).rejects.toMatchObject({ name: "DataError" });
  });

  it("refuses other files and paths that are not there", async () => {
    writeFileSync(join(folder, "theta.mat"), "PK");
    const other = openKernel(join(folder, "theta.mat"));
    await expect(other).rejects.toThrow(/theta\.mat: expected a \.npy or \.npz file.*numpy\.save/);
    await expect(other).rejects.toMatchObject({ name: "CallError" });
    await expect(openKernel(join(folder, "nowhere"))).rejects.toThrow(/nothing there/);
    writeFileSync(join(folder, "text.npy"), "not numbers");
    await expect(openKernel(join(folder, "text.npy"))).rejects.toThrow(/text\.npy/);
  });
});
