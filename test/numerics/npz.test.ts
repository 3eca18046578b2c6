/** .npz: archives that numpy and scipy wrote (fixtures/npz.json says which), our own, and broken ones. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CallError, DataError } from "../../src/errors.ts";
import { openNpz, readNpz, writeNpz } from "../../src/numerics/npz.ts";

const fixture = JSON.parse(readFileSync(join(import.meta.dirname, "fixtures/npz.json"), "utf8"));
const bytesOf = (name: string) => Uint8Array.from(Buffer.from(fixture[name], "base64"));

describe("npz", () => {
  it.each(["savez", "savez_compressed"])(
    "reads what numpy.%s wrote, every kind in every order",
    async (name) => {
      // From any offset in memory.
      const arrays = await readNpz(new Uint8Array([0, ...bytesOf(name)]).subarray(1), "x.npz");
      expect(Object.keys(arrays)).toEqual(Object.keys(fixture.values));
      for (const [key, { data, shape }] of Object.entries(arrays)) {
        expect({ data: [...data], shape }, key).toEqual(fixture.values[key]);
      }
      expect(arrays.kernel.data).toBeInstanceOf(Float64Array);
      expect(arrays.columns.data).toBeInstanceOf(Float32Array);
      expect(arrays.bigint.data).toBeInstanceOf(Int32Array);
    },
  );

  it("reads what it writes, bit for bit", async () => {
    const arrays = {
      kernel: { data: new Float64Array([1, -0, 1e-310, 4]), shape: [2, 2] },
      "kernel.attention.q": { data: new Float32Array([0.1]), shape: [1, 1] },
      größe: { data: new Int32Array(0), shape: [0, 3] },
    };
    expect(await readNpz(writeNpz(arrays))).toEqual(arrays);
    expect(await readNpz(writeNpz({}))).toEqual({});
    const wrong = { kernel: { data: new Float64Array(3), shape: [2, 2] } };
    expect(() => writeNpz(wrong)).toThrow(CallError);
  });

  it("names the arrays there are where one is not", async () => {
    const { names, read } = openNpz(bytesOf("one"), "k.npz");
    expect(names).toEqual(["arr_0"]);
    await expect(read("kernel")).rejects.toThrow(/k\.npz: expected an array kernel, got arr_0/);
  });

  it("refuses a sparse matrix, with a way out", () => {
    expect(() => openNpz(bytesOf("sparse"), "s.npz")).toThrow(/s\.npz.*sparse.*toarray/);
    expect(() => openNpz(bytesOf("sparse"))).toThrow(DataError);
  });

  it.each(["savez", "savez_compressed"])(
    "%s: a changed or missing byte is a DataError, never other numbers",
    async (name) => {
      const whole = bytesOf(name);
      const values = await readNpz(whole);
      const same = (arrays: object) => expect(arrays).toEqual(values);
      await fc.assert(
        fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
          const other = whole.slice();
          other[at] ^= change;
          // A date or an attribute may change; a name too.
          const read = await readNpz(other).catch((error) => error);
          if (read instanceof Error) expect(read).toBeInstanceOf(DataError);
          else same(Object.fromEntries(Object.keys(values).map((key, k) => [key, Object.values(read)[k]])));
        }),
        { numRuns: 300 },
      );
      for (let length = 0; length < whole.length; length += 97) {
        await expect(readNpz(whole.subarray(0, length)).then(() => {})).rejects.toThrow(DataError);
      }
    },
  );
});
