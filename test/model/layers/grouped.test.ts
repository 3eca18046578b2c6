/** Queries in groups that share keys and values (Ainslie et al. 2023), and the gated MLP (Shazeer 2020): by sums, differences, adjoints. */
import { describe, expect, it } from "vitest";
import * as attention from "../../../src/model/layers/attention.ts";
import * as mlp from "../../../src/model/layers/mlp.ts";
import { createReferenceBackend } from "../../../src/numerics/reference/backend.ts";
import { dot, relativeError } from "../../support/distance.ts";
import { layerPass, randomArray, randomWeight, single } from "../../support/layerPass.ts";

const H = 1e-5;
const step = (x: Float64Array, y: Float64Array, s: number) => x.map((value, i) => value + s * H * y[i]);
const slope = (at: (s: number) => Float64Array) => {
  const [plus, minus] = [at(1), at(-1)];
  return plus.map((value, i) => (value - minus[i]) / (2 * H));
};

describe.each([
  [4, 2],
  [4, 1],
  [6, 3],
])("attention, %i query heads on %i of keys", (heads, keyHeads) => {
  const lengths = [3, 1, 5];
  const N = 9;
  const e = 2;
  const [width, keyWidth] = [heads * e, keyHeads * e];
  const layer = { scale: 0.6, causal: true, window: 0 };

  /** out_i = Σ_{j≤i} softmax_j(α q_i·k_j) v_j, head h with the keys of ⌊h·keyHeads/heads⌋. */
  function naive(q: Float64Array, k: Float64Array, v: Float64Array): Float64Array {
    const out = new Float64Array(N * width);
    let first = 0;
    for (const T of lengths) {
      for (let h = 0; h < heads; h++) {
        const g = Math.floor((h * keyHeads) / heads);
        const query = (i: number) => (first + i) * width + h * e;
        const key = (j: number) => (first + j) * keyWidth + g * e;
        for (let i = 0; i < T; i++) {
          const weights = Array.from({ length: i + 1 }, (_, j) =>
            Math.exp(0.6 * dot(q.subarray(query(i), query(i) + e), k.subarray(key(j), key(j) + e))),
          );
          const sum = weights.reduce((a, b) => a + b);
          weights.forEach((weight, j) => {
            for (let f = 0; f < e; f++) out[query(i) + f] += (weight / sum) * v[key(j) + f];
          });
        }
      }
      first += T;
    }
    return out;
  }

  const sizes = [N * width, N * keyWidth, N * keyWidth];
  const [q, k, v] = sizes.map((size, i) => randomArray(size, 1 + i));
  const [qDot, kDot, vDot] = sizes.map((size, i) => randomArray(size, 4 + i));

  function setup(copies: number) {
    const backend = createReferenceBackend();
    const pass = layerPass(backend, { lengths, hiddenSize: width, heads, keyHeads, copies });
    const up = (x: Float64Array, columns: number) => backend.upload(x, [x.length / columns, columns]);
    const made = attention.forward(pass, layer, up(q, width), up(k, keyWidth), up(v, keyWidth));
    return { backend, pass, up, ...made };
  }

  it("is what its definition says", async () => {
    const { backend, output } = setup(1);
    expect(relativeError(await backend.read(output), naive(q, k, v))).toBeLessThan(1e-14);
  });

  it("jvp is the derivative, vjp its transpose, copy by copy", async () => {
    const copies = 2;
    const { backend, pass, up, saved } = setup(copies);
    const dots = { query: up(qDot, width), key: up(kDot, keyWidth), value: up(vDot, keyWidth) };
    const moved = await backend.read(attention.jvp(single(pass), layer, saved, dots)!);
    const expected = slope((s) => naive(step(q, qDot, s), step(k, kDot, s), step(v, vDot, s)));
    expect(relativeError(moved, expected)).toBeLessThan(1e-8);

    const u = randomArray(copies * N * width, 7);
    const back = attention.vjp(pass, layer, saved, up(u, width));
    const [dq, dk, dv] = await Promise.all([back.query, back.key, back.value].map((x) => backend.read(x)));
    for (let c = 0; c < copies; c++) {
      const part = (x: Float32Array | Float64Array) =>
        x.subarray((c * x.length) / copies, ((c + 1) * x.length) / copies);
      const along = dot(part(dq), qDot) + dot(part(dk), kDot) + dot(part(dv), vDot);
      expect(along).toBeCloseTo(dot(part(u), moved), 10);
    }
  });
});

