import { describe, expect, it } from "vitest";
import * as embedding from "../../../src/model/layers/embedding.ts";
import { createReferenceBackend } from "../../../src/numerics/reference/backend.ts";
import { relativeError } from "../../support/distance.ts";
import { layerPass, randomTensor, randomWeight } from "../../support/layerPass.ts";

const d = 2;
const N = 3;

function setup(copies: number) {
  const backend = createReferenceBackend();
  const pass = layerPass(backend, { lengths: [2, 1], hiddenSize: d, copies });
  pass.packed.ids.set([7, 5, 7]);
  const layer = {
    words: randomWeight(backend, "words", [13, d], 1),
    places: randomWeight(backend, "places", [4, d], 2),
  };
  return { backend, pass, layer };
}

describe("embedding", () => {
  it("adds the rows of both tables, in value and in tangent", async () => {
    const { backend, pass, layer } = setup(1);
    const [words, places] = [await backend.read(layer.words.value), await backend.read(layer.places.value)];
    const expected = [7, 5, 7].flatMap((id, r) =>
      [0, 1].map((f) => words[id * d + f] + places[[0, 1, 0][r] * d + f]),
    );
    expect([...(await backend.read(embedding.forward(pass, layer)))]).toEqual(expected);
    expect(embedding.jvp(pass, layer)).toBeNull();
    pass.tangents["words"] = layer.words.value;
    pass.tangents["places"] = layer.places.value;
    expect([...(await backend.read(embedding.jvp(pass, layer)!))]).toEqual(expected);
  });

  it("taps name token and place of every row", () => {
    const { backend, pass, layer } = setup(2);
    const gradient = randomTensor(backend, [2 * N, d], 3);
    embedding.taps(pass, layer, gradient, null);
    const examples = Int32Array.of(0, 0, 1);
    expect(pass.taps).toMatchObject([
      { kind: "rows", parameter: { name: "words" }, ids: Int32Array.of(7, 5, 7), examples, gradient },
      { kind: "rows", parameter: { name: "places" }, ids: Int32Array.of(0, 1, 0), examples, gradient },
    ]);
  });

  it("one tap holds both uses of a tied table: tokens, then labels, example by example", async () => {
    const copies = 2;
    const { backend, pass, layer } = setup(copies);
    const gradient = randomTensor(backend, [copies * N, d], 3);
    const states = randomTensor(backend, [2, d], 4);
    // Output k in copy k, as for the taps of all outputs.
    const cotangent = backend.upload(Float64Array.of(1, 0, 1, 0, 0, 1, 0, 1), [copies * 2, 2]);
    const use = { labelIds: Int32Array.of(7, 9), states, cotangent };
    embedding.taps(pass, layer, gradient, use);
    const [tap, places] = pass.taps;
    expect(places).toMatchObject({ parameter: { name: "places" }, gradient });
    expect(tap).toMatchObject({
      kind: "rows",
      ids: Int32Array.of(7, 5, 7, 9, 7, 7, 9),
      examples: Int32Array.of(0, 0, 0, 0, 1, 1, 1),
    });
    const [g, s] = [await backend.read(gradient), await backend.read(states)];
    const row = (a: Float32Array | Float64Array, r: number) => [...a.subarray(r * d, (r + 1) * d)];
    const zero = [0, 0];
    expect([...(await backend.read(tap.gradient))]).toEqual([
      // copy 0: the label row of output 0 holds the example's state
      ...[...row(g, 0), ...row(g, 1), ...row(s, 0), ...zero, ...row(g, 2), ...row(s, 1), ...zero],
      ...[...row(g, 3), ...row(g, 4), ...zero, ...row(s, 0), ...row(g, 5), ...zero, ...row(s, 1)],
    ]);
  });

  it("labels alone, for a table that is not the embedding's", async () => {
    const { backend, pass } = setup(1);
    const states = backend.upload(Float64Array.of(1, 2, 3, 4), [2, d]);
    const cotangent = backend.upload(Float64Array.of(10, 100, 1000, 0.5), [2, 2]);
    const parameter = { name: "lm_head.weight", shape: [13, d], group: "head" as const };
    const tap = embedding.wordTap(pass, parameter, null, {
      labelIds: Int32Array.of(3, 4),
      states,
      cotangent,
    });
    expect(tap).toMatchObject({
      parameter,
      ids: Int32Array.of(3, 4, 3, 4),
      examples: Int32Array.of(0, 0, 1, 1),
    });
    expect(relativeError(await backend.read(tap.gradient), [10, 20, 100, 200, 3000, 4000, 1.5, 2])).toBe(0);
  });
});
