import { describe, expect, it } from "vitest";
import * as mlp from "../../../src/model/layers/mlp.ts";
import { createReferenceBackend } from "../../../src/numerics/reference/backend.ts";
import { dot, relativeError } from "../../support/distance.ts";
import { layerPass, randomArray, randomTensor, randomWeight, single } from "../../support/layerPass.ts";

const [N, d, inner] = [3, 2, 5];

function setup(copies = 1) {
  const backend = createReferenceBackend();
  const pass = layerPass(backend, { lengths: [2, 1], hiddenSize: d, copies });
  const dense = (name: string, out: number, into: number, seed: number) => ({
    weight: randomWeight(backend, `${name}.weight`, [out, into], seed),
    bias: randomWeight(backend, `${name}.bias`, [out], seed + 1),
  });
  const layer: mlp.MlpLayer = {
    up: dense("up", inner, d, 1),
    down: dense("down", d, inner, 3),
    activation: "gelu_new",
  };
  return { backend, pass, layer, x: randomTensor(backend, [N, d], 5) };
}

/** down·gelu(up·x + b) + b, one row at a time; gelu by its formula. */
function naive(x: Float64Array): Float64Array {
  const [up, upBias, down, downBias] = [
    randomArray(inner * d, 1),
    randomArray(inner, 2),
    randomArray(d * inner, 3),
    randomArray(d, 4),
  ];
  const gelu = (u: number) => 0.5 * u * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (u + 0.044715 * u ** 3)));
  const out: number[] = [];
  for (let r = 0; r < N; r++) {
    const row = x.subarray(r * d, (r + 1) * d);
    const hidden = Array.from({ length: inner }, (_, j) =>
      gelu(dot(up.subarray(j * d, (j + 1) * d), row) + upBias[j]),
    );
    for (let f = 0; f < d; f++)
      out.push(dot(down.subarray(f * inner, (f + 1) * inner), hidden) + downBias[f]);
  }
  return Float64Array.from(out);
}

describe("mlp", () => {
  it("is what its definition says", async () => {
    const { backend, pass, layer, x } = setup();
    const { output } = mlp.forward(pass, layer, x);
    expect(relativeError(await backend.read(output), naive(randomArray(N * d, 5)))).toBeLessThan(1e-14);
  });

  it("jvp is the derivative, vjp its transpose, copy by copy", async () => {
    const copies = 2;
    const { backend, pass, layer, x } = setup(copies);
    const { saved } = mlp.forward(pass, layer, x);
    const xDot = randomArray(N * d, 6);
    const moved = await backend.read(mlp.jvp(single(pass), layer, saved, backend.upload(xDot, [N, d]))!);
    const h = 1e-5;
    const at = (s: number) => naive(randomArray(N * d, 5).map((value, i) => value + s * h * xDot[i]));
    const [plus, minus] = [at(1), at(-1)];
    expect(
      relativeError(
        moved,
        plus.map((value, i) => (value - minus[i]) / (2 * h)),
      ),
    ).toBeLessThan(1e-8);

    const u = randomArray(copies * N * d, 7);
    const dx = await backend.read(mlp.vjp(pass, layer, saved, backend.upload(u, [copies * N, d]), true)!);
    for (let c = 0; c < copies; c++) {
      const part = (a: Float32Array | Float64Array) => a.subarray(c * N * d, (c + 1) * N * d);
      expect(dot(part(dx), xDot)).toBeCloseTo(dot(part(u), moved), 11);
    }
    expect(pass.taps.map((tap) => tap.parameter.name)).toEqual([
      "down.weight",
      "down.bias",
      "up.weight",
      "up.bias",
    ]);
  });

  it("stops where nothing below is wanted", () => {
    const { backend, pass, layer, x } = setup();
    const { saved } = mlp.forward(pass, layer, x);
    const d1 = randomTensor(backend, [N, d], 8);
    const down = { ...pass, wants: ({ name }: { name: string }) => name.startsWith("down") };
    expect(mlp.vjp(down, layer, saved, d1, false)).toBeNull();
    expect(pass.taps.map((tap) => tap.parameter.name)).toEqual(["down.weight", "down.bias"]);
  });
});
