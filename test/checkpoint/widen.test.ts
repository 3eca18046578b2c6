import { describe, expect, it } from "vitest";
import { widen, widenIntegers } from "../../src/checkpoint/index.ts";
import { DataError } from "../../src/errors.ts";

const raw = (data: ArrayBufferView) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
const half = (bits: number) => widen("F16", raw(new Uint16Array([bits])))[0];
const brain = (bits: number) => widen("BF16", raw(new Uint16Array([bits])))[0];

describe("widen", () => {
  it.each([
    [0x0000, 0],
    [0x8000, -0],
    [0x3c00, 1],
    [0xc000, -2],
    [0x3555, 0.333251953125],
    [0x7bff, 65504], // the largest
    [0x0400, 2 ** -14], // the smallest normal
    [0x03ff, 2 ** -14 * (1023 / 1024)], // the largest subnormal
    [0x0001, 2 ** -24], // the smallest subnormal
    [0x8001, -(2 ** -24)],
    [0x7c00, Number.POSITIVE_INFINITY],
    [0xfc00, Number.NEGATIVE_INFINITY],
    [0x7e00, Number.NaN],
    [0xfc01, Number.NaN],
  ])("f16 %i is %d", (bits, value) => expect(half(bits)).toBe(value));

  it("f16 in all 65,536 bit patterns: (−1)^s 2^(e−15) (1 + f/1024), or (−1)^s 2^−14 f/1024 at e = 0", () => {
    const all = Uint16Array.from({ length: 65536 }, (_, i) => i);
    const got = widen("F16", raw(all));
    const want = Float32Array.from(all, (bits) => {
      const sign = bits & 0x8000 ? -1 : 1;
      const e = (bits >> 10) & 31;
      const f = bits & 1023;
      if (e === 31) return f ? Number.NaN : sign * Number.POSITIVE_INFINITY;
      return e === 0 ? sign * 2 ** -14 * (f / 1024) : sign * 2 ** (e - 15) * (1 + f / 1024);
    });
    expect(got).toEqual(want);
  });

  it.each([
    [0x3f80, 1],
    [0xbf80, -1],
    [0x4049, 3.140625],
    [0x0001, 2 ** -133], // subnormal in f32 as well
    [0x7f7f, 2 ** 127 * (1 + 127 / 128)],
    [0x7f80, Number.POSITIVE_INFINITY],
    [0x7fc0, Number.NaN],
    [0x8000, -0],
  ])("bf16 %i is %d", (bits, value) => expect(brain(bits)).toBe(value));

  it("copies f32 and f64 from any offset, and out of shared memory", () => {
    const bytes = new Uint8Array([9, 9, 9, ...raw(new Float64Array([Math.E, -1]))]).subarray(3);
    const wide = widen("F64", bytes);
    expect(wide).toEqual(new Float64Array([Math.E, -1]));
    bytes.fill(0);
    expect(wide[0]).toBe(Math.E);
    const shared = new Uint8Array(new SharedArrayBuffer(8));
    shared.set(raw(new Float32Array([0.5, 7])));
    const single = widen("F32", shared);
    expect(single).toEqual(new Float32Array([0.5, 7]));
    expect(single.buffer).toBeInstanceOf(ArrayBuffer);
  });

  it("refuses bytes that do not make whole numbers", () => {
    expect(() => widen("F32", new Uint8Array(6))).toThrow(DataError);
    expect(() => widen("F16", new Uint8Array(3))).toThrow(/multiple of 2 bytes of F16, got 3/);
  });
});

describe("widenIntegers", () => {
  it.each([
    ["I8", new Int8Array([-1, 2]), [-1, 2]],
    ["U8", new Uint8Array([255]), [255]],
    ["BOOL", new Uint8Array([1, 0]), [1, 0]],
    ["I16", new Int16Array([-300]), [-300]],
    ["U16", new Uint16Array([65535]), [65535]],
    ["I32", new Int32Array([-(2 ** 31)]), [-(2 ** 31)]],
    ["U32", new Uint32Array([2 ** 31 - 1]), [2 ** 31 - 1]],
    ["I64", new BigInt64Array([-5n, 101n]), [-5, 101]],
    ["U64", new BigUint64Array([7n]), [7]],
  ] as const)("reads %s", (dtype, data, values) => {
    expect(widenIntegers(dtype, raw(data))).toEqual(Int32Array.from(values));
  });

  it("refuses what does not fit in 32 bits", () => {
    expect(() => widenIntegers("I64", raw(new BigInt64Array([2n ** 31n])))).toThrow(/got 2147483648/);
    expect(() => widenIntegers("U32", raw(new Uint32Array([2 ** 31])))).toThrow(DataError);
    expect(() => widenIntegers("I64", raw(new BigInt64Array([-(2n ** 40n)])))).toThrow(DataError);
  });
});
