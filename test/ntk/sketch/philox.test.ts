/** Philox-2×32-10 against the known answers of its authors' library (Random123, kat_vectors). */
import { expect, it } from "vitest";
import { philox } from "../../../src/ntk/sketch/philox.ts";

it.each([
  [0, 0, 0, 0xff1dae59, 0x6cd10df2],
  [0xffffffff, 0xffffffff, 0xffffffff, 0x2c3f628b, 0xab4fd7ad],
  [0x243f6a88, 0x85a308d3, 0x13198a2e, 0xdd7ce038, 0xf62a4c12],
])("counter %i %i under key %i", (c0, c1, key, left, right) => {
  const out = new Int32Array(2);
  philox(c0, c1, key, out);
  expect(Array.from(out, (word) => word >>> 0)).toEqual([left, right]);
});
