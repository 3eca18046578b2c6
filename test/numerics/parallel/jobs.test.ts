/** The ways numbers reach the workers: shared, moved, or not at all. The same bits. */
import { afterAll, describe, expect, it } from "vitest";
import { batchedMatmul, matmul } from "../../../src/numerics/matmul.ts";
import type { Numbers } from "../../../src/numerics/parallel/blocks.ts";
import { createCrew } from "../../../src/numerics/parallel/crew.ts";
import { computeHere, movedJob, sharedJob, type Work } from "../../../src/numerics/parallel/jobs.ts";
import { gramTiles, productTiles } from "../../../src/numerics/parallel/plan.ts";
import { createStaging } from "../../../src/numerics/parallel/staging.ts";
import { syrk } from "../../../src/numerics/syrk.ts";
import { kernelModule, kernels } from "../../../src/numerics/wasm/load.ts";
import { builtModule } from "../../../src/runtime/index.ts";
import { gaussian } from "../../support/backendTable.ts";
import { sameBits } from "../../support/bits.ts";

const [m, k, n, batch] = [301, 203, 517, 3];
const [a, b] = [gaussian(batch * m * k, 1), gaussian(batch * k * n, 2)];
const [a64, b64] = [Float64Array.from(a), Float64Array.from(b)];

const flips = { transposeA: true, transposeB: true };
const shape = { m, k, n, batch, aStep: m * k, bStep: k * n, transposeA: false, transposeB: false };
const one = { ...shape, ...flips, batch: 1 };
const works: [name: string, truth: Numbers, work: Omit<Work, "out">][] = [
  ["batched f32", batchedMatmul(a, b, shape), { tiles: productTiles("gemmF32", shape), a, b }],
  [
    "Aᵀ·Bᵀ in f64",
    matmul(a64.slice(0, m * k), b64.slice(0, k * n), { m, k, n, ...flips }),
    { tiles: productTiles("gemmF64", one), a: a64, b: b64 },
  ],
  ["syrk", syrk(a, { n: 3 * m, k }), { tiles: gramTiles("gramF64", { n: 3 * m, k }), a, b: a }],
];
const place = (truth: Numbers): Numbers =>
  truth instanceof Float32Array ? new Float32Array(truth.length) : new Float64Array(truth.length);

describe.each(works)("%s", (_, truth, work) => {
  const crew = createCrew(2, builtModule("numericsWorker.js"), kernelModule);
  afterAll(() => crew.dispose());

  it("in the caller's thread, leaving nothing behind", () => {
    const { arena } = kernels();
    const before = arena.bytesInUse;
    const out = place(truth);
    computeHere({ ...work, out }, kernels());
    expect(sameBits(out, truth)).toBe(true);
    expect(arena.bytesInUse).toBe(before);
  });

  it("on shared memory, used again for the next", async () => {
    const staging = createStaging();
    const buffers = new Set<SharedArrayBuffer>();
    for (let round = 0; round < 3; round++) {
      const out = place(truth);
      const { job, end } = sharedJob({ ...work, out }, staging);
      const { task, transfer } = job.pack(work.tiles[0], true);
      expect(transfer).toEqual([]);
      buffers.add(task.a.buffer as SharedArrayBuffer);
      await crew.run(job);
      end();
      expect(sameBits(out, truth)).toBe(true);
    }
    expect(buffers.size).toBe(1);
  });

  it("moved tile by tile, the operands untouched", async () => {
    const kept = [work.a.slice(), work.b.slice()];
    const out = place(truth);
    await crew.run(movedJob({ ...work, out }));
    expect(sameBits(out, truth)).toBe(true);
    expect([sameBits(work.a, kept[0]), sameBits(work.b, kept[1])]).toEqual([true, true]);
  });
});

describe("an error in a worker", () => {
  const crew = createCrew(1, builtModule("numericsWorker.js"), kernelModule);
  afterAll(() => crew.dispose());

  it("keeps class and words, and the worker", async () => {
    const out = new Float32Array(m * n);
    const good = movedJob({ tiles: productTiles("gemmF32", { ...shape, batch: 1 }), a, b, out });
    const huge = { ...good.tiles[0].b, rows: 2 ** 16, columns: 2 ** 16 };
    const pack: typeof good.pack = (tile, withB) => {
      const { task, transfer } = good.pack(tile, withB);
      return { task: { ...task, tile: { ...task.tile, b: huge } }, transfer };
    };
    for (let round = 0; round < 2; round++) {
      await expect(crew.run({ ...good, pack })).rejects.toMatchObject({
        name: "CallError",
        message: expect.stringMatching(/wasm memory: .* 4 GiB/),
      });
      await crew.run(good);
      const truth = matmul(a.slice(0, m * k), b.slice(0, k * n), { m, k, n });
      expect(sameBits(out, truth)).toBe(true);
    }
  });
});
