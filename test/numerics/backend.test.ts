/** Products of every backend against their definition in float64, with the textbook bound (k + 3)·ε·Σ|a||b| on each element. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Backend, DeviceTensor } from "../../src/numerics/backend.ts";
import { backendRows, expectWithin, gaussian, SIDES } from "../support/backendTable.ts";

const transposes = [
  { transposeA: false, transposeB: false },
  { transposeA: false, transposeB: true },
  { transposeA: true, transposeB: false },
  { transposeA: true, transposeB: true },
];

/** Squares of every side, sides that disagree, and sides past every block of the wasm kernels (96 rows, 256 steps, 1024 columns). */
const sizes: [number, number, number][] = [
  ...SIDES.map((n): [number, number, number] => [n, n, n]),
  ...SIDES.map((n, i): [number, number, number] => [SIDES[(i + 3) % 10], n, SIDES[(i + 7) % 10]]),
  [1, 64, 65],
  [65, 1, 64],
  [64, 65, 1],
  [2, 3, 17],
  [17, 257, 18],
  [3, 600, 9],
  [197, 5, 17],
  [197, 7, 3],
  [20, 9, 1030],
];

/** Σ op(a)op(b) and Σ |op(a)||op(b)|, element by element. */
function definition(
  a: Float32Array,
  b: Float32Array,
  [m, k, n]: [number, number, number],
  { transposeA, transposeB }: { transposeA: boolean; transposeB: boolean },
) {
  const sum = new Float64Array(m * n);
  const size = new Float64Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      for (let p = 0; p < k; p++) {
        const term = a[transposeA ? p * m + i : i * k + p] * b[transposeB ? j * k + p : p * n + j];
        sum[i * n + j] += term;
        size[i * n + j] += Math.abs(term);
      }
    }
  }
  return { sum, size };
}

