/** Kernels in tiles: the same as in one piece, whatever the budget and however often the work is interrupted. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  type FillOptions,
  fillKernelStore,
  ntkBlocks,
  openKernelStore,
  planKernel,
} from "../../src/ntk/index.ts";
import { createBackend } from "../../src/numerics/index.ts";
import { readNpy } from "../../src/numerics/npy.ts";
import { relativeError } from "../support/distance.ts";
import { toyBatch, toyTangent, toyTexts } from "../support/toyTangent.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ntkit-fill-"));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

const [n, m, C] = [23, 9, 2];
const train = toyBatch(toyTexts(n, 5));
const test = toyBatch(toyTexts(m, 6));
const targets = new Float64Array(n * C).fill(0.5);
const targetsTest = new Float64Array(m * C).fill(0.25);
const request = {
  identity: {
    n,
    outputs: C,
    classes: ["a", "b"],
    model: { fingerprint: "toy" },
    data: { fingerprint: "texts" },
    options: { kernel: "sgd", seed: 1 } as Record<string, unknown>,
  },
  train,
  test,
  targets,
  targetsTest,
};
const tangentOf = async (name: "reference" | "wasm" = "reference") => toyTangent(await createBackend(name));

/** A budget for about so many bands of training texts. */
async function budgetFor(
  bands: number,
  options: FillOptions = {},
  backend: "reference" | "wasm" = "reference",
): Promise<number> {
  const toy = await tangentOf(backend);
  const offsets = { train: toy.offsets(train), test: toy.offsets(test) };
  for (let memory = 1e8; memory > 1000; memory *= 0.97) {
    const { cut } = planKernel(toy, offsets, { ...options, workers: 1, memory });
    if (cut.train.length - 1 >= bands) return memory;
  }
  throw new Error(`no budget gives ${bands} bands`);
}

const filesOf = (path: string) =>
  Object.fromEntries(readdirSync(path).map((name) => [name, readFileSync(join(path, name)).toString("hex")]));
const arrayOf = (path: string, name: string) =>
  readNpy(readFileSync(join(path, `${name}.npy`)), name).data as Float64Array;

