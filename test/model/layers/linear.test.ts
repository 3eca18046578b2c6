import { describe, expect, it } from "vitest";
import * as linear from "../../../src/model/layers/linear.ts";
import { createReferenceBackend } from "../../../src/numerics/reference/backend.ts";
import { dot } from "../../support/distance.ts";
import { layerPass, randomTensor, randomWeight } from "../../support/layerPass.ts";

// x = (1 2; 3 4; 5 6), W = (1 0; 0 1; 1 1), b = (10 20 30): texts of 2 and 1 rows.
function small(withBias = true) {
  const backend = createReferenceBackend();
  const pass = layerPass(backend, { lengths: [2, 1], hiddenSize: 2 });
  const x = backend.upload(Float64Array.of(1, 2, 3, 4, 5, 6), [3, 2]);
  const weight = randomWeight(backend, "weight", [3, 2], 1);
  const bias = randomWeight(backend, "bias", [3], 2);
  weight.value = backend.upload(Float64Array.of(1, 0, 0, 1, 1, 1), [3, 2]);
  bias.value = backend.upload(Float64Array.of(10, 20, 30), [3]);
  return { backend, pass, x, layer: withBias ? { weight, bias } : { weight } };
}

describe("linear", () => {
  it("y = x·Wᵀ + b", async () => {
    const { backend, pass, x, layer } = small();
    expect([...(await backend.read(linear.forward(pass, layer, x)))]).toEqual([
      11, 22, 33, 13, 24, 37, 15, 26, 41,
    ]);
    const bare = small(false);
    const y = await bare.backend.read(linear.forward(bare.pass, bare.layer, bare.x));
    expect([...y]).toEqual([1, 2, 3, 3, 4, 7, 5, 6, 11]);
  });

  it("dx = dy·W; taps are the pairs (x, dy) and the sums of dy over each text", async () => {
    const { backend, pass, x, layer } = small();
    const d = backend.upload(Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9), [3, 3]);
    expect([...(await backend.read(linear.vjp(pass, layer, d)))]).toEqual([4, 5, 10, 11, 16, 17]);
    linear.taps(pass, layer, x, d);
    expect(pass.taps).toMatchObject([
      { kind: "linear", parameter: { name: "weight" } },
      { kind: "vector", parameter: { name: "bias" } },
    ]);
    expect(pass.taps[0]).toMatchObject({ input: x, gradient: d });
    expect([...(await backend.read(pass.taps[1].gradient))]).toEqual([5, 7, 9, 7, 8, 9]);
  });

  it("only wanted parameters give taps", () => {
    const { backend, pass, x, layer } = small();
    const only = { ...pass, wants: () => false };
    linear.taps(only, layer, x, backend.zeros([3, 3]));
    expect(pass.taps).toEqual([]);
  });

  it("ẏ = ẋ·Wᵀ + x·Ẇᵀ + ḃ, each part alone, and null for none", async () => {
    const { backend, pass, x, layer } = small();
    expect(linear.jvp(pass, layer, x, null)).toBeNull();
    const xDot = randomTensor(backend, [3, 2], 3);
    const parts = { x: linear.jvp(pass, layer, x, xDot)!, weight: x, bias: x };
    pass.tangents["weight"] = randomTensor(backend, [3, 2], 4);
    parts.weight = linear.jvp(pass, layer, x, null)!;
    pass.tangents["bias"] = randomTensor(backend, [3], 5);
    const together = await backend.read(linear.jvp(pass, layer, x, xDot)!);
    delete pass.tangents["weight"];
    parts.bias = linear.jvp(pass, layer, x, null)!;
    const sum = backend.add(backend.add(parts.x, parts.weight), parts.bias);
    (await backend.read(sum)).forEach((value, i) => {
      expect(together[i]).toBeCloseTo(value, 13);
    });
    const u = randomTensor(backend, [3, 3], 6);
    const back = await backend.read(linear.vjp(pass, layer, u));
    expect(dot(back, await backend.read(xDot))).toBeCloseTo(
      dot(await backend.read(u), await backend.read(parts.x)),
      12,
    );
  });
});
