/** The targets differ in speed only: every operation gives the same bits in all of them. And how good their e^x is. */
import { describe, expect, it } from "vitest";
import type { Backend, DeviceTensor } from "../../../src/numerics/backend.ts";
import { gaussian, SIDES, wasmRows } from "../../support/backendTable.ts";

const [simd, ...others] = wasmRows;

async function read(backend: Backend, tensors: DeviceTensor[]) {
  return Promise.all(tensors.map((tensor) => backend.read(tensor)));
}

/** Every operation once, on rows of n. */
function everything(backend: Backend, n: number): DeviceTensor[] {
  const R = 11;
  const x = backend.upload(gaussian(R * n, 1), [R, n]);
  const y = backend.upload(gaussian(R * n, 2), [R, n]);
  const row = backend.upload(gaussian(n, 3), [n]);
  const ids = backend.upload(Int32Array.of(3, 3, 0, 10), [4]);
  const scores = { table: Int32Array.of(0, R, n), causal: false, window: 0 };
  const segments = { rows: R, table: Int32Array.of(0, 4, 4, 11), scale: Float64Array.of(1 / 3, 0.7) };
  const p = backend.softmax(x, scores);
  const { normalized, inverse } = backend.normalize(x, { epsilon: 1e-5, centred: true });
  const table = Int32Array.of(0, n, 0, n, 0, R, R, n, R, 0, n, 0, n, 0, R, 4, n, 5);
  const target = backend.zeros([R, n]);
  backend.scatterAddRowsInto(target, ids, backend.gatherRows(x, ids));
  backend.addInto(target, y, 0.3);
  const half = Math.max(n, 1);
  const pairs = backend.upload(gaussian(R * 4 * half, 4), [R, 4 * half]);
  const angles = [5, 6].map((seed) => backend.upload(gaussian(R * half, seed), [R, half]));
  return [
    backend.rotate(pairs, angles[0], angles[1], { inverse: true }),
    backend.matmul(x, y, { transposeA: true, bias: row }),
    backend.matmul(x, y, { transposeB: true }),
    backend.groupedMatmul(x, y, { table }, [R, R], { transposeB: true, alpha: 0.2 }),
    p,
    backend.softmaxTangent(p, y, scores),
    normalized,
    inverse,
    backend.normalizeTangent(normalized, inverse, y, { centred: true }),
    ...(["gelu_new", "gelu", "silu", "tanh", "relu"] as const).flatMap((kind) => [
      backend.activation(x, kind),
      backend.activationSlope(x, kind),
    ]),
    backend.add(x, row, 0.1),
    backend.multiply(x, row),
    target,
    backend.segmentSum(x, segments),
    backend.segmentSpread(backend.segmentSum(y, segments), segments),
    backend.sumRows(x),
  ];
}

describe.each(others)("$name", ({ create }) => {
  it.each(SIDES)("has the bits of simd, rows of %i", async (n) => {
    const [one, two] = [simd.create(), create()];
    expect(await read(two, everything(two, n))).toEqual(await read(one, everything(one, n)));
  });

  it("has the bits of simd in Gram sums past a panel", async () => {
    const sums = await Promise.all(
      [simd.create(), create()].map((backend) => {
        const accumulator = backend.accumulator(13, 13);
        backend.gramInto(accumulator, backend.upload(gaussian(13 * 700, 4), [13, 700]), null);
        return backend.readAccumulator(accumulator);
      }),
    );
    expect(sums[1]).toEqual(sums[0]);
  });
});

it.each(wasmRows)(
  "$name: e^x within 1 unit in the last place, down to the smallest normal number",
  async ({ create }) => {
    // softmax of (0, −x): e^−x/(1 + e^−x); for x > 17 the sum is 1 to the last bit, and what is left is e^−x
    const backend = create();
    const points = Array.from({ length: 6980 }, (_, i) => Math.fround(-17.5 - i * 0.01));
    const scores = Float32Array.from(points.flatMap((x) => [0, x]));
    const table = Int32Array.from(points.flatMap((_, i) => [2 * i, 1, 2]));
    const groups = { table, causal: false, window: 0 };
    const out = await backend.read(backend.softmax(backend.upload(scores, [scores.length]), groups));
    const units = points.map(
      (x, i) => Math.abs(out[2 * i + 1] - Math.exp(x)) / (2 ** -23 * 2 ** Math.floor(Math.log2(Math.exp(x)))),
    );
    expect(Math.max(...units)).toBeLessThan(1);
  },
);