describe.each(backendRows)("products on $name", ({ create, epsilon }) => {
  let backend: Backend;
  beforeEach(() => {
    backend = create();
  });
  afterEach(() => backend.dispose());
  const stored = (data: Float32Array, rows: number, columns: number, transposed: boolean) =>
    backend.upload(data, transposed ? [columns, rows] : [rows, columns]);

  describe.each(transposes)("transposed: a $transposeA, b $transposeB", (options) => {
    it.each(sizes)("matmul %i×%i×%i, with a bias and without", async (m, k, n) => {
      const [a, b, bias] = [gaussian(m * k, 1), gaussian(k * n, 2), gaussian(n, 3)];
      const { sum, size } = definition(a, b, [m, k, n], options);
      const [A, B] = [stored(a, m, k, options.transposeA), stored(b, k, n, options.transposeB)];
      const plain = backend.matmul(A, B, options);
      expect(plain.shape).toEqual([m, n]);
      expectWithin(await backend.read(plain), sum, (i) => (k + 3) * epsilon * size[i]);
      const biased = backend.matmul(A, B, { ...options, bias: backend.upload(bias, [n]) });
      expectWithin(
        await backend.read(biased),
        sum.map((s, i) => s + bias[i % n]),
        (i) => (k + 3) * epsilon * (size[i] + Math.abs(bias[i % n])),
      );
    });

    it("groups of all sizes, strided, at odd places, some adding up", async () => {
      const shapes: [number, number, number][] = [
        [5, 16, 5],
        [17, 4, 8],
        [1, 3, 9],
        [8, 65, 4],
        [0, 4, 4],
        [4, 0, 4],
        [33, 20, 33],
      ];
      const [aStride, bStride, outStride] = [80, 90, 70];
      const [A, B] = [gaussian(80 * 80, 4), gaussian(80 * 90, 5)];
      const alpha = 0.125;
      const outSize = 60 * outStride;
      const expected = new Float64Array(outSize);
      const bound = new Float64Array(outSize);
      const table: number[] = [];
      shapes.forEach(([m, k, n], g) => {
        const [aOffset, bOffset] = [3 * g, 5 * g + 1];
        const outOffset = g % 2 === 0 ? 7 : 2 * outStride + 1; // groups of equal parity overlap
        table.push(aOffset, aStride, bOffset, bStride, outOffset, outStride, m, k, n);
        for (let i = 0; i < m; i++) {
          for (let j = 0; j < n; j++) {
            for (let p = 0; p < k; p++) {
              const left = A[aOffset + (options.transposeA ? p * aStride + i : i * aStride + p)];
              const right = B[bOffset + (options.transposeB ? j * bStride + p : p * bStride + j)];
              expected[outOffset + i * outStride + j] += alpha * left * right;
              bound[outOffset + i * outStride + j] += 80 * epsilon * Math.abs(alpha * left * right);
            }
          }
        }
      });
      const out = backend.groupedMatmul(
        backend.upload(A, [80, 80]),
        backend.upload(B, [80, 90]),
        { table: Int32Array.from(table) },
        [60, outStride],
        { ...options, alpha },
      );
      expect(out.shape).toEqual([60, outStride]);
      expectWithin(await backend.read(out), expected, (i) => bound[i]);
    });
  });

  it("grouped products do not see what their memory held before, whether they fill the output or not", async () => {
    const [A, B] = [gaussian(2 * 6 * 5, 8), gaussian(2 * 5 * 7, 9)];
    const [a, b] = [backend.upload(A, [2, 6, 5]), backend.upload(B, [2, 5, 7])];
    const group = (g: number, gap: number) => [30 * g, 5, 35 * g, 7, (42 + gap) * g, 7, 6, 5, 7];
    for (const gap of [0, 3]) {
      const size = 84 + gap;
      backend.release(backend.upload(new Float64Array(size).fill(Number.NaN), [size]));
      const table = Int32Array.from([0, 1].flatMap((g) => group(g, gap)));
      const out = await backend.read(backend.groupedMatmul(a, b, { table }, [size]));
      for (let at = 0; at < size; at++) {
        const g = at < 42 ? 0 : 1;
        const place = at - (42 + gap) * g;
        const [i, j] = [Math.floor(place / 7), place % 7];
        const inGap = at >= 42 && at < 42 + gap;
        let sum = 0;
        for (let p = 0; p < 5; p++) sum += inGap ? 0 : A[30 * g + 5 * i + p] * B[35 * g + 7 * p + j];
        expect(Math.abs(out[at] - sum)).toBeLessThanOrEqual(20 * epsilon);
      }
    }
  });

  it("gives a row the same bits alone and in any batch", async () => {
    for (const [k, n] of [
      [7, 5],
      [64, 17],
      [300, 40],
    ]) {
      const rows = 110;
      const [a, b] = [gaussian(rows * k, 6), gaussian(k * n, 7)];
      const B = backend.upload(b, [k, n]);
      const whole = await backend.read(backend.matmul(backend.upload(a, [rows, k]), B));
      for (const [from, to] of [
        [0, 1],
        [3, 5],
        [1, 18],
        [50, 110],
      ]) {
        const part = backend.matmul(backend.upload(a.subarray(from * k, to * k), [to - from, k]), B);
        expect(await backend.read(part)).toEqual(whole.slice(from * n, to * n));
      }
    }
  });

  it("reads all axes but the last as rows, and may multiply a block by itself", async () => {
    const a = gaussian(2 * 3 * 3, 8);
    const A = backend.upload(a, [2, 3, 3]);
    const square = backend.matmul(A, A, { transposeA: true });
    const { sum, size } = definition(a, a, [3, 6, 3], { transposeA: true, transposeB: false });
    expectWithin(await backend.read(square), sum, (i) => 9 * epsilon * size[i]);
  });

  it("lets NaN and infinities through, and only to where they belong", async () => {
    const a = Float32Array.from([1, Number.NaN, 2, 3, Number.POSITIVE_INFINITY, 1, 1, 1]);
    const out = backend.matmul(backend.upload(a, [4, 2]), backend.upload(Float32Array.of(1, 1), [2, 1]));
    expect([...(await backend.read(out))]).toEqual([Number.NaN, 5, Number.POSITIVE_INFINITY, 2]);
  });

  describe("gram", () => {
    const gram = async (
      a: Float32Array,
      b: Float32Array,
      k: number,
      parts: (A: DeviceTensor, B: DeviceTensor) => void,
    ) => {
      parts(backend.upload(a, [a.length / k, k]), backend.upload(b, [b.length / k, k]));
    };

    it.each([
      [1, 1, 1],
      [5, 7, 3],
      [8, 4, 64],
      [17, 65, 600],
      [130, 3, 17],
      [65, 64, 257],
    ])("%i×%i of %i steps, twice over", async (rows, columns, k) => {
      const [a, b] = [gaussian(rows * k, 9), gaussian(columns * k, 10)];
      const { sum, size } = definition(a, b, [rows, k, columns], { transposeA: false, transposeB: true });
      const accumulator = backend.accumulator(rows, columns);
      await gram(a, b, k, (A, B) => {
        backend.gramInto(accumulator, A, B);
        backend.gramInto(accumulator, A, B);
      });
      // float32 sums are at most 512 steps long, whatever k
      const allowed = (i: number) => 2 * (Math.min(k, 512) + 3) * epsilon * size[i];
      const read = await backend.readAccumulator(accumulator);
      expect(read).toBeInstanceOf(Float64Array);
      expectWithin(
        read,
        sum.map((s) => 2 * s),
        allowed,
      );
      backend.releaseAccumulator(accumulator);
      expect(() => backend.releaseAccumulator(accumulator)).toThrow(/live accumulator/);
    });

    it.each(SIDES)("of %i rows with themselves is symmetric, mixed with others or not", async (n) => {
      const k = 19;
      const [a, b] = [gaussian(n * k, 11), gaussian(n * k, 12)];
      const own = definition(a, a, [n, k, n], { transposeA: false, transposeB: true });
      const cross = definition(a, b, [n, k, n], { transposeA: false, transposeB: true });
      const [symmetric, mixed] = [backend.accumulator(n, n), backend.accumulator(n, n)];
      await gram(a, b, k, (A, B) => {
        backend.gramInto(symmetric, A, null);
        backend.gramInto(mixed, A, null);
        backend.gramInto(mixed, A, B);
        backend.gramInto(mixed, A, null);
      });
      const read = await backend.readAccumulator(symmetric);
      expectWithin(read, own.sum, (i) => 22 * epsilon * own.size[i]);
      for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) expect(read[i * n + j]).toBe(read[j * n + i]);
      expectWithin(
        await backend.readAccumulator(mixed),
        own.sum.map((s, i) => 2 * s + cross.sum[i]),
        (i) => 22 * epsilon * (2 * own.size[i] + cross.size[i]),
      );
    });

    it("adds panels in float64: a large sum does not swallow a small one", async () => {
      const accumulator = backend.accumulator(1, 1);
      const [large, small] = [
        backend.upload(Float32Array.of(4096), [1, 1]),
        backend.upload(Float32Array.of(0.5), [1, 1]),
      ];
      backend.gramInto(accumulator, large, null);
      for (let i = 0; i < 8; i++) backend.gramInto(accumulator, small, null);
      expect(await backend.readAccumulator(accumulator)).toEqual(Float64Array.of(4096 ** 2 + 2));
    });
  });

  it("names what does not fit", () => {
    const A = backend.upload(gaussian(6, 1), [2, 3]);
    const B = backend.upload(gaussian(8, 1), [2, 4]);
    expect(() => backend.matmul(A, B)).toThrow(
      /matmul: expected equal inner sides, got \[2, 3\] times \[2, 4\]/,
    );
    expect(() => backend.matmul(A, B, { transposeA: true, bias: A })).toThrow(/a bias of 4 numbers/);
    expect(() => backend.matmul(A, backend.upload(Int32Array.of(1, 2, 3), [3, 1]))).toThrow(/float tensor/);
    const table = Int32Array.of(0, 3, 0, 4, 0, 4, 2, 3, 5);
    expect(() => backend.groupedMatmul(A, B, { table }, [2, 4])).toThrow(/right of group 0/);
    expect(() => backend.groupedMatmul(A, B, { table: table.subarray(1) }, [2, 4])).toThrow(
      /9 fields a group/,
    );
    expect(() => backend.gramInto(backend.accumulator(2, 3), A, B)).toThrow(/2 rows on the left and 3/);
    expect(() => backend.gramInto({ rows: 2, columns: 2 }, A, null)).toThrow(/live accumulator/);
  });
});
