/** The pool on real threads, from build/numericsWorker.js (npm test builds first). */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { CallError } from "../../../src/errors.ts";
import { createBackend } from "../../../src/numerics/createBackend.ts";
import { batchedMatmul, matmul } from "../../../src/numerics/matmul.ts";
import { createPool, type WorkerPool } from "../../../src/numerics/parallel/createPool.ts";
import { syrk } from "../../../src/numerics/syrk.ts";
import { load } from "../../../src/numerics/wasm/load.ts";
import { cores, isShared, share } from "../../../src/runtime/index.ts";
import { gaussian } from "../../support/backendTable.ts";
import { sameBits } from "../../support/bits.ts";

const fixture = (name: string) => join(import.meta.dirname, "../../fixtures", name);
const wide = (x: Float32Array) => Float64Array.from(x);

describe.each([1, 2, 3])("%i workers", (workers) => {
  const pool = createPool({ workers });
  afterAll(() => pool.dispose());

  /** Odd, past every edge; the last one below the size at which workers are asked. */
  const shapes = [
    { m: 517, k: 333, n: 631 },
    { m: 70, k: 2100, n: 601 },
    { m: 1030, k: 64, n: 1029 },
    { m: 33, k: 17, n: 65 },
  ];
  const flags = [false, true].flatMap((transposeA) =>
    [false, true].map((transposeB) => ({ transposeA, transposeB })),
  );
  it.each(shapes)("matmul $m×$k×$n has the bits of one thread", async (shape) => {
    const { m, k, n } = shape;
    const [a, b] = [gaussian(m * k, 1), gaussian(k * n, 2)];
    for (const transposes of flags) {
      const sizes = { ...shape, ...transposes };
      expect(sameBits(await pool.matmul(a, b, sizes), matmul(a, b, sizes))).toBe(true);
      const [a64, b64] = [wide(a), wide(b)];
      expect(sameBits(await pool.matmul(a64, b64, sizes), matmul(a64, b64, sizes))).toBe(true);
    }
  });

  it.each([
    { m: 32, k: 65, n: 33, batch: 1200 },
    { m: 300, k: 301, n: 302, batch: 3 },
  ])("batchedMatmul of $batch has the bits of one thread", async (sizes) => {
    const { m, k, n, batch } = sizes;
    const [a, b] = [gaussian(batch * m * k, 3), gaussian(batch * k * n, 4)];
    expect(sameBits(await pool.batchedMatmul(a, b, sizes), batchedMatmul(a, b, sizes))).toBe(true);
    const one = b.slice(0, k * n);
    const flipped = { ...sizes, transposeB: true };
    expect(sameBits(await pool.batchedMatmul(a, one, flipped), batchedMatmul(a, one, flipped))).toBe(true);
  });

  it.each([
    { n: 700, k: 501 },
    { n: 257, k: 1200 },
    { n: 20, k: 30 },
  ])("syrk and gram of $n×$k have the bits of one thread", async ({ n, k }) => {
    const a = gaussian(n * k, 5);
    expect(sameBits(await pool.syrk(a, { n, k }), syrk(a, { n, k }))).toBe(true);
    expect(sameBits(await pool.syrk(wide(a), { n, k }), syrk(a, { n, k }))).toBe(true);
    const backend = await createBackend("wasm");
    const sums = backend.accumulator(n, n);
    backend.gramInto(sums, backend.upload(a, [n, k]), null);
    expect(sameBits(await pool.gram(a, { n, k }), await backend.readAccumulator(sums))).toBe(true);
    backend.dispose();
  });
});

