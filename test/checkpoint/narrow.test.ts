/** The opposite of `widen`: every number of a type comes back as its own bits, others as the nearest. */
import { describe, expect, it } from "vitest";
import { narrow, widen } from "../../src/checkpoint/index.ts";
import { DataError } from "../../src/errors.ts";
import { randomStream } from "../../src/random.ts";

const bitsOf = (bytes: Uint8Array<ArrayBuffer>) => [...new Uint16Array(bytes.buffer)];

describe.each([
  ["F16", 0x7c00],
  ["BF16", 0x7f80],
] as const)("narrow to %s", (dtype, infinity) => {
  it("keeps each of its 65,536 values, NaN as NaN", () => {
    const all = Uint16Array.from({ length: 65536 }, (_, i) => i);
    const values = widen(dtype, new Uint8Array(all.buffer));
    const back = bitsOf(narrow(dtype, values));
    const differing = back.filter((bits, i) => bits !== i && !Number.isNaN(values[i]));
    expect(differing).toEqual([]);
    expect(back.every((bits, i) => !Number.isNaN(values[i]) || (bits & 0x7fff) > infinity)).toBe(true);
  });

  it("takes the nearest of two neighbours, the even one at the middle", () => {
    const positive = Uint16Array.from({ length: infinity }, (_, i) => i);
    const values = Float64Array.from(widen(dtype, new Uint8Array(positive.buffer)));
    const { integer } = randomStream(5);
    for (let round = 0; round < 2000; round++) {
      const i = integer(infinity - 1);
      const middle = (values[i] + values[i + 1]) / 2;
      const even = i % 2 === 0 ? i : i + 1;
      const nudge = middle * 2 ** -40;
      const got = bitsOf(narrow(dtype, Float64Array.of(middle, middle - nudge, middle + nudge, -middle)));
      expect(got).toEqual([even, i, i + 1, even | 0x8000]);
    }
  });

  it("refuses what is beyond its range", () => {
    const largest = widen(dtype, new Uint8Array(Uint16Array.of(infinity - 1).buffer))[0];
    expect(bitsOf(narrow(dtype, Float64Array.of(largest)))).toEqual([infinity - 1]);
    expect(() => narrow(dtype, Float64Array.of(largest * 1.01))).toThrow(DataError);
    expect(() => narrow("F32", Float64Array.of(1e39))).toThrow(DataError);
  });
});

it("f32 and f64 as JavaScript rounds", () => {
  const data = Float64Array.of(0.1, -0, Math.PI, 1e-310);
  expect(new Float32Array(narrow("F32", data).buffer)).toEqual(Float32Array.from(data));
  expect(new Float64Array(narrow("F64", data).buffer)).toEqual(data);
});
