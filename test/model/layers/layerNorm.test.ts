import { describe, expect, it } from "vitest";
import * as layerNorm from "../../../src/model/layers/layerNorm.ts";
import { createReferenceBackend } from "../../../src/numerics/reference/backend.ts";
import { dot, relativeError } from "../../support/distance.ts";
import { layerPass, randomArray, randomTensor, randomWeight } from "../../support/layerPass.ts";

const [N, d, epsilon] = [4, 5, 1e-3];

function naive(x: Float64Array, weight: Float64Array, bias: Float64Array): Float64Array {
  const out = new Float64Array(N * d);
  for (let r = 0; r < N; r++) {
    const row = x.subarray(r * d, (r + 1) * d);
    const mean = row.reduce((a, b) => a + b) / d;
    const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / d;
    row.forEach((value, f) => {
      out[r * d + f] = (weight[f] * (value - mean)) / Math.sqrt(variance + epsilon) + bias[f];
    });
  }
  return out;
}

function setup(copies: number) {
  const backend = createReferenceBackend();
  const pass = layerPass(backend, { lengths: [3, 1], hiddenSize: d, copies });
  const layer = {
    weight: randomWeight(backend, "weight", [d], 1),
    bias: randomWeight(backend, "bias", [d], 2),
    epsilon,
  };
  return { backend, pass, layer, x: randomTensor(backend, [N, d], 3) };
}
const [x, weight, bias] = [randomArray(N * d, 3), randomArray(d, 1), randomArray(d, 2)];

describe("layerNorm", () => {
  it("is what its definition says", async () => {
    const { backend, pass, layer, x: input } = setup(1);
    const { output } = layerNorm.forward(pass, layer, input);
    expect(relativeError(await backend.read(output), naive(x, weight, bias))).toBeLessThan(1e-14);
  });

  it("jvp is the derivative in x, γ and β; vjp and taps its transpose, copy by copy", async () => {
    const copies = 2;
    const { backend, pass, layer, x: input } = setup(copies);
    const { saved } = layerNorm.forward(pass, layer, input);
    expect(layerNorm.jvp(pass, layer, saved, null)).toBeNull();
    const [xDot, weightDot, biasDot] = [randomArray(N * d, 4), randomArray(d, 5), randomArray(d, 6)];
    pass.tangents["weight"] = backend.upload(weightDot, [d]);
    pass.tangents["bias"] = backend.upload(biasDot, [d]);
    const moved = await backend.read(layerNorm.jvp(pass, layer, saved, backend.upload(xDot, [N, d]))!);
    const h = 1e-5;
    const step = (a: Float64Array, b: Float64Array, s: number) => a.map((value, i) => value + s * h * b[i]);
    const at = (s: number) => naive(step(x, xDot, s), step(weight, weightDot, s), step(bias, biasDot, s));
    const [plus, minus] = [at(1), at(-1)];
    expect(
      relativeError(
        moved,
        plus.map((value, i) => (value - minus[i]) / (2 * h)),
      ),
    ).toBeLessThan(1e-8);

    const u = randomArray(copies * N * d, 7);
    const cotangent = backend.upload(u, [copies * N, d]);
    const dx = await backend.read(layerNorm.vjp(pass, layer, saved, cotangent));
    layerNorm.taps(pass, layer, saved, cotangent);
    const [dWeight, dBias] = await Promise.all(pass.taps.map((tap) => backend.read(tap.gradient)));
    for (let c = 0; c < copies; c++) {
      const rows = (a: Float32Array | Float64Array) => a.subarray(c * N * d, (c + 1) * N * d);
      // Gradients of the two texts, added up.
      const vector = (a: Float32Array | Float64Array) =>
        Float64Array.from({ length: d }, (_, f) => a[2 * c * d + f] + a[(2 * c + 1) * d + f]);
      const left = dot(rows(dx), xDot) + dot(vector(dWeight), weightDot) + dot(vector(dBias), biasDot);
      expect(left).toBeCloseTo(dot(rows(u), moved), 11);
    }
  });
});