describe("a pool of two", () => {
  const pool = createPool({ workers: 2 });
  afterAll(() => pool.dispose());
  const n = 400;
  const sizes = { m: n, k: n, n };
  const [a, b] = [gaussian(n * n, 1), gaussian(n * n, 2)];
  const truth = matmul(a, b, sizes);

  it("reads and writes shared memory where it lies", async () => {
    const [x, y] = [share(a), share(b)];
    const out = share(new Float32Array(n * n));
    expect(await pool.matmul(x, y, { ...sizes, out })).toBe(out);
    expect(isShared(out)).toBe(true);
    expect(sameBits(out, truth)).toBe(true);
    const own = await pool.matmul(x, b, sizes);
    expect([isShared(own), sameBits(own, truth)]).toEqual([false, true]);
  });

  it("writes into views, and nothing around them", async () => {
    const around = new Float32Array(n * n + 2).fill(7);
    await pool.matmul(a, b, { ...sizes, out: around.subarray(1, -1) });
    expect(sameBits(around.slice(1, -1), truth)).toBe(true);
    expect([around[0], around[n * n + 1]]).toEqual([7, 7]);
    const square = new Float64Array(n * n);
    await pool.syrk(a, { n, k: n, out: square });
    expect(sameBits(square, syrk(a, { n, k: n }))).toBe(true);
  });

  it("keeps calls apart that run at once", async () => {
    const [ab, ba, aa, aat] = await Promise.all([
      pool.matmul(a, b, sizes),
      pool.matmul(b, a, sizes),
      pool.matmul(a, a, sizes),
      pool.syrk(a, { n, k: n }),
    ]);
    expect(sameBits(ab, truth)).toBe(true);
    expect(sameBits(ba, matmul(b, a, sizes))).toBe(true);
    expect(sameBits(aa, matmul(a, a, sizes))).toBe(true);
    expect(sameBits(aat, syrk(a, { n, k: n }))).toBe(true);
  });

  it("lets NaN and infinities through, and has empty products", async () => {
    const bad = a.slice();
    bad[5 * n + 3] = Number.NaN;
    bad[7 * n + 3] = Number.POSITIVE_INFINITY;
    const out = await pool.matmul(bad, b, sizes);
    const odd = Array.from({ length: n }, (_, i) => i).filter((i) => !Number.isFinite(out[i * n + 9]));
    expect(odd).toEqual([5, 7]);
    const none = new Float64Array(0);
    expect(await pool.matmul(none, none, { m: 0, k: 5, n: 0 })).toEqual(none);
    expect(await pool.matmul(none, none, { m: 2, k: 0, n: 2 })).toEqual(new Float64Array(4));
  });

  it("stops when aborted, before, during and while waiting, and works on", async () => {
    const large = gaussian(1024 * 1024, 6);
    const whole = { m: 1024, k: 1024, n: 1024 };
    const before = AbortSignal.abort(new Error("not at all"));
    await expect(pool.matmul(a, b, { ...sizes, signal: before })).rejects.toThrow("not at all");
    const controller = new AbortController();
    const { signal } = controller;
    const running = pool.matmul(large, large, { ...whole, signal });
    const waiting = pool.matmul(large, large, { ...whole, signal });
    const other = pool.matmul(a, b, sizes);
    setTimeout(() => controller.abort(new Error("that will do")));
    for (const end of await Promise.allSettled([running, waiting])) {
      expect(end).toMatchObject({ status: "rejected", reason: { message: "that will do" } });
    }
    expect(sameBits(await other, truth)).toBe(true);
    expect(sameBits(await pool.matmul(a, b, sizes), truth)).toBe(true);
  });

  it("says what is wrong with a call", async () => {
    const x = new Float32Array(6);
    const rejects = async (call: Promise<unknown>, words: string | RegExp) => {
      await expect(call).rejects.toThrow(words);
      await expect(call).rejects.toBeInstanceOf(CallError);
    };
    await rejects(
      pool.matmul(x, x, { m: 2, k: 4, n: 3 }),
      /pool.matmul: expected a of 2×4 = 8 numbers, got 6/,
    );
    await rejects(pool.matmul(x, x, { m: 2, k: 3, n: -1 }), /n a whole number, 0 or more, got -1/);
    await rejects(
      pool.batchedMatmul(x, x, { m: 1, k: 1, n: 1, batch: 4 }),
      /pool.batchedMatmul: expected a of 4×1×1 = 4 numbers, got 6/,
    );
    await rejects(pool.syrk(x, { n: 4, k: 2 }), /pool.syrk: expected a of 4×2 = 8 numbers, got 6/);
    // @ts-expect-error two kinds of numbers
    await rejects(pool.matmul(x, wide(x), { m: 2, k: 3, n: 2 }), /got Float32Array and Float64Array/);
    // @ts-expect-error float64 has syrk
    await rejects(pool.gram(wide(x), { n: 2, k: 3 }), /expected a Float32Array, got Float64Array/);
    // @ts-expect-error what matmul takes beside
    await rejects(pool.matmul(x, x, { m: 2, k: 3, n: 2, beta: 1 }), /out and signal, got beta/);
    const six = { m: 2, k: 3, n: 2 };
    await rejects(pool.matmul(x, x, { ...six, out: x }), /out: a Float32Array of 4, got a Float32Array of 6/);
    await rejects(pool.matmul(x, x, { ...six, out: x.subarray(0, 4) }), /out apart from the operands/);
  });
});

