/** Against attention written as sums over positions, for every mask. */
import { describe, expect, it } from "vitest";
import * as attention from "../../../src/model/layers/attention.ts";
import { createReferenceBackend } from "../../../src/numerics/reference/backend.ts";
import { dot, relativeError } from "../../support/distance.ts";
import { layerPass, randomArray, randomTensor, single } from "../../support/layerPass.ts";

const lengths = [3, 1, 6];
const [N, heads, e] = [10, 2, 3];
const d = heads * e;

/** out_i = Σ_j softmax_j(α q_i·k_j) v_j over the keys the mask allows. */
function naive(
  q: Float64Array,
  k: Float64Array,
  v: Float64Array,
  sees: (i: number, j: number) => boolean,
  scale: number,
): Float64Array {
  const out = new Float64Array(N * d);
  let offset = 0;
  for (const T of lengths) {
    for (let h = 0; h < heads; h++) {
      const row = (x: Float64Array, t: number) =>
        x.subarray((offset + t) * d + h * e, (offset + t) * d + (h + 1) * e);
      for (let i = 0; i < T; i++) {
        const keys = Array.from({ length: T }, (_, j) => j).filter((j) => sees(i, j));
        const weights = keys.map((j) => Math.exp(scale * dot(row(q, i), row(k, j))));
        const sum = weights.reduce((a, b) => a + b);
        keys.forEach((j, index) => {
          row(v, j).forEach((value, f) => {
            row(out, i)[f] += (weights[index] / sum) * value;
          });
        });
      }
    }
    offset += T;
  }
  return out;
}

const masks = [
  { name: "causal", options: { causal: true, window: 0 }, sees: (i: number, j: number) => j <= i },
  { name: "window of 1", options: { causal: true, window: 1 }, sees: (i: number, j: number) => j === i },
  {
    name: "window of 4",
    options: { causal: true, window: 4 },
    sees: (i: number, j: number) => j <= i && i - j < 4,
  },
  { name: "everything", options: { causal: false, window: 0 }, sees: () => true },
];

describe.each(masks)("attention, $name", ({ options, sees }) => {
  const layer = { scale: 0.7, ...options };
  const [q, k, v] = [1, 2, 3].map((seed) => randomArray(N * d, seed));

  it("is what its definition says", async () => {
    const backend = createReferenceBackend();
    const pass = layerPass(backend, { lengths, hiddenSize: d, heads });
    const up = (x: Float64Array) => backend.upload(x, [N, d]);
    const { output } = attention.forward(pass, layer, up(q), up(k), up(v));
    expect(relativeError(await backend.read(output), naive(q, k, v, sees, 0.7))).toBeLessThan(1e-14);
  });

  it("jvp is the derivative, vjp its transpose, copy by copy", async () => {
    const backend = createReferenceBackend();
    const copies = 3;
    const pass = layerPass(backend, { lengths, hiddenSize: d, heads, copies });
    const up = (x: Float64Array) => backend.upload(x, [N, d]);
    const { saved } = attention.forward(pass, layer, up(q), up(k), up(v));
    const dots = [4, 5, 6].map((seed) => randomArray(N * d, seed));
    const dot3 = { query: up(dots[0]), key: up(dots[1]), value: up(dots[2]) };
    const moved = await backend.read(attention.jvp(single(pass), layer, saved, dot3)!);

    const h = 1e-5;
    const step = (x: Float64Array, y: Float64Array, s: number) => x.map((value, i) => value + s * h * y[i]);
    const at = (s: number) => naive(step(q, dots[0], s), step(k, dots[1], s), step(v, dots[2], s), sees, 0.7);
    const [plus, minus] = [at(1), at(-1)];
    const difference = plus.map((value, i) => (value - minus[i]) / (2 * h));
    expect(relativeError(moved, difference)).toBeLessThan(1e-8);

    const cotangent = randomTensor(backend, [copies * N, d], 7);
    const back = attention.vjp(pass, layer, saved, cotangent);
    const u = await backend.read(cotangent);
    const [dq, dk, dv] = await Promise.all([back.query, back.key, back.value].map((x) => backend.read(x)));
    for (let c = 0; c < copies; c++) {
      const part = (x: Float32Array | Float64Array) => x.subarray(c * N * d, (c + 1) * N * d);
      const left = dot(part(dq), dots[0]) + dot(part(dk), dots[1]) + dot(part(dv), dots[2]);
      expect(left).toBeCloseTo(dot(part(u), moved), 10);
    }
  });

  it("tangents that are zero may be left out", async () => {
    const backend = createReferenceBackend();
    const pass = layerPass(backend, { lengths, hiddenSize: d, heads });
    const up = (x: Float64Array) => backend.upload(x, [N, d]);
    const { saved } = attention.forward(pass, layer, up(q), up(k), up(v));
    const [a, b, c] = [4, 5, 6].map((seed) => randomTensor(backend, [N, d], seed));
    const all = await backend.read(
      attention.jvp(single(pass), layer, saved, { query: a, key: b, value: c })!,
    );
    const parts = await Promise.all(
      [
        { query: a, key: null, value: null },
        { query: null, key: b, value: null },
        { query: null, key: null, value: c },
      ].map((only) => backend.read(attention.jvp(single(pass), layer, saved, only)!)),
    );
    expect(
      relativeError(
        parts[0].map((x, i) => x + parts[1][i] + parts[2][i]),
        all,
      ),
    ).toBeLessThan(1e-13);
    expect(attention.jvp(single(pass), layer, saved, { query: null, key: null, value: null })).toBeNull();
  });
});
