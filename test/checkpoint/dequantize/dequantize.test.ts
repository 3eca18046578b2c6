/** Against llama.cpp's own Python package, to the last bit: scripts/gguf-fixtures.py. */
import { describe, expect, it } from "vitest";
import { type QuantizedDType, widen } from "../../../src/checkpoint/index.ts";
import { DataError } from "../../../src/errors.ts";
import fixtures from "../fixtures/quantized.json" with { type: "json" };

const decode = (text: string) => new Uint8Array(Buffer.from(text, "base64"));

describe("quantised blocks", () => {
  for (const [dtype, { bytes, values }] of Object.entries(fixtures)) {
    it(`${dtype}: the values of the gguf package`, () => {
      const expected = new Float32Array(decode(values).buffer);
      expect(expected.some((value) => value !== 0)).toBe(true);
      expect([...widen(dtype as QuantizedDType, decode(bytes))]).toEqual([...expected]);
    });

    it(`${dtype}: no part of a block`, () => {
      expect(() => widen(dtype as QuantizedDType, decode(bytes).subarray(1))).toThrow(DataError);
    });
  }
});
