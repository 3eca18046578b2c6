import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CallError, DataError } from "../../src/errors.ts";
import { readNpy, writeNpy } from "../../src/numerics/npy.ts";

/** A file with any header and body, as other writers might make it. */
function npy(header: string, body: Uint8Array, version = 1): Uint8Array {
  const text = new TextEncoder().encode(`${header}\n`);
  const lengthBytes = version === 1 ? 2 : 4;
  const file = new Uint8Array(8 + lengthBytes + text.length + body.length);
  file.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0]);
  const view = new DataView(file.buffer);
  if (version === 1) view.setUint16(8, text.length, true);
  else view.setUint32(8, text.length, true);
  file.set(text, 8 + lengthBytes);
  file.set(body, 8 + lengthBytes + text.length);
  return file;
}
const raw = (data: ArrayBufferView) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
const header = (descr: string, shape: string, fortran = "False") =>
  `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }`;

describe("npy", () => {
  it.each([
    [new Float64Array([1.5, -0, Number.POSITIVE_INFINITY, 1e-310, 5, 6]), [2, 3]],
    [new Float32Array([1, 2, 3, 4]), [4]],
    [new Int32Array([-1, 2 ** 31 - 1]), [1, 2, 1]],
    [new Uint8Array([0, 255]), [2]],
    [new Float64Array([Math.PI]), []],
    [new Float64Array(0), [0, 3]],
  ])("reads what it writes: %o of shape %j", (data, shape) => {
    const file = writeNpy(data, shape);
    expect(readNpy(file)).toEqual({ data, shape });
    expect((file.length - data.byteLength) % 64).toBe(0);
    // From any offset in memory.
    expect(readNpy(new Uint8Array([0, ...file]).subarray(1))).toEqual({ data, shape });
  });

  it("writes a view, not the buffer behind it, and refuses a wrong shape", () => {
    expect(readNpy(writeNpy(new Float64Array([1, 2, 3, 4]).subarray(1, 3), [2])).data).toEqual(
      new Float64Array([2, 3]),
    );
    expect(() => writeNpy(new Float64Array(4), [3])).toThrow(CallError);
  });

  it.each([1, 2, 3])("reads version %i, whatever the order of keys and the spaces", (version) => {
    const file = npy(
      "{'shape':(2 , 1),'fortran_order' :False,  'descr': '<f4'}",
      raw(new Float32Array([1, 2])),
      version,
    );
    expect(readNpy(file)).toEqual({ data: new Float32Array([1, 2]), shape: [2, 1] });
  });

  it("turns column-major files into row-major arrays", () => {
    // a[i][j] = 10 i + j, (2 × 3), columns one after the other.
    const columns = raw(new Float64Array([0, 10, 1, 11, 2, 12]));
    expect(readNpy(npy(header("<f8", "(2, 3)", "True"), columns)).data).toEqual(
      new Float64Array([0, 1, 2, 10, 11, 12]),
    );
    // a[i][j][k] = 100 i + 10 j + k, (2 × 2 × 3).
    const values: number[] = [];
    for (let k = 0; k < 3; k++)
      for (let j = 0; j < 2; j++) for (let i = 0; i < 2; i++) values.push(100 * i + 10 * j + k);
    expect(readNpy(npy(header("<f8", "(2, 2, 3)", "True"), raw(new Float64Array(values)))).data).toEqual(
      new Float64Array([0, 1, 2, 10, 11, 12, 100, 101, 102, 110, 111, 112]),
    );
  });

  it("reads int64 as float64, exactly or not at all, and bool as 0 and 1", () => {
    const file = npy(header("<i8", "(2,)"), raw(new BigInt64Array([-7n, 2n ** 53n - 1n])));
    expect(readNpy(file).data).toEqual(new Float64Array([-7, 2 ** 53 - 1]));
    const large = npy(header("<i8", "(1,)"), raw(new BigInt64Array([2n ** 53n + 1n])));
    expect(() => readNpy(large)).toThrow(/9007199254740993/);
    expect(readNpy(npy(header("|b1", "(2,)"), new Uint8Array([1, 0]))).data).toEqual(new Uint8Array([1, 0]));
    expect(readNpy(npy(header("<u1", "(1,)"), new Uint8Array([9]))).data).toEqual(new Uint8Array([9]));
  });

  it.each([
    [npy(header(">f2", "(1,)"), new Uint8Array(2)), /kind .*got >f2/],
    [npy(header("|O", "(1,)"), new Uint8Array(8)), /got \|O/],
    [npy(header("<c16", "(1,)"), new Uint8Array(16)), /got <c16/],
    [
      npy("{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1,)}", new Uint8Array(8)),
      /structured/,
    ],
    [npy(header("<f8", "(3,)"), new Uint8Array(16)), /expected 24 bytes .* got 16/],
    [npy(header("<f8", "(99999999, 99999999, 99999999)"), new Uint8Array(16)), /got 16/],
    [npy("{'descr': '<f8', 'fortran_order': False}", new Uint8Array(0)), /expected a header/],
    [npy(header("<f8", "(1,)"), new Uint8Array(8), 4), /version 1, 2 or 3, got 4/],
    [npy(header("<f8", "(1,)"), new Uint8Array(8)).slice(0, 40), /cut short in its header/],
    [npy(header("<f8", "(1,)"), new Uint8Array(8), 2).slice(0, 11), /cut short in its header/],
    [new TextEncoder().encode("text,label\na,b\n"), /do not begin as one/],
  ])("refuses bad file %#", (file, reason) => {
    expect(() => readNpy(file, "k.npy")).toThrow(DataError);
    expect(() => readNpy(file, "k.npy")).toThrow(reason);
    expect(() => readNpy(file, "k.npy")).toThrow(/^k.npy: /);
  });
});

const linalg = join(import.meta.dirname, "../../../shared/reference/linalg");
if (!existsSync(linalg)) console.warn(`npy.test.ts: ${linalg} is not there: files of NumPy are not read`);
describe.skipIf(!existsSync(linalg))("files that NumPy wrote", () => {
  const read = (file: string) => readNpy(readFileSync(join(linalg, file)), file);

  it("reads every file of the linear algebra reference, and writes the same bytes of numbers", () => {
    const files = readdirSync(linalg).filter((file) => file.endsWith(".npy"));
    expect(files.length).toBeGreaterThan(40);
    for (const file of files) {
      const { data, shape } = read(file);
      expect(readNpy(writeNpy(data, shape))).toEqual({ data, shape });
      expect(data.every(Number.isFinite)).toBe(true);
    }
  });

  it("holds their numbers: A·B of the reference, entry by entry", () => {
    const [a, b, ab] = ["matmul.a.npy", "matmul.b.npy", "matmul.ab.npy"].map(read);
    expect([a.shape, b.shape, ab.shape]).toEqual([
      [37, 53],
      [53, 29],
      [37, 29],
    ]);
    expect(a.data).toBeInstanceOf(Float32Array);
    for (let i = 0; i < 37; i++) {
      for (let j = 0; j < 29; j++) {
        let sum = 0;
        for (let k = 0; k < 53; k++) sum += a.data[i * 53 + k] * b.data[k * 29 + j];
        expect(Math.abs(sum - ab.data[i * 29 + j])).toBeLessThan(1e-13);
      }
    }
  });
});
