/** Who owns a block: uploading, scopes, release, accounting and the end of a backend. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Backend, DeviceTensor } from "../../src/numerics/backend.ts";
import { backendRows, gaussian, wasmRows } from "../support/backendTable.ts";

describe.each(backendRows)("memory on $name", ({ create }) => {
  let backend: Backend;
  beforeEach(() => {
    backend = create();
  });
  afterEach(() => {
    try {
      backend.dispose();
    } catch {
      // the test did it
    }
  });

  it("uploads and reads back, floats and ints, scalars and nothing", async () => {
    const narrow = backend.precision === "f32";
    const read = async (data: Float32Array | Float64Array | Int32Array, shape: number[]) => {
      const out = await backend.read(backend.upload(data, shape));
      expect(out).toBeInstanceOf(narrow ? Float32Array : Float64Array);
      return [...out];
    };
    expect(await read(Float64Array.of(0.1, -2), [2])).toEqual(narrow ? [Math.fround(0.1), -2] : [0.1, -2]);
    expect(await read(Float32Array.of(5), [])).toEqual([5]);
    expect(await read(Int32Array.of(-7, 1 << 24), [2, 1])).toEqual([-7, 1 << 24]);
    expect(await read(new Float32Array(0), [0, 9])).toEqual([]);
    expect([...(await backend.read(backend.zeros([2, 2])))]).toEqual([0, 0, 0, 0]);
    expect(() => backend.upload(new Float32Array(5), [2, 3])).toThrow(/upload: expected 6 numbers .* got 5/);
    expect(() => backend.zeros([2, -1])).toThrow(/non-negative integer sides/);
  });

  it("writes into a block, of its own size and kind", async () => {
    const x = backend.upload(Float32Array.of(1, 2), [2]);
    const ids = backend.upload(Int32Array.of(1, 2), [2]);
    backend.write(x, Float64Array.of(3, -0.5));
    backend.write(ids, Int32Array.of(7, 8));
    expect([...(await backend.read(x))]).toEqual([3, -0.5]);
    expect([...(await backend.read(ids))]).toEqual([7, 8]);
    expect(() => backend.write(x, new Float32Array(3))).toThrow(/write: expected 2 numbers, float, got 3/);
    expect(() => backend.write(ids, new Float32Array(2))).toThrow(/int/);
    backend.release(x);
    expect(() => backend.write(x, new Float32Array(2))).toThrow(/freed/);
  });

  it("gives a copy: what is read does not change with the block", async () => {
    const x = backend.upload(Float32Array.of(1, 2), [2]);
    const before = await backend.read(x);
    backend.addInto(x, x);
    expect([...before]).toEqual([1, 2]);
  });

  it("frees what a scope made, except what it returns, and nests", async () => {
    const outer = backend.upload(gaussian(4, 1), [4]);
    let inner: DeviceTensor | undefined;
    const kept = backend.scope(() => {
      const first = backend.scope(() => {
        inner = backend.add(outer, outer);
        return { layers: [backend.multiply(outer, outer)] };
      });
      return [backend.add(first.layers[0], outer), first];
    });
    expect(backend.memory().tensors).toBe(3);
    await expect(backend.read(inner as DeviceTensor)).rejects.toThrow(/freed tensor/);
    backend.release(kept);
    expect(backend.memory().tensors).toBe(1);
  });

  it("frees what a throwing scope made", () => {
    expect(() =>
      backend.scope(() => {
        backend.zeros([100]);
        throw new Error("thrown inside");
      }),
    ).toThrow("thrown inside");
    expect(backend.memory()).toMatchObject({ tensors: 0, bytesInUse: 0 });
  });

  it("refuses a tensor freed before, or made elsewhere", async () => {
    const x = backend.zeros([3]);
    backend.release([x, { again: x }]);
    expect(() => backend.release(x)).toThrow(/freed before/);
    expect(() => backend.add(x, x)).toThrow(/add: .* freed tensor/);
    const other = create();
    expect(() => backend.add(other.zeros([3]), other.zeros([3]))).toThrow(/did not make/);
    other.dispose();
  });

  it("accounts for every block, and for none at the end", () => {
    const x = backend.upload(gaussian(1000, 1), [10, 100]);
    const used = backend.memory().bytesInUse;
    expect(used).toBeGreaterThanOrEqual(4000);
    const accumulator = backend.accumulator(10, 10);
    backend.gramInto(accumulator, x, null);
    backend.scope(() => {
      backend.matmul(x, x, { transposeB: true });
      backend.softmax(x, { table: Int32Array.of(0, 10, 100), causal: false, window: 0 });
    });
    expect(backend.memory().bytesInUse).toBeGreaterThanOrEqual(used + 800);
    expect(backend.memory().peakBytes).toBeGreaterThan(backend.memory().bytesInUse);
    backend.releaseAccumulator(accumulator);
    expect(backend.memory()).toMatchObject({ bytesInUse: used, tensors: 1 });
    backend.release(x);
    expect(backend.memory()).toMatchObject({ bytesInUse: 0, tensors: 0 });
  });

  it("is unusable once disposed", async () => {
    const x = backend.zeros([2]);
    backend.dispose();
    expect(() => backend.zeros([2])).toThrow(/disposed/);
    await expect(backend.read(x)).rejects.toThrow(/disposed/);
  });

  it("sets room aside, and refuses nonsense", () => {
    backend.reserve(1 << 20);
    backend.zeros([1 << 16]);
    expect(() => backend.reserve(Number.NaN)).toThrow(/bytes/);
  });
});

it.each(wasmRows)("$name keeps nothing of 10⁴ calls, and refuses more than 4 GiB", ({ create }) => {
  const backend = create();
  const [x, ids] = [backend.upload(gaussian(64, 1), [8, 8]), backend.upload(Int32Array.of(1, 3), [2])];
  const groups = { table: Int32Array.of(0, 8, 8), causal: true, window: 3 };
  const segments = { rows: 8, table: Int32Array.of(0, 3, 3, 8) };
  const round = () =>
    backend.scope(() => {
      const product = backend.matmul(x, x);
      const p = backend.softmax(product, groups);
      backend.softmaxTangent(p, product, groups);
      const { normalized, inverse } = backend.normalize(p, { epsilon: 1e-5, centred: true });
      backend.normalizeTangent(normalized, inverse, p, { centred: true });
      backend.segmentSpread(backend.segmentSum(p, segments), segments);
      backend.groupedMatmul(p, p, { table: Int32Array.of(0, 8, 0, 8, 0, 8, 8, 8, 8) }, [8, 8]);
      backend.gatherRows(p, ids);
    });
  round();
  const after = backend.memory();
  for (let i = 0; i < 1000; i++) round();
  expect(backend.memory()).toEqual(after);
  expect(() => backend.reserve(2 ** 32)).toThrow(
    /wasm memory: expected a block that fits, got 4294967296 bytes/,
  );
  expect(() => backend.zeros([2 ** 30])).toThrow(/4 GiB/);
  backend.dispose();
});
