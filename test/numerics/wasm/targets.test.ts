import { expect, it } from "vitest";
import { wasmTarget } from "../../../src/numerics/wasm/load.ts";
import { wasmTargets } from "../../../src/numerics/wasm/targets.ts";

it("every target of this engine makes a backend that multiplies, and leaves the default alone", async () => {
  const before = wasmTarget();
  const targets = await wasmTargets();
  const names = targets.map(({ target }) => target);
  expect(names.slice(0, 2)).toEqual(["scalar", "simd"]);
  expect(new Set(names).size).toBe(names.length);
  for (const { create } of targets) {
    const backend = create();
    const a = backend.upload(Float32Array.of(1, 2, 3, 4), [2, 2]);
    expect([...(await backend.read(backend.add(a, a)))]).toEqual([2, 4, 6, 8]);
    backend.dispose();
  }
  expect(wasmTarget()).toBe(before);
});
