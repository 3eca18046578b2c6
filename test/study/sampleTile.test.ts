import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { modelFromRecipe } from "../../src/model/index.ts";
import type { Backend } from "../../src/numerics/backend.ts";
import { createReferenceBackend } from "../../src/numerics/reference/backend.ts";
import { createWasmBackend } from "../../src/numerics/wasm/backend.ts";
import { checkSampleTile } from "../../src/study/sampleTile.ts";
import { randomBatch, tinyRecipe } from "../support/tinyGptNeo.ts";

let backend: Backend;
beforeEach(() => {
  backend = createWasmBackend();
});
afterEach(() => backend.dispose());
const check = (changes: Partial<Backend> = {}, on = backend) =>
  checkSampleTile(
    modelFromRecipe(tinyRecipe(), { ...on, ...changes }).readout({
      kind: "head",
      outputs: 2,
      init: "gaussian",
      pool: "mean",
    }),
    randomBatch([5, 3, 9]),
  );

describe("a sample tile", () => {
  it("agrees with itself and with float64", async () => {
    expect(await check()).toBeNull();
    expect(await check({}, createReferenceBackend())).toBeNull();
  });

  it("names the operation that is off", async () => {
    const { softmax, add } = backend;
    const wrong = await check({ softmax: (scores, groups) => softmax(add(scores, scores, 0.1), groups) });
    expect(wrong).toMatch(
      /^kernel of 2 texts off by \S+, f₀ off by \S+ \(wrong alone: softmax off by \S+\)$/,
    );
  });

  it("does not take what is no number for agreement", async () => {
    const { matmul, add } = backend;
    const wrong = await check({
      matmul: (a, b, options) => add(matmul(a, b, options), backend.upload(Float32Array.of(Number.NaN), [1])),
    });
    expect(wrong).toMatch(
      /^kernel: expected finite numbers, got NaN .* \(wrong alone: matmul is no number\)$/,
    );
  });

  it("says so where every operation alone agrees", async () => {
    const { matmul, add } = backend;
    // Wrong in the network's shapes alone.
    const wrong = await check({
      matmul: (a, b, options) => {
        const product = matmul(a, b, options);
        return product.shape[1] === 12 ? add(product, product, 0.1) : product;
      },
    });
    expect(wrong).toMatch(/each operation alone agrees on a small sample\)$/);
  });
});