describe("a kernel in tiles", () => {
  it("in one tile has the bits of the kernel in one piece", async () => {
    const toy = await tangentOf("wasm");
    const path = join(folder, "store");
    const { plan } = await fillKernelStore(path, toy, request, { workers: 1 });
    expect(plan).toMatchObject({ passes: 1, tiles: 2 });
    const blocks = await ntkBlocks(toy, train, test, { workers: 1 });
    const store = await openKernelStore(path);
    expect(store.kernel).toEqual({ data: blocks.train, shape: [n * C, n * C] });
    expect(store.cross).toEqual({ data: blocks.cross, shape: [m * C, n * C] });
    expect(store.f0.data).toEqual(blocks.f0);
    expect(store.f0Test?.data).toEqual(blocks.f0Test);
    expect([store.targets.data, store.targetsTest?.data]).toEqual([targets, targetsTest]);
    expect(readdirSync(path).sort()).toEqual(
      ["cross", "f0", "kernel", "targets", "test_f0", "test_targets"]
        .map((x) => `${x}.npy`)
        .toSpliced(3, 0, "manifest.json"),
    );
  });

  it.each([
    { options: {}, bands: 2 },
    { options: { byGroup: true }, bands: 3 },
    { options: { kernel: "signgd", outputs: "mean" }, bands: 4 },
    { options: { kernel: "asymmetric" }, bands: 3 },
    { options: { outputs: "pseudo" }, bands: 5 },
  ] as { options: FillOptions; bands: number }[])("is the same in bands, %o", async ({ options, bands }) => {
    const toy = await tangentOf();
    const path = join(folder, "store");
    const memory = await budgetFor(bands, options);
    const { plan, zeroSigns } = await fillKernelStore(path, toy, request, { ...options, memory, workers: 1 });
    expect(plan?.cut.train.length).toBeGreaterThan(bands);
    const blocks = await ntkBlocks(toy, train, test, { ...options, workers: 1 });
    expect(relativeError(arrayOf(path, "kernel"), blocks.train)).toBeLessThan(1e-14);
    expect(relativeError(arrayOf(path, "cross"), blocks.cross!)).toBeLessThan(1e-14);
    for (const [group, kernel] of Object.entries(blocks.groups ?? {})) {
      expect(relativeError(arrayOf(path, `kernel.${group}`), kernel)).toBeLessThan(1e-14);
      expect(relativeError(arrayOf(path, `cross.${group}`), blocks.crossGroups![group])).toBeLessThan(1e-14);
    }
    expect(relativeError(arrayOf(path, "f0"), blocks.f0)).toBeLessThan(1e-14);
    expect(relativeError(arrayOf(path, "test_f0"), blocks.f0Test!)).toBeLessThan(1e-14);
    for (const [name, counts] of Object.entries(blocks.dead ?? {})) {
      expect(zeroSigns?.[name]).toBeCloseTo(counts.reduce((a, b) => a + b) / counts.length, 12);
    }
    if (options.kernel === "asymmetric") return;
    const kernel = arrayOf(path, "kernel");
    const N = Math.sqrt(kernel.length);
    for (let i = 0; i < N; i++) for (let j = 0; j < i; j++) expect(kernel[i * N + j]).toBe(kernel[j * N + i]);
  });

  it.each(["sgd", "asymmetric"] as const)(
    "interrupted again and again it has the same bits: %s",
    async (kernel) => {
      const toy = await tangentOf("wasm");
      const options = { kernel, memory: await budgetFor(4, { kernel }, "wasm"), workers: 1 };
      const [alone, broken] = [join(folder, "alone"), join(folder, "broken")];
      await fillKernelStore(alone, toy, request, options);
      let runs = 0;
      for (let whole = false; !whole && runs < 100; runs++) {
        const controller = new AbortController();
        const tiles = join(broken, "tiles");
        const there = () =>
          existsSync(tiles) ? readdirSync(tiles).filter((name) => name.endsWith(".npz")).length : 0;
        const before = there();
        // Early in the second job of this run.
        const onProgress = () => {
          if (there() > before) controller.abort(new Error("enough"));
        };
        whole = await fillKernelStore(broken, toy, request, {
          ...options,
          onProgress,
          signal: controller.signal,
        }).then(
          () => true,
          (error: Error) => {
            expect(error.message).toBe("enough");
            return false;
          },
        );
      }
      expect(runs).toBeGreaterThan(3);
      expect(filesOf(broken)).toEqual(filesOf(alone));
      const again = await fillKernelStore(broken, toy, request, options);
      expect(again.plan).toBeNull();
    },
  );

  it("refuses the tiles and the store of another kernel, naming what differs", async () => {
    const toy = await tangentOf();
    const path = join(folder, "store");
    const signal = AbortSignal.abort(new Error("at once"));
    await expect(fillKernelStore(path, toy, request, { signal })).rejects.toThrow("at once");
    const other = { ...request, identity: { ...request.identity, options: { kernel: "sgd", seed: 2 } } };
    await expect(fillKernelStore(path, toy, other)).rejects.toThrow(/options\.seed 1 instead of 2/);
    await expect(fillKernelStore(path, toy, request, { byGroup: true })).rejects.toThrow(
      /by_group false instead of true/,
    );
    await fillKernelStore(path, toy, request);
    const call = fillKernelStore(path, toy, {
      ...request,
      identity: { ...request.identity, data: { fingerprint: "x" } },
    });
    await expect(call).rejects.toThrow(/data\.fingerprint "texts" instead of "x"/);
    await expect(call).rejects.toMatchObject({ name: "CallError" });
    await fillKernelStore(path, toy, request, { byGroup: true });
    expect(readdirSync(path)).toContain("kernel.head.npy");
  });

  it("computes a damaged file again, and names a damaged tile", async () => {
    const toy = await tangentOf();
    const path = join(folder, "store");
    const options = { memory: await budgetFor(3), workers: 1 };
    await fillKernelStore(path, toy, request, options);
    const before = filesOf(path);
    const bytes = readFileSync(join(path, "kernel.npy"));
    bytes[500] ^= 1;
    writeFileSync(join(path, "kernel.npy"), bytes);
    await fillKernelStore(path, toy, request, options);
    expect(filesOf(path)).toEqual(before);

    const other = join(folder, "other");
    const controller = new AbortController();
    const tiles = join(other, "tiles");
    const onProgress = () => {
      if (readdirSync(tiles).length > 1) controller.abort(new Error("enough"));
    };
    await expect(
      fillKernelStore(other, toy, request, { ...options, onProgress, signal: controller.signal }),
    ).rejects.toThrow("enough");
    writeFileSync(join(tiles, "train-0-0.npz"), "nothing");
    await expect(fillKernelStore(other, toy, request, options)).rejects.toThrow(
      /train-0-0\.npz: expected the bytes/,
    );
    rmSync(join(tiles, "train-0-0.npz"));
    await fillKernelStore(other, toy, request, options);
    expect(filesOf(other)).toEqual(before);
  });

  it("keeps the tiles that are done when the disk is full, and leaves nothing half-written", async () => {
    const toy = await tangentOf();
    const path = join(folder, "store");
    const options = { memory: await budgetFor(3), workers: 1 };
    const handle = await open(join(folder, "any"), "w");
    const prototype = Object.getPrototypeOf(handle) as typeof handle;
    await handle.close();
    const write = prototype.write;
    let writes = 0;
    vi.spyOn(prototype, "write").mockImplementation(function (this: typeof handle, ...args: unknown[]) {
      if (++writes > 5) return Promise.reject(Object.assign(new Error("full"), { code: "ENOSPC" }));
      return (write as (...args: unknown[]) => never).apply(this, args);
    } as never);
    const call = fillKernelStore(path, toy, request, options);
    await expect(call).rejects.toThrow(/cannot write it: no space is left/);
    await expect(call).rejects.toMatchObject({ name: "DataError" });
    vi.restoreAllMocks();
    expect(readdirSync(path)).toEqual(["tiles"]);
    expect(readdirSync(join(path, "tiles")).filter((name) => name.startsWith("."))).toEqual([]);
    expect(readdirSync(join(path, "tiles")).length).toBeGreaterThan(1);
    await fillKernelStore(path, toy, request, options);
    await fillKernelStore(join(folder, "alone"), toy, request, options);
    expect(filesOf(path)).toEqual(filesOf(join(folder, "alone")));
  });

  it("lets one process in at a time", async () => {
    const toy = await tangentOf();
    const path = join(folder, "store");
    mkdirSync(path);
    const { hostname } = await import("node:os");
    writeFileSync(join(path, ".lock-0"), JSON.stringify({ pid: process.ppid, host: hostname() }));
    const call = fillKernelStore(path, toy, request);
    await expect(call).rejects.toThrow(`no other process at work in it, got process ${process.ppid}`);
    rmSync(join(path, ".lock-0"));
    const [first, second] = await Promise.allSettled([
      fillKernelStore(path, toy, request),
      fillKernelStore(path, toy, request),
    ]);
    expect([first.status, second.status].sort()).toEqual(["fulfilled", "rejected"]);
  });

  it("refuses a budget that holds not even two texts", async () => {
    const call = fillKernelStore(join(folder, "store"), await tangentOf(), request, { memory: 1000 });
    await expect(call).rejects.toThrow(/expected at most 1 MiB/);
    await expect(call).rejects.toMatchObject({ name: "CallError" });
  });
});