describe("gated mlp", () => {
  const [N, d, inner] = [3, 2, 5];
  const shapes = { gate: [inner, d], up: [inner, d], down: [d, inner] } as const;
  type Part = keyof typeof shapes;
  const parts = Object.keys(shapes) as Part[];
  const names = parts.flatMap((part) => [`${part}.weight`, `${part}.bias`]);
  const values = Object.fromEntries(
    names.map((name, i) => {
      const [out, into] = shapes[name.split(".")[0] as Part];
      return [name, randomArray(name.endsWith("bias") ? out : out * into, 1 + i)];
    }),
  );
  const dots = Object.fromEntries(names.map((name, i) => [name, randomArray(values[name].length, 11 + i)]));
  const [x, xDot] = [randomArray(N * d, 21), randomArray(N * d, 22)];

  /** down(silu(gate x)∘(up x)), one row at a time. */
  function naive(x: Float64Array, w: Record<string, Float64Array>): Float64Array {
    const apply = (part: Part, row: Float64Array) => {
      const [out, into] = shapes[part];
      return Float64Array.from(
        { length: out },
        (_, o) => dot(w[`${part}.weight`].subarray(o * into, (o + 1) * into), row) + w[`${part}.bias`][o],
      );
    };
    const rows = Array.from({ length: N }, (_, r) => {
      const row = x.subarray(r * d, (r + 1) * d);
      const u = apply("up", row);
      return [
        ...apply(
          "down",
          apply("gate", row).map((g, j) => (g / (1 + Math.exp(-g))) * u[j]),
        ),
      ];
    });
    return Float64Array.from(rows.flat());
  }

  function setup(copies: number) {
    const backend = createReferenceBackend();
    const pass = layerPass(backend, { lengths: [2, 1], hiddenSize: d, copies });
    const weight = (name: string, shape: readonly number[]) =>
      randomWeight(backend, name, [...shape], 1 + names.indexOf(name));
    const dense = (part: Part) => ({
      weight: weight(`${part}.weight`, shapes[part]),
      bias: weight(`${part}.bias`, [shapes[part][0]]),
    });
    const layer: mlp.MlpLayer = {
      gate: dense("gate"),
      up: dense("up"),
      down: dense("down"),
      activation: "silu",
    };
    const made = mlp.forward(pass, layer, backend.upload(x, [N, d]));
    return { backend, pass, layer, ...made };
  }

  it("is what its definition says", async () => {
    const { backend, output } = setup(1);
    expect(relativeError(await backend.read(output), naive(x, values))).toBeLessThan(1e-14);
  });

  it("jvp is the derivative in the input and in every parameter, vjp its transpose", async () => {
    const copies = 2;
    const { backend, pass, layer, saved } = setup(copies);
    for (const { weight, bias } of [layer.gate!, layer.up, layer.down]) {
      for (const { parameter } of [weight, bias!]) {
        pass.tangents[parameter.name] = backend.upload(dots[parameter.name], parameter.shape);
      }
    }
    const moved = await backend.read(mlp.jvp(single(pass), layer, saved, backend.upload(xDot, [N, d]))!);
    const at = (s: number) =>
      naive(
        step(x, xDot, s),
        Object.fromEntries(names.map((name) => [name, step(values[name], dots[name], s)])),
      );
    expect(relativeError(moved, slope(at))).toBeLessThan(1e-8);

    // The input's own share of the derivative is what the vjp sends down.
    for (const name of names) delete pass.tangents[name];
    const alone = await backend.read(mlp.jvp(single(pass), layer, saved, backend.upload(xDot, [N, d]))!);
    const u = randomArray(copies * N * d, 23);
    const dx = await backend.read(mlp.vjp(pass, layer, saved, backend.upload(u, [copies * N, d]), true)!);
    for (let c = 0; c < copies; c++) {
      const part = (a: Float32Array | Float64Array) => a.subarray(c * N * d, (c + 1) * N * d);
      expect(dot(part(dx), xDot)).toBeCloseTo(dot(part(u), alone), 11);
    }
    expect(pass.taps.map((tap) => tap.parameter.name).sort()).toEqual([...names].sort());
  });
});
