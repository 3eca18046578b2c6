import { expect, it } from "vitest";
import * as pooling from "../../../src/model/layers/pool.ts";
import { createReferenceBackend } from "../../../src/numerics/reference/backend.ts";
import { layerPass } from "../../support/layerPass.ts";

// Texts of 2 and 3 rows.
it.each([
  ["mean", [1.5, 4], [5, 5, 20 / 3, 20 / 3, 20 / 3]],
  ["last", [2, 5], [0, 10, 0, 0, 20]],
  ["first", [1, 3], [10, 0, 20, 0, 0]],
] as const)("%s", async (pool, pooled, spread) => {
  const backend = createReferenceBackend();
  const pass = layerPass(backend, { lengths: [2, 3], hiddenSize: 1 });
  const x = backend.upload(Float64Array.of(1, 2, 3, 4, 5), [5, 1]);
  const forward = await backend.read(pooling.forward(pass, pool, x));
  pooled.forEach((value, i) => {
    expect(forward[i]).toBeCloseTo(value, 14);
  });
  const back = await backend.read(pooling.vjp(pass, pool, backend.upload(Float64Array.of(10, 20), [2, 1])));
  spread.forEach((value, r) => {
    expect(back[r]).toBeCloseTo(value, 14);
  });
});
