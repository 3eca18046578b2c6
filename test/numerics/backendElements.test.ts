/** Elementwise functions and gathering on every backend, against their definitions in float64. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Backend, Segments } from "../../src/numerics/backend.ts";
import { backendRows, expectWithin, gaussian, SIDES } from "../support/backendTable.ts";

describe.each(backendRows)("elements on $name", ({ create, epsilon, sumEpsilon }) => {
  let backend: Backend;
  beforeEach(() => {
    backend = create();
  });
  afterEach(() => backend.dispose());
  const vector = (data: Float32Array) => backend.upload(data, [data.length]);

  // x·σ(2u): the same function as x/2·(1 + tanh u), in other operations
  const u = (x: number) => Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3);
  const sigmoid = (x: number) => 1 / (1 + Math.exp(-2 * u(x)));
  const rise = (x: number) => 2 * Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x ** 2);
  const slope = (x: number) => sigmoid(x) + x * sigmoid(x) * sigmoid(-x) * rise(x);

  it.each(SIDES)("gelu_new and its slope at %i places", async (n) => {
    const x = gaussian(n, 1).map((value) => 2.5 * value);
    const value = backend.activation(vector(x), "gelu_new");
    expectWithin(
      await backend.read(value),
      Array.from(x, (v) => v * sigmoid(v)),
      (i) => 8 * epsilon * Math.max(1, Math.abs(x[i])),
    );
    const slopes = backend.activationSlope(vector(x), "gelu_new");
    expectWithin(
      await backend.read(slopes),
      Array.from(x, slope),
      (i) => 16 * epsilon * Math.max(1, Math.abs(x[i])),
    );
  });

  it("gelu_new far out: x on the right, 0 on the left, slopes 1 and 0", async () => {
    const x = Float32Array.of(30, 1e4, 1e15, -30, -1e4, -1e15, Number.NaN);
    const value = await backend.read(backend.activation(vector(x), "gelu_new"));
    expect([...value].map((v) => v + 0)).toEqual([30, 1e4, Math.fround(1e15), 0, 0, 0, Number.NaN]);
    const slopes = await backend.read(backend.activationSlope(vector(x), "gelu_new"));
    expect([...slopes].map((v) => v + 0)).toEqual([1, 1, 1, 0, 0, 0, Number.NaN]);
  });

  // Φ by Simpson's rule on the density, from 0: nothing of what the backends do
  const density = (x: number) => Math.exp(-x * x * 0.5) / Math.sqrt(2 * Math.PI);
  function share(x: number): number {
    const [steps, h] = [10000, x / 10000]; // Simpson is off by h⁴/180·(φ‴(x) − φ‴(0)), 10⁻¹⁷
    let [sum, lost] = [0, 0]; // compensated: ten thousand roundings would show in float64
    for (let k = 0; k <= steps; k++) {
      const weight = k === 0 || k === steps ? 1 : k % 2 === 1 ? 4 : 2;
      const term = weight * density(k * h) - lost;
      const next = sum + term;
      lost = next - sum - term;
      sum = next;
    }
    return 0.5 + (sum * h) / 3;
  }
  const logistic = (x: number) => 0.5 * (1 + Math.tanh(0.5 * x));
  const definitions = {
    gelu: { value: (x: number) => x * share(x), slope: (x: number) => share(x) + x * density(x) },
    silu: {
      value: (x: number) => x * logistic(x),
      slope: (x: number) => logistic(x) + x * logistic(x) * (1 - logistic(x)),
    },
    tanh: { value: Math.tanh, slope: (x: number) => 1 - Math.tanh(x) ** 2 },
    relu: { value: (x: number) => Math.max(x, 0), slope: (x: number) => (x > 0 ? 1 : 0) },
  };

  describe.each(["gelu", "silu", "tanh", "relu"] as const)("%s", (kind) => {
    it.each(SIDES)("and its slope at %i places", async (n) => {
      const x = gaussian(n, 1).map((value) => 2.5 * value);
      const allowed = (i: number) => 8 * epsilon * Math.max(1, Math.abs(x[i]));
      const { value, slope } = definitions[kind];
      expectWithin(await backend.read(backend.activation(vector(x), kind)), Array.from(x, value), allowed);
      expectWithin(
        await backend.read(backend.activationSlope(vector(x), kind)),
        Array.from(x, slope),
        (i) => 2 * allowed(i),
      );
    });

    it("far out and at no number: limits and no NaN but of NaN", async () => {
      const x = Float32Array.of(40, 1e4, 1e15, -120, -1e4, -1e15, 0, Number.NaN);
      const read = async (t: ReturnType<typeof vector>) => [...(await backend.read(t))].map((v) => v + 0);
      const right = kind === "tanh" ? [1, 1, 1] : [40, 1e4, Math.fround(1e15)];
      const left = kind === "tanh" ? [-1, -1, -1] : [0, 0, 0];
      const value = await read(backend.activation(vector(x), kind));
      expectWithin(value.slice(0, 7), [...right, ...left, 0], () => 1e-30);
      expect(value[7]).toBeNaN();
      const slope = await read(backend.activationSlope(vector(x), kind));
      const ends = kind === "tanh" ? [0, 0, 0] : [1, 1, 1];
      expectWithin(
        slope.slice(0, 7),
        [...ends, 0, 0, 0, { gelu: 0.5, silu: 0.5, tanh: 1, relu: 0 }[kind]],
        () => 2 * epsilon,
      );
      expect(slope[7]).toEqual(kind === "relu" ? 0 : Number.NaN);
    });
  });

  it("gelu in the tails, to the digits of the type (values of mpmath)", async () => {
    const x = Float32Array.of(-8, -3, -1, 0.5, 2, 6);
    const value = [
      -4.976768459417427e-15, -0.0040496940948902835, -0.15865525393145705, 0.34573123063700656,
      1.9544997361036416, 5.999999994080474,
    ];
    const slope = [
      -3.979607261086796e-14, -0.011945647204183927, -0.0833154705876863, 0.8674951246561629,
      1.0852318010781969, 1.0000000354687095,
    ];
    const close = (digits: number[]) => (i: number) => 64 * epsilon * Math.abs(digits[i]);
    expectWithin(await backend.read(backend.activation(vector(x), "gelu")), value, close(value));
    expectWithin(await backend.read(backend.activationSlope(vector(x), "gelu")), slope, close(slope));
  });

  it("tanh keeps its digits near 0", async () => {
    const x = Float32Array.from({ length: 400 }, (_, i) => (i % 2 ? 1 : -1) * 1.05 ** -i);
    const expected = Array.from(x, Math.tanh);
    expectWithin(await backend.read(backend.activation(vector(x), "tanh")), expected, (i) =>
      Math.abs(4 * epsilon * expected[i]),
    );
  });

  it.each([
    [1, 1],
    [3, 2],
    [4, 3],
    [6, 2],
    [9, 1],
    [32, 2],
  ])("rotates pairs of %i by %i heads, and back", async (H, heads) => {
    const [R, C] = [5, 3];
    const width = heads * 2 * H;
    const [x, angles] = [gaussian(C * R * width, 11), gaussian(R * H, 12)];
    const [cos, sin] = [angles.map(Math.cos), angles.map(Math.sin)];
    const [X, cosines, sines] = [
      backend.upload(x, [C * R, width]),
      backend.upload(cos, [R, H]),
      backend.upload(sin, [R, H]),
    ];
    const out = backend.rotate(X, cosines, sines);
    expect(out.shape).toEqual([C * R, width]);
    const expected = new Float64Array(x.length);
    for (let row = 0; row < C * R; row++) {
      for (let h = 0; h < heads; h++) {
        for (let j = 0; j < H; j++) {
          const at = row * width + h * 2 * H + j;
          const [c, s] = [cos[(row % R) * H + j], sin[(row % R) * H + j]];
          expected[at] = x[at] * c - x[at + H] * s;
          expected[at + H] = x[at] * s + x[at + H] * c;
        }
      }
    }
    expectWithin(await backend.read(out), expected, () => 4 * epsilon * 4);
    // cos and sin are float32: c² + s² is 1 but for its rounding
    const back = backend.rotate(out, cosines, sines, { inverse: true });
    expectWithin(await backend.read(back), x, () => 8 * 2 ** -24 * 4);
  });

  it.each(SIDES)("add, multiply and addInto on %i numbers, b repeating", async (n) => {
    for (const repeats of [1, 3]) {
      const [a, b] = [gaussian(n * repeats, 2), gaussian(n, 3)];
      const [A, B] = [backend.upload(a, [repeats, n]), vector(b)];
      const sum = backend.add(A, B, -0.75);
      expect(sum.shape).toEqual([repeats, n]);
      const expected = Array.from(a, (value, i) => value - 0.75 * b[i % n]);
      const allowed = (i: number) => 2 * epsilon * (Math.abs(a[i]) + Math.abs(b[i % n]));
      expectWithin(await backend.read(sum), expected, allowed);
      expectWithin(
        await backend.read(backend.add(A, B)),
        Array.from(a, (value, i) => value + b[i % n]),
        allowed,
      );
      const product = Array.from(a, (value, i) => value * b[i % n]);
      expectWithin(
        await backend.read(backend.multiply(A, B)),
        product,
        (i) => epsilon * Math.abs(product[i]),
      );
      expect([...(await backend.read(A))]).toEqual([...a]); // inputs stay as they are
      if (repeats === 1) {
        backend.addInto(A, B, -0.75);
        expectWithin(await backend.read(A), expected, allowed);
      }
    }
  });

  it("takes the same block on both sides", async () => {
    const x = gaussian(17, 4);
    const X = vector(x);
    expectWithin(
      await backend.read(backend.multiply(X, X)),
      Array.from(x, (v) => v * v),
      (i) => epsilon * x[i] ** 2,
    );
    backend.addInto(X, X, 2);
    expectWithin(
      await backend.read(X),
      Array.from(x, (v) => 3 * v),
      (i) => 4 * epsilon * Math.abs(x[i]),
    );
  });

  it.each(SIDES)("gathers and scatters rows of %i", async (F) => {
    const [V, ids] = [6, Int32Array.of(5, 0, 2, 2, 5, 5, 1)];
    const table = gaussian(V * F, 5);
    const idTensor = backend.upload(ids, [ids.length]);
    const rows = backend.gatherRows(backend.upload(table, [V, F]), idTensor);
    expect(rows.shape).toEqual([ids.length, F]);
    expect([...(await backend.read(rows))]).toEqual(
      [...ids].flatMap((id) => [...table.subarray(id * F, (id + 1) * F)]),
    );
    const added = gaussian(ids.length * F, 6);
    const target = backend.upload(table, [V, F]);
    backend.scatterAddRowsInto(target, idTensor, backend.upload(added, [ids.length, F]));
    const expected = Float64Array.from(table);
    ids.forEach((id, r) => {
      for (let f = 0; f < F; f++) expected[id * F + f] += added[r * F + f];
    });
    expectWithin(await backend.read(target), expected, () => 12 * epsilon * 4);
  });

  const segments = [
    { rows: 40, table: Int32Array.of(0, 1, 1, 18, 18, 40) },
    { rows: 40, table: Int32Array.of(0, 40, 3, 9, 7, 7), scale: Float64Array.of(1 / 40, -2, 5) }, // overlapping, empty
    { rows: 0, table: new Int32Array(0) },
  ] satisfies Segments[];

  it.each(SIDES)("segmentSum and segmentSpread of %i features", async (F) => {
    for (const { rows: R, table, scale } of segments as Segments[]) {
      const S = table.length / 2;
      for (const C of R === 0 ? [0] : [1, 2]) {
        const [x, d] = [gaussian(C * R * F, 7), gaussian(C * S * F, 8)];
        const sums = new Float64Array(C * S * F);
        const sizes = new Float64Array(C * S * F); // Σ of the magnitudes
        const spread = new Float64Array(C * R * F);
        for (let c = 0; c < C; c++) {
          for (let s = 0; s < S; s++) {
            for (let r = table[2 * s]; r < table[2 * s + 1]; r++) {
              for (let f = 0; f < F; f++) {
                const term = (scale?.[s] ?? 1) * x[(c * R + r) * F + f];
                sums[(c * S + s) * F + f] += term;
                sizes[(c * S + s) * F + f] += Math.abs(term);
                spread[(c * R + r) * F + f] += (scale?.[s] ?? 1) * d[(c * S + s) * F + f];
              }
            }
          }
        }
        const sum = backend.segmentSum(backend.upload(x, [C * R, F]), { rows: R, table, scale });
        expect(sum.shape).toEqual([C * S, F]);
        // one rounding, and those of the sum: in float64, or float32 in short chains
        expectWithin(
          await backend.read(sum),
          sums,
          (i) => 2 * epsilon * Math.abs(sums[i]) + 16 * sumEpsilon * sizes[i],
        );
        const out = backend.segmentSpread(backend.upload(d, [C * S, F]), { rows: R, table, scale });
        expect(out.shape).toEqual([C * R, F]);
        expectWithin(await backend.read(out), spread, () => 8 * epsilon * 12);
      }
    }
  });

  it.each(SIDES)("sumRows of %i columns, to the last digit of float32", async (F) => {
    const R = 1000;
    const x = gaussian(R * F, 9).map((v) => v + 1); // a float32 running sum would be off by 1e-5
    const expected = new Float64Array(F);
    const sizes = new Float64Array(F);
    x.forEach((value, i) => {
      expected[i % F] += value;
      sizes[i % F] += Math.abs(value);
    });
    const out = backend.sumRows(backend.upload(x, [R, F]));
    expect(out.shape).toEqual([F]);
    expectWithin(
      await backend.read(out),
      expected,
      (i) => 2 * epsilon * Math.abs(expected[i]) + 8 * sumEpsilon * sizes[i],
    );
  });

  it("names what does not fit", () => {
    const x = backend.upload(gaussian(12, 1), [3, 4]);
    const ids = (...values: number[]) => backend.upload(Int32Array.from(values), [values.length]);
    expect(() => backend.gatherRows(x, ids(0, 3))).toThrow(
      /gatherRows: expected ids from 0 to 2, got 3 at position 1/,
    );
    expect(() => backend.scatterAddRowsInto(x, ids(-1), backend.zeros([1, 4]))).toThrow(
      /got -1 at position 0/,
    );
    expect(() => backend.scatterAddRowsInto(x, ids(0), backend.zeros([2, 4]))).toThrow(/1 rows of 4/);
    expect(() => backend.gatherRows(x, x)).toThrow(/int tensor/);
    expect(() => backend.add(x, backend.zeros([5]))).toThrow(/add: expected a multiple of 5 numbers/);
    expect(() => backend.multiply(x, ids(1))).toThrow(/float tensor/);
    expect(() => backend.addInto(x, backend.zeros([4]))).toThrow(/as many numbers as the target/);
    expect(() => backend.segmentSum(x, { rows: 3, table: Int32Array.of(2, 4) })).toThrow(
      /segments inside 0 … 3/,
    );
    expect(() => backend.segmentSum(x, { rows: 2, table: Int32Array.of(0, 1) })).toThrow(
      /multiple of 2 rows/,
    );
    expect(() =>
      backend.segmentSpread(x, { rows: 5, table: Int32Array.of(0, 1), scale: new Float64Array(2) }),
    ).toThrow(/1 scales/);
    expect(() => backend.rotate(x, backend.zeros([3, 2]), backend.zeros([3, 1]))).toThrow(/as many sines/);
    expect(() => backend.rotate(x, backend.zeros([3, 3]), backend.zeros([3, 3]))).toThrow(
      /multiple of 6 numbers/,
    );
    expect(() => backend.rotate(x, backend.zeros([2, 2]), backend.zeros([2, 2]))).toThrow(
      /multiple of 2 rows/,
    );
    expect(() => backend.activation(ids(1), "gelu_new")).toThrow(/float tensor/);
  });
});