it("keeps its kernels when others are loaded", async () => {
  const pool = createPool({ workers: 2 });
  const n = 400;
  const a = gaussian(n * n, 1);
  const [large, small] = [
    { m: n, k: n, n },
    { m: 20, k: n, n: 20 },
  ];
  const [left, right] = [a.slice(0, 20 * n), a.slice(0, 20 * n)];
  await pool.matmul(left, right, small); // no worker has started yet
  const truths = [matmul(a, a, large), matmul(left, right, small)];
  try {
    await load({ target: "relaxed" });
    expect(sameBits(await pool.matmul(a, a, large), truths[0])).toBe(true);
    expect(sameBits(await pool.matmul(left, right, small), truths[1])).toBe(true);
    const after = createPool({ workers: 2 });
    expect(sameBits(await after.matmul(a, a, large), matmul(a, a, large))).toBe(true);
    await after.dispose();
  } finally {
    await load({ target: "simd" });
    await pool.dispose();
  }
});

describe("a worker that dies", () => {
  const n = 400;
  const sizes = { m: n, k: n, n };
  const a = gaussian(n * n, 1);
  const deadly = a.slice().fill(666);
  const pool = createPool({ workers: 2, workerUrl: pathToFileURL(fixture("mortal-worker.mjs")) });
  afterAll(() => pool.dispose());

  it("fails the call with its reason; another takes its place", async () => {
    for (let round = 0; round < 3; round++) {
      expect(sameBits(await pool.matmul(a, a, sizes), matmul(a, a, sizes))).toBe(true);
      await expect(pool.matmul(deadly, a, sizes)).rejects.toThrow(/^worker \d of 2 died: .*out of breath/);
    }
  });

  it("leaves a call alone that waits for its turn", async () => {
    const alone = createPool({ workers: 1, workerUrl: pathToFileURL(fixture("mortal-worker.mjs")) });
    const [bad, good] = await Promise.allSettled([
      alone.matmul(deadly, a, sizes),
      alone.syrk(a, { n, k: n }),
    ]);
    expect(bad.status).toBe("rejected");
    expect(good.status).toBe("fulfilled");
    if (good.status === "fulfilled") expect(sameBits(good.value, syrk(a, { n, k: n }))).toBe(true);
    await alone.dispose();
  });

  it("may not even have been there", async () => {
    const missing = createPool({ workers: 2, workerUrl: pathToFileURL(fixture("no-such-worker.mjs")) });
    for (let round = 0; round < 2; round++) {
      await expect(missing.matmul(a, a, sizes)).rejects.toThrow(/worker \d of 2 died: .*no-such-worker/);
    }
    await missing.dispose();
  });
});

describe("the end of a pool", () => {
  it("rejects what is under way and what comes later", async () => {
    const pool: WorkerPool = createPool({ workers: 2 });
    const n = 600;
    const a = gaussian(n * n, 1);
    const calls = [1, 2].map(() => pool.matmul(a, a, { m: n, k: n, n }));
    const ends = Promise.allSettled(calls);
    await new Promise((resolve) => setTimeout(resolve));
    await pool.dispose();
    for (const end of await ends) {
      expect(end).toMatchObject({ status: "rejected", reason: { name: "CallError" } });
    }
    await expect(pool.matmul(a, a, { m: n, k: n, n })).rejects.toThrow(/a living pool, .* disposed of/);
    const one = new Float32Array(1);
    await expect(pool.matmul(one, one, { m: 1, k: 1, n: 1 })).rejects.toThrow(/a living pool/);
    await pool.dispose();
  });

  it("is that of the process, which it does not keep alive, though never disposed of", () => {
    const script = fixture("exits-by-itself.mjs");
    const { status, stdout, stderr } = spawnSync(process.execPath, [script], { encoding: "utf8" });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "420\n", stderr: "" });
  });
});

it("has one worker a core unless told otherwise, and takes no other number", () => {
  expect(createPool().workers).toBe(cores());
  expect(createPool({ workers: "auto" }).workers).toBe(cores());
  expect(createPool({ workers: 5 }).workers).toBe(5);
  for (const workers of [0, -1, 1.5, Number.NaN]) {
    expect(() => createPool({ workers })).toThrow(/createPool: expected workers a whole number, 1 or more/);
  }
});
